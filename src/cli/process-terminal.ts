import type { Terminal } from "./terminal.ts";

/** The terminal of this process. */
export const processTerminal: Terminal = {
  out: (text, done) => write(process.stdout, text, done),
  err: (text, done) => write(process.stderr, text, done),
  errIsTerminal: process.stderr.isTTY === true,
  cwd: process.cwd(),
  env: process.env,
  stdin: () => process.stdin,
};

function write(
  stream: NodeJS.WriteStream,
  text: string,
  done: ((error?: Error | null) => void) | undefined,
): void {
  stream.write(text, done);
}

/**
 * Whoever reads the output may leave early (`| head`), or a log's reader be gone. A command that prints results has then
 * nothing more to do; one that `outlives` its readers goes on, and what it writes is lost: its log counts the lines.
 */
export function surviveReaders(outlives: boolean): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (outlives) return;
    if (error.code !== "EPIPE") throw error;
    process.exit(1);
  });
}
