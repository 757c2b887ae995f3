/** What a command may touch of its process. */
export interface Terminal {
  /** Results. */
  out(text: string): void;
  /** Logs and problems. */
  err(text: string): void;
  readonly errIsTerminal: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  stdin(): AsyncIterable<Uint8Array>;
}

/** A command resolves to the exit code. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}
