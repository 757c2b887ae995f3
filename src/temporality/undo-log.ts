import type { StreamDetail, StreamTable } from "./stream-table.ts";

/** Cells of a table as they were before a batch, in the order in which they were changed. */
export class UndoLog {
  #length = 0;
  #cells = new Uint32Array(64);
  #totals = new Float64Array(64);
  #timeWords = new Uint32Array(128);
  #startWords = new Uint32Array(128);
  readonly #details: (readonly [cell: number, before: StreamDetail | undefined])[] = [];

  /** To be called before the cells from `first` on are changed. */
  save(table: StreamTable, first: number, count = 1): void {
    if (this.#length + count > this.#cells.length) this.#grow(this.#length + count);
    for (let cell = first; cell < first + count; cell++) {
      const at = this.#length++;
      this.#cells[at] = cell;
      this.#totals[at] = table.totals[cell] as number;
      copyWords(table.timeWords, cell, this.#timeWords, at);
      copyWords(table.startWords, cell, this.#startWords, at);
    }
  }

  setDetail(table: StreamTable, cell: number, detail: StreamDetail | undefined): void {
    const before = table.details.get(cell);
    if (before === undefined && detail === undefined) return;
    this.#details.push([cell, before]);
    write(table, cell, detail);
  }

  /** Makes everything as it was, the last change first: a stream may have several points in a batch. */
  undo(table: StreamTable): void {
    while (this.#length > 0) {
      const at = --this.#length;
      const cell = this.#cells[at] as number;
      table.totals[cell] = this.#totals[at] as number;
      copyWords(this.#timeWords, at, table.timeWords, cell);
      copyWords(this.#startWords, at, table.startWords, cell);
    }
    for (const [cell, before] of this.#details.reverse()) write(table, cell, before);
    this.#details.length = 0;
  }

  clear(): void {
    this.#length = 0;
    this.#details.length = 0;
  }

  #grow(needed: number): void {
    const length = needed * 2;
    const longer = <T extends Float64Array | Uint32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#cells = longer(this.#cells, new Uint32Array(length));
    this.#totals = longer(this.#totals, new Float64Array(length));
    this.#timeWords = longer(this.#timeWords, new Uint32Array(length * 2));
    this.#startWords = longer(this.#startWords, new Uint32Array(length * 2));
  }
}

function copyWords(from: Uint32Array, i: number, to: Uint32Array, k: number): void {
  to[2 * k] = from[2 * i] as number;
  to[2 * k + 1] = from[2 * i + 1] as number;
}

function write(table: StreamTable, cell: number, detail: StreamDetail | undefined): void {
  if (detail === undefined) table.details.delete(cell);
  else table.details.set(cell, detail);
}
