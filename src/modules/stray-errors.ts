import { placeOf } from "./place-of.ts";

interface Owner {
  /** Absolute paths of the module's files. */
  readonly files: readonly string[];
  tellStray(error: unknown, place: string): void;
}

/**
 * Errors of custom code that nobody waits for: thrown in a timer or listener, or a rejection that was not awaited. Node.js
 * would end the process with all that runs in it; they are told as errors of the module instead. Others end it as ever.
 */
class StrayErrors {
  readonly #owners = new Set<Owner>();
  #isListening = false;

  /** Returns what ends it. Errors that come after that are told to the owners that are left. */
  watch(owner: Owner): () => void {
    if (!this.#isListening) process.on("uncaughtException", this.#caught);
    this.#isListening = true;
    this.#owners.add(owner);
    return () => {
      // The last one stays: its timers may outlive it.
      if (this.#owners.size > 1) this.#owners.delete(owner);
    };
  }

  readonly #caught = (error: unknown): void => {
    const place = placeOf(error);
    const owners = [...this.#owners];
    const owner = owners.findLast(({ files }) => files.some((file) => place?.startsWith(`${file}:`)));
    const teller = owner ?? owners.at(-1);
    if (place !== undefined && teller !== undefined) {
      teller.tellStray(error, place);
      return;
    }
    // An application around has listeners of its own, which have it too.
    if (process.listenerCount("uncaughtException") > 1) return;
    process.off("uncaughtException", this.#caught);
    setImmediate(() => {
      throw error;
    });
  };
}

export const strayErrors = new StrayErrors();
