import { isDeepStrictEqual } from "node:util";

/** A change of a store; `previous` is what the object was before. */
export type StoreEvent<T> =
  | { readonly type: "add"; readonly key: string; readonly object: T }
  | { readonly type: "update"; readonly key: string; readonly object: T; readonly previous: T }
  | { readonly type: "delete"; readonly key: string; readonly previous: T };

export type StoreListener<T> = (event: StoreEvent<T>) => void;

/** The last known objects by key (see `objectKey`). */
export interface ReadonlyObjectStore<T> {
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  readonly size: number;
  /** Called for each change, in order, after the store has it. Returns the end of it. */
  subscribe(listener: StoreListener<T>): () => void;
}

/** An object that says the same as before is no change: its predecessor stays, and nobody is told. */
export class ObjectStore<T> implements ReadonlyObjectStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<StoreListener<T>>();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  subscribe(listener: StoreListener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(key: string, object: T): void {
    const previous = this.#objects.get(key);
    if (previous === undefined) {
      this.#objects.set(key, object);
      this.#tell({ type: "add", key, object });
    } else if (!isDeepStrictEqual(previous, object)) {
      this.#objects.set(key, object);
      this.#tell({ type: "update", key, object, previous });
    }
  }

  delete(key: string): void {
    const previous = this.#objects.get(key);
    if (previous === undefined) return;
    this.#objects.delete(key);
    this.#tell({ type: "delete", key, previous });
  }

  #tell(event: StoreEvent<T>): void {
    for (const listener of this.#listeners) listener(event);
  }
}
