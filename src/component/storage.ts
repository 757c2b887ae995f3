import { CollectorError } from "../errors/index.ts";
import type { Component, Host } from "./component.ts";
import type { ComponentKind } from "./definition.ts";

/**
 * What an extension offers that keeps data for other components across restarts. A component names it in its config,
 * lists it in `references`, and gets at it with {@link findStorage} when it starts.
 */
export interface StorageExtension extends Component {
  /**
   * A store of its own for one component; the same one again after a restart. `name` tells several stores of one
   * component apart. Whoever asks closes it in its shutdown, before the extension's.
   * @throws StorageError when it cannot be opened, or is open already
   */
  client(kind: ComponentKind, id: string, name: string): Promise<StorageClient>;
}

/** A small ordered key-value store. Calls may overlap; batches take effect in the order of the calls. */
export interface StorageClient {
  /** All keys, ascending by code unit. */
  keys(): Promise<readonly string[]>;
  /**
   * The value that the last settled batch gave the key; undefined when there is none.
   * @throws StorageError
   */
  get(key: string): Promise<Uint8Array | undefined>;
  /**
   * Applies all operations or none, also if the process is killed in between. Settles when they will outlive the
   * process (and a power cut, where the extension is set up so). Values must not be written to before that.
   * @throws StorageError: none was applied
   */
  batch(operations: readonly StorageOperation[]): Promise<void>;
  /** Settles when all that was asked for is done. Later calls, and calls of other methods after it, throw. */
  close(): Promise<void>;
}

export type StorageOperation =
  | { readonly type: "set"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly key: string };

/**
 * - `full`: no room for it now;
 * - `corrupt`: what was stored is damaged, and will be the next time;
 * - `io`: anything else the file system or the service behind it says;
 * - `closed`: the store is not open, or open elsewhere.
 */
export type StorageErrorReason = "full" | "corrupt" | "io" | "closed";

export class StorageError extends CollectorError {
  readonly reason: StorageErrorReason;

  constructor(reason: StorageErrorReason, message: string, options?: { readonly cause?: unknown }) {
    super("STORAGE", message, options);
    this.reason = reason;
  }
}

/** @throws StorageError when there is no such extension, or it stores nothing */
export function findStorage(host: Host, id: string): StorageExtension {
  const extension = host.extension(id);
  if (extension === undefined) {
    throw new StorageError(
      "closed",
      `no storage client extension found: there is no running extension "${id}"`,
    );
  }
  if (!("client" in extension) || typeof extension.client !== "function") {
    throw new StorageError("closed", `extension "${id}" is not a storage extension`);
  }
  return extension as StorageExtension;
}
