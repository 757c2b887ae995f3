/**
 * The value and time arrays of one target, used again scrape after scrape: fresh memory of this size costs more than
 * all the work that is done in it.
 */
export class ColumnBuffers {
  #values: Float64Array | undefined;
  #times: BigUint64Array | undefined;

  /** An array of at least `length` slots with arbitrary content. */
  takeValues(length: number): Float64Array {
    const values = this.#values;
    this.#values = undefined;
    return values !== undefined && values.length >= length ? values : new Float64Array(withRoom(length));
  }

  /** An array of at least `length` slots, all zero. */
  takeTimes(length: number): BigUint64Array {
    const times = this.#times;
    this.#times = undefined;
    return times !== undefined && times.length >= length
      ? times.fill(0n)
      : new BigUint64Array(withRoom(length));
  }

  /** Gives arrays back when nobody reads them any more. */
  recycle(values: Float64Array, times: BigUint64Array | undefined): void {
    this.#values = values;
    if (times !== undefined) this.#times = times;
  }
}

/** The array itself if it has room for `length` slots, else a longer copy. */
export function withLength(values: Float64Array, length: number): Float64Array {
  if (values.length >= length) return values;
  const longer = new Float64Array(withRoom(length));
  longer.set(values);
  return longer;
}

function withRoom(length: number): number {
  return Math.ceil(length * 1.25);
}
