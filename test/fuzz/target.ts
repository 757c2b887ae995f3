/** One parser or decoder under fuzzing. */
export interface FuzzTarget {
  readonly name: string;
  /** Bodies that are good, as a start. */
  readonly seeds: readonly Buffer[];
  /** Pieces that mean something to the format, for mutations. */
  readonly tokens: readonly string[];
  /**
   * Runs the input. Returns what became of it in words, so that inputs with a new fate can be told from others. Throws
   * when something is wrong: an error of an unexpected class, state that was lost, two readings that differ.
   */
  run(input: Buffer): string | Promise<string>;
}

/** The fate of an input that was refused as it should be: the message, without what differs from input to input. */
export function refusal(error: unknown, ...expected: readonly (new (...args: never[]) => Error)[]): string {
  if (!expected.some((type) => error instanceof type)) throw error;
  return (error as Error).message.replaceAll(/["'`].*["'`]|[\d.]+/gs, "_").slice(0, 60);
}

/** A number, roughly: inputs with a few more samples have no other fate. */
export function magnitude(count: number): string {
  return String(Math.ceil(Math.log2(count + 1)));
}
