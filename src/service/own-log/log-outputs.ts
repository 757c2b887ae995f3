import { closeSync, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { CollectorError, errorText } from "../../errors/index.ts";

/** The process's own streams. */
export interface StandardStreams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface LogOutputsOptions {
  readonly paths: readonly string[];
  readonly errorPaths: readonly string[];
  readonly streams: StandardStreams;
  /** What relative paths start from. */
  readonly cwd: string;
}

type Write = (text: string) => void;

/** Where the lines of the log go. */
export class LogOutputs {
  readonly #files: number[] = [];
  readonly #outputs: readonly Write[];
  readonly #errorOutputs: readonly Write[];
  /** A full disk is reported once, not with each line. */
  readonly #failing = new Set<Write>();

  /** @throws CollectorError COMPONENT_START when a file cannot be opened */
  constructor({ paths, errorPaths, streams, cwd }: LogOutputsOptions) {
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
        output(line);
        this.#failing.delete(output);
      } catch (error) {
        if (!this.#failing.has(output)) this.#complain(`cannot write to the log: ${errorText(error)}\n`);
        this.#failing.add(output);
      }
    }
  }

  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }

  #complain(text: string): void {
    for (const output of this.#errorOutputs) {
      try {
        output(text);
      } catch {
        // There is nobody left to tell.
      }
    }
  }

  #open(path: string, { out, err }: StandardStreams, cwd: string): Write {
    if (path === "stdout") return out;
    if (path === "stderr") return err;
    try {
      const file = openSync(resolve(cwd, path), "a");
      this.#files.push(file);
      return (text) => {
        writeSync(file, text);
      };
    } catch (cause) {
      const message = `cannot open the log file ${JSON.stringify(path)}`;
      throw new CollectorError("COMPONENT_START", message, { cause });
    }
  }
}
