import {
  type Host,
  type StorageClient,
  StorageError,
  type StorageExtension,
  type StorageOperation,
} from "../../src/component/index.ts";

/**
 * A storage in memory whose contents survive the chain that uses it. Tests hold its writes up, let calls fail, and
 * crash it: what was under way is then lost, and what still uses it reaches nothing any more.
 */
export class FakeStorage {
  readonly entries = new Map<string, Uint8Array>();
  /** Keys asked for with `get`. */
  readonly reads: string[] = [];
  failWrites: StorageError | undefined;
  failReads: StorageError | undefined;
  #held: PromiseWithResolvers<void> | undefined;
  #life = 0;
  #isOpen = false;
  readonly #extension: StorageExtension = {
    client: () => {
      if (this.#isOpen) return Promise.reject(new StorageError("closed", "is open already"));
      this.#isOpen = true;
      return Promise.resolve(this.#client());
    },
  };

  /** The batches to come wait until `release`. */
  hold(): void {
    this.#held = Promise.withResolvers<void>();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  crash(): void {
    this.#life++;
    this.#isOpen = false;
    this.release();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A host on which it is the extension `file_storage`. */
  get host(): Host {
    return { extension: (id) => (id === "file_storage" ? this.#extension : undefined) };
  }

  #client(): StorageClient {
    const life = this.#life;
    const check = (failure: StorageError | undefined) => {
      if (life !== this.#life || !this.#isOpen) throw new StorageError("closed", "the storage is closed");
      if (failure !== undefined) throw failure;
    };
    return {
      keys: async () => {
        check(undefined);
        return [...this.entries.keys()].toSorted();
      },
      get: async (key) => {
        check(this.failReads);
        this.reads.push(key);
        return this.entries.get(key);
      },
      batch: async (operations: readonly StorageOperation[]) => {
        await this.#held?.promise;
        // A deletion takes no room.
        const isSmall =
          this.failWrites?.reason === "full" && operations.every(({ type }) => type === "delete");
        check(isSmall ? undefined : this.failWrites);
        for (const operation of operations) {
          if (operation.type === "set") this.entries.set(operation.key, Uint8Array.from(operation.value));
          else this.entries.delete(operation.key);
        }
      },
      close: async () => {
        if (life === this.#life) this.#isOpen = false;
      },
    };
  }
}
