/** What a command may touch of its process. */
export interface Terminal {
  /** Results. `done` is told whether the text was written, if anybody can tell. */
  out(text: string, done?: (error?: Error | null) => void): void;
  /** Logs and problems. */
  err(text: string, done?: (error?: Error | null) => void): void;
  readonly errIsTerminal: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  stdin(): AsyncIterable<Uint8Array>;
}

/** A command resolves to the exit code. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  /** It goes on when nobody reads what it writes any more. */
  readonly outlivesReaders?: boolean;
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}
