import { AsyncLocalStorage } from "node:async_hooks";

/** The headers (HTTP) or metadata (gRPC) of a request that brought data: values under lower-case names. */
export type ClientMetadata = ReadonlyMap<string, readonly string[]>;

/** What a server's authenticator knows of who sent a request, such as `username`. */
export type AuthData = Readonly<Record<string, string | readonly string[]>>;

/** Who sent data, as far as the receiver tells. */
export interface Client {
  /** IP address, without the port. */
  readonly address?: string | undefined;
  readonly auth?: AuthData | undefined;
  readonly metadata?: ClientMetadata | undefined;
  /** Fires when whoever sent the data no longer waits for an answer. */
  readonly gone?: AbortSignal | undefined;
}

// Without a run there is nothing to carry: where nothing but scrapes comes in, it costs nothing.
const storage = new AsyncLocalStorage<Client | undefined>();

/**
 * Who sent the data that is being handed on. A receiver hands on within `run`; whoever is called, however deep and after
 * whatever `await`, finds the client in `current`. It does not outlive the call: where data is kept for later only the
 * {@link clientMetadata} goes with it.
 *
 * @example
 * await clientContext.run({ address, metadata }, () => next.consume(batch));
 */
export const clientContext = {
  /** Calls `task` for the client; undefined: for none, whoever it was before. */
  run<T>(client: Client | undefined, task: () => T): T {
    return client === storage.getStore() ? task() : storage.run(client, task);
  },

  /** Of the call that is under way; undefined when nobody sent its data. */
  current(): Client | undefined {
    return storage.getStore();
  },
};
