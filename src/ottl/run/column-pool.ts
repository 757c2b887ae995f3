import type { Column } from "../../metrics/index.ts";

/** So many buffers lie ready at most; more in flight are left to the garbage collector. */
const MAX_SPARE = 4;

/** Buffers for columns, used again once the batch they went out with has been taken. */
export class ColumnPool {
  readonly #spare: Float64Array[] = [];

  /** A buffer of at least the width; its content is arbitrary. */
  take(width: number): Float64Array {
    const index = this.#spare.findIndex(({ length }) => length >= width);
    return index < 0 ? new Float64Array(width) : (this.#spare.splice(index, 1)[0] as Float64Array);
  }

  /** Takes the buffer of a column back, unless somebody kept the column. */
  release(column: Column): void {
    if (!column.retained && this.#spare.length < MAX_SPARE) this.#spare.push(column.values);
  }
}
