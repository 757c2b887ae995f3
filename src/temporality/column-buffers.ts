/** How many buffers of a kind are kept for reuse: one for each batch that may be under way at the same time. */
const KEPT = 8;

/**
 * Arrays for columns, used again and again: fresh memory costs more than what is done in it. Give an array back only
 * when nobody looks at it any more, that is when `consume` has settled and the column was not retained.
 */
export class ColumnBuffers {
  readonly #values: Float64Array[] = [];
  readonly #times: BigUint64Array[] = [];

  /** At least `width` long, contents undefined. */
  takeValues(width: number): Float64Array {
    return take(this.#values, width) ?? new Float64Array(withRoom(width));
  }

  /** At least `width` long, contents undefined. */
  takeTimes(width: number): BigUint64Array {
    return take(this.#times, width) ?? new BigUint64Array(withRoom(width));
  }

  giveValues(values: Float64Array): void {
    give(this.#values, values);
  }

  giveTimes(times: BigUint64Array): void {
    give(this.#times, times);
  }
}

function take<T extends { readonly length: number }>(buffers: T[], width: number): T | undefined {
  const index = buffers.findIndex(({ length }) => length >= width);
  return index < 0 ? undefined : buffers.splice(index, 1)[0];
}

function give<T extends { readonly length: number }>(buffers: T[], buffer: T): void {
  buffers.push(buffer);
  // The shortest goes: layouts grow, and a buffer that has become too short is never taken again.
  if (buffers.length > KEPT) buffers.sort((a, b) => b.length - a.length).pop();
}

/** A layout that grows by some series should still find its buffer long enough. */
function withRoom(width: number): number {
  return width + (width >> 3);
}
