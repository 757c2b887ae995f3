import { AsyncLocalStorage } from "node:async_hooks";

/** The headers (HTTP) or metadata (gRPC) of a request that brought data: values under lower-case names. */
export type ClientMetadata = ReadonlyMap<string, readonly string[]>;

// Without a run there is nothing to carry: where no receiver has `include_metadata`, it costs nothing.
const storage = new AsyncLocalStorage<ClientMetadata | undefined>();

/**
 * What came with the data besides the data. A receiver that keeps it hands on within `run`; whoever is called, however
 * deep and after whatever `await`, finds it in `current`. It does not outlive the call by itself: a component that keeps
 * data for later keeps the metadata beside it, hands on each piece within a `run` of its own, and puts together only
 * what has the same, or none. Timers of {@link Clock} start without any.
 *
 * @example
 * await clientMetadata.run(metadata, () => next.consume(batch));
 */
export const clientMetadata = {
  /** Calls `task` under the metadata; undefined: under none, whatever was there before. */
  run<T>(metadata: ClientMetadata | undefined, task: () => T): T {
    return metadata === storage.getStore() ? task() : storage.run(metadata, task);
  },

  /** Of the call that is under way; undefined when its data came without. */
  current(): ClientMetadata | undefined {
    return storage.getStore();
  },
};

/** The same text for the same metadata, in whatever order its names are, and for no other. */
export function metadataKey(metadata: ClientMetadata | undefined): string {
  if (metadata === undefined || metadata.size === 0) return "";
  return JSON.stringify([...metadata].sort(([a], [b]) => (a < b ? -1 : 1)));
}
