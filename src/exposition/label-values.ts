import type { ByteCursor } from "./byte-cursor.ts";
import type { LabelRanges } from "./label-ranges.ts";

/** Turns the bytes of a name or label value into a string. */
export type Decode = (cursor: ByteCursor, start: number, end: number) => string;

/** Decodes a range: ASCII and UTF-8, with the escapes `\\`, `\"` and `\n`; any other backslash stands for itself. */
export function decodeEscaped(cursor: ByteCursor, start: number, end: number): string {
  const text = cursor.bytes.toString("utf8", start, end);
  return text.includes("\\") ? text.replace(/\\([\\"n])/g, unescapeOne) : text;
}

/** The same for HELP texts, where a quote needs no escape. */
export function decodeHelp(cursor: ByteCursor, start: number, end: number): string {
  const text = cursor.bytes.toString("utf8", start, end);
  return text.includes("\\") ? text.replace(/\\([\\n])/g, unescapeOne) : text;
}

/** Sets a property even where the name is special to JavaScript, as a label may be called `__proto__`. */
export function setLabel(labels: Record<string, string>, name: string, value: string): void {
  if (name === "__proto__") {
    Object.defineProperty(labels, name, { value, enumerable: true, writable: true, configurable: true });
  } else {
    labels[name] = value;
  }
}

/** The first name that comes twice in a block, `__name__` counted since the metric name is one; else undefined. */
export function repeatedName(names: readonly string[]): string | undefined {
  // Searching is faster for what series have, but a hostile one may have a million labels.
  if (names.length <= 16) return names.find((name, i) => name === "__name__" || names.indexOf(name) !== i);
  const seen = new Set(["__name__"]);
  return names.find((name) => seen.size === seen.add(name).size);
}

/** The spelling of a label set that all equal sets share: sorted by name, quoted where a bare name is not possible. */
export function canonicalBlock(names: readonly string[], values: readonly string[]): string {
  const order: number[] = [];
  let sorted = true;
  for (let i = 0; i < names.length; i++) {
    if (values[i] === "") continue;
    if (order.length > 0 && names[order.at(-1)!]! > names[i]!) sorted = false;
    order.push(i);
  }
  if (!sorted) order.sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
  let block = "";
  for (const i of order) {
    const name = names[i]!;
    block += `${block === "" ? "{" : ","}${bareName.test(name) ? name : quote(name)}=${quote(values[i]!)}`;
  }
  return block === "" ? "{}" : `${block}}`;
}

const bareName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const escaped = /[\\"\n]/;

function quote(text: string): string {
  if (!escaped.test(text)) return `"${text}"`;
  return `"${text.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`))}"`;
}

function unescapeOne(_: string, escaped: string): string {
  return escaped === "n" ? "\n" : escaped;
}

/** Label names and values of a block, in its order; arrays that are reused from block to block. */
export class LabelStrings {
  readonly names: string[] = [];
  readonly values: string[] = [];

  set(names: readonly string[], values: readonly string[]): void {
    this.names.length = 0;
    this.values.length = 0;
    for (const [i, name] of names.entries()) {
      this.names.push(name);
      this.values.push(values[i]!);
    }
  }

  read(cursor: ByteCursor, labels: LabelRanges, decode: Decode): void {
    this.names.length = 0;
    this.values.length = 0;
    const { ranges, count } = labels;
    for (let at = 0; at < count * 4; at += 4) {
      this.names.push(decode(cursor, ranges[at]!, ranges[at + 1]!));
      this.values.push(decode(cursor, ranges[at + 2]!, ranges[at + 3]!));
    }
  }
}
