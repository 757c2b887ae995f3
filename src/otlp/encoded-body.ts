import type { BufferPool } from "./buffer-pool.ts";

/** An encoded request that is lent to the caller. */
export interface EncodedBody {
  /** The request. Its content stays as it is until {@link release}; do not touch it afterwards. */
  readonly bytes: Uint8Array;
  readonly pointCount: number;
  /** Gives the bytes back for reuse, when nobody reads them any more. More than once does no harm. */
  release(): void;
}

/** Lends bytes of a buffer that goes to the pool afterwards. */
export function lendPooled(
  pool: BufferPool,
  buffer: Buffer,
  bytes: Uint8Array,
  pointCount: number,
): EncodedBody {
  return { bytes, pointCount, release: once(() => pool.give(buffer)) };
}

/** A function that does its work the first time only. */
export function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
