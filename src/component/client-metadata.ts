import { type ClientMetadata, clientContext } from "./client.ts";

/**
 * What came with the data besides the data: the part of {@link clientContext} that is worth keeping. It does not outlive
 * the call by itself: a component that keeps data for later keeps the metadata beside it, hands on each piece within a
 * `run` of its own, and puts together only what has the same, or none. Timers of {@link Clock} start without any.
 *
 * @example
 * await clientMetadata.run(metadata, () => next.consume(batch));
 */
export const clientMetadata = {
  /** Calls `task` under the metadata and for no client; undefined: under none, whatever was there before. */
  run<T>(metadata: ClientMetadata | undefined, task: () => T): T {
    const current = clientContext.current();
    const isSame =
      current?.metadata === metadata &&
      current?.address === undefined &&
      current?.auth === undefined &&
      current?.gone === undefined;
    return isSame ? task() : clientContext.run(metadata && { metadata }, task);
  },

  /** Of the call that is under way; undefined when its data came without. */
  current(): ClientMetadata | undefined {
    return clientContext.current()?.metadata;
  },
};

/** The same text for the same metadata, in whatever order its names are, and for no other. */
export function metadataKey(metadata: ClientMetadata | undefined): string {
  if (metadata === undefined || metadata.size === 0) return "";
  return JSON.stringify([...metadata].sort(([a], [b]) => (a < b ? -1 : 1)));
}
