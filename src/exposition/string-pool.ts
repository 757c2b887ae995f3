import type { ByteCursor } from "./byte-cursor.ts";
import { BytePool, ByteSlab } from "./byte-pool.ts";
import { decodeEscaped } from "./label-values.ts";

/** One string per distinct spelling, found by its bytes, so that repeated label names and values cost no memory. */
export class StringPool {
  readonly #pool = new BytePool(new ByteSlab());
  readonly #strings: string[] = [];

  /** Decodes text of a text format, escapes resolved. */
  readonly decode = (cursor: ByteCursor, start: number, end: number): string =>
    this.find(cursor.view, start, end) ??
    this.add(cursor.bytes, cursor.view, start, end, decodeEscaped(cursor, start, end));

  find(view: DataView, start: number, end: number): string | undefined {
    const found = this.#pool.find(view, start, end - start);
    return found < 0 ? undefined : this.#strings[found];
  }

  /** Remembers what a spelling that is not known means. */
  add(bytes: Uint8Array, view: DataView, start: number, end: number, text: string): string {
    this.#pool.add(bytes, view, start, end - start);
    this.#strings.push(text);
    return text;
  }
}
