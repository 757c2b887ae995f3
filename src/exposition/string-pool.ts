import type { ByteCursor } from "./byte-cursor.ts";
import { BytePool, ByteSlab } from "./byte-pool.ts";
import { decodeEscaped } from "./label-values.ts";

/** One string per distinct spelling, found by its bytes, so that repeated label names and values cost no memory. */
export class StringPool {
  readonly #pool = new BytePool(new ByteSlab());
  readonly #strings: string[] = [];

  readonly decode = (cursor: ByteCursor, start: number, end: number): string => {
    const found = this.#pool.find(cursor.view, start, end - start);
    if (found >= 0) return this.#strings[found]!;
    const text = decodeEscaped(cursor, start, end);
    this.#pool.add(cursor.bytes, cursor.view, start, end - start);
    this.#strings.push(text);
    return text;
  };
}
