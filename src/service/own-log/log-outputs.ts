import { closeSync, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { CollectorError, errorText } from "../../errors/index.ts";

/** Writes a text. `done` is told whether it was written, where that shows later or by no error. */
export type WriteText = (text: string, done?: (error?: Error | null) => void) => void;

/** The process's own streams. */
export interface StandardStreams {
  readonly out: WriteText;
  readonly err: WriteText;
}

export interface LogOutputsOptions {
  readonly paths: readonly string[];
  readonly errorPaths: readonly string[];
  readonly streams: StandardStreams;
  /** What relative paths start from. */
  readonly cwd: string;
  /** A line could not be written to the output of this name. */
  readonly onLost: (output: string) => void;
}

interface Output {
  /** As it is named in the configuration. */
  readonly name: string;
  readonly write: WriteText;
}

/** Where the lines of the log go. */
export class LogOutputs {
  readonly #files: number[] = [];
  readonly #outputs: readonly Output[];
  readonly #errorOutputs: readonly Output[];
  readonly #onLost: (output: string) => void;
  /** A full disk is reported once, not with each line. */
  readonly #failing = new Set<Output>();

  /** @throws CollectorError COMPONENT_START when a file cannot be opened */
  constructor({ paths, errorPaths, streams, cwd, onLost }: LogOutputsOptions) {
    this.#onLost = onLost;
    try {
      this.#outputs = paths.map((path) => this.#open(path, streams, cwd));
      this.#errorOutputs = errorPaths.map((path) => this.#open(path, streams, cwd));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** One that fails does not keep the line from the others. */
  write(line: string): void {
    for (const output of this.#outputs) {
      try {
        output.write(line, (error) => this.#settled(output, error ?? undefined));
      } catch (error) {
        this.#settled(output, error);
      }
    }
  }

  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }

  #settled(output: Output, error: unknown): void {
    if (error === undefined) {
      this.#failing.delete(output);
      return;
    }
    this.#onLost(output.name);
    if (this.#failing.has(output)) return;
    this.#failing.add(output);
    this.#complain(`cannot write to the log: ${errorText(error)}\n`);
  }

  #complain(text: string): void {
    for (const { write } of this.#errorOutputs) {
      try {
        write(text);
      } catch {
        // There is nobody left to tell.
      }
    }
  }

  #open(path: string, { out, err }: StandardStreams, cwd: string): Output {
    if (path === "stdout") return { name: path, write: out };
    if (path === "stderr") return { name: path, write: err };
    try {
      const file = openSync(resolve(cwd, path), "a");
      this.#files.push(file);
      const write: WriteText = (text, done) => {
        writeSync(file, text);
        done?.();
      };
      return { name: path, write };
    } catch (cause) {
      const message = `cannot open the log file ${JSON.stringify(path)}`;
      throw new CollectorError("COMPONENT_START", message, { cause });
    }
  }
}
