import { StorageError } from "../../component/index.ts";

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What the file system said, in the terms of the storage contract. */
export function toStorageError(error: unknown, what: string): StorageError {
  if (error instanceof StorageError) return error;
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return new StorageError(FULL.has(code ?? cause?.code) ? "full" : "io", what, { cause: error });
}
