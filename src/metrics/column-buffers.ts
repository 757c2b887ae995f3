/** How many buffers of a kind are kept for reuse: one for each batch that may be under way at the same time. */
const KEPT = 8;

/**
 * The value and time arrays of columns, used again and again: fresh memory of this size costs more than all the work
 * that is done in it. Give arrays back only when nobody reads them any more, that is when `consume` has settled and the
 * column was not retained.
 */
export class ColumnBuffers {
  readonly #values: Float64Array[] = [];
  readonly #times: BigUint64Array[] = [];

  /** An array of at least `length` slots with arbitrary content. */
  takeValues(length: number): Float64Array {
    return take(this.#values, length) ?? new Float64Array(withRoom(length));
  }

  /** An array of at least `length` slots, all zero. */
  takeTimes(length: number): BigUint64Array {
    return take(this.#times, length)?.fill(0n) ?? new BigUint64Array(withRoom(length));
  }

  recycle(values: Float64Array, times?: BigUint64Array): void {
    give(this.#values, values);
    if (times !== undefined) give(this.#times, times);
  }
}

/** The array itself if it has room for `length` slots, else a longer copy. */
export function withLength(values: Float64Array, length: number): Float64Array {
  if (values.length >= length) return values;
  const longer = new Float64Array(withRoom(length));
  longer.set(values);
  return longer;
}

function take<T extends { readonly length: number }>(buffers: T[], length: number): T | undefined {
  const index = buffers.findIndex((buffer) => buffer.length >= length);
  return index < 0 ? undefined : buffers.splice(index, 1)[0];
}

function give<T extends { readonly length: number }>(buffers: T[], buffer: T): void {
  buffers.push(buffer);
  // The shortest goes: layouts grow, and a buffer that has become too short is never taken again.
  if (buffers.length > KEPT) buffers.sort((a, b) => b.length - a.length).pop();
}

/** A layout that grows by some series should still find its buffer long enough. */
function withRoom(length: number): number {
  return Math.ceil(length * 1.25);
}
