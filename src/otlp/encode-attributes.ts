import type { Attributes } from "../metrics/index.ts";
import { WireWriter } from "./wire-writer.ts";

const KEY = 0x0a;
const VALUE = 0x12;
const STRING = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;
const ARRAY = 0x2a;
const KEY_VALUE_LIST = 0x32;
const BYTES = 0x3a;
const LIST_ITEM = 0x0a;

const INT64_LIMIT = 2 ** 63;

/** Writes attributes as repeated KeyValue fields with the given tag (common.proto). */
export function writeAttributes(writer: WireWriter, tag: number, attributes: Attributes): void {
  const keys = Object.keys(attributes);
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] as string;
    const mark = writer.length;
    writeAnyValue(writer, attributes[key]);
    writer.delimited(VALUE, mark);
    writer.string(KEY, key);
    writer.delimited(tag, mark);
  }
}

/** Whether OTLP carries a number as an integer: whole numbers within 64 bits, as the SDK's serializer decides. */
export function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -INT64_LIMIT && value < INT64_LIMIT && !Object.is(value, -0);
}

/** Whether a bigint fits the int64 of an AnyValue; others are written as decimal strings. */
export function fitsInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function writeAnyValue(writer: WireWriter, value: unknown): void {
  switch (typeof value) {
    case "string":
      writer.string(STRING, value);
      return;
    case "boolean":
      writer.byte(value ? 1 : 0);
      writer.byte(BOOL);
      return;
    case "number":
      if (!isInt64(value)) writer.double(DOUBLE, value);
      else writeInt(writer, value);
      return;
    case "bigint":
      if (fitsInt64(value)) {
        writer.bigVarint(value);
        writer.byte(INT);
      } else {
        writer.string(STRING, value.toString());
      }
      return;
    case "object":
      if (value !== null) writeCompound(writer, value);
  }
}

function writeInt(writer: WireWriter, value: number): void {
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) writer.varint(value);
  else writer.bigVarint(BigInt(value));
  writer.byte(INT);
}

function writeCompound(writer: WireWriter, value: object): void {
  if (value instanceof Uint8Array) {
    writer.bytes(BYTES, value);
    return;
  }
  const mark = writer.length;
  if (Array.isArray(value)) {
    for (let i = value.length - 1; i >= 0; i--) {
      const itemMark = writer.length;
      writeAnyValue(writer, value[i]);
      writer.delimited(LIST_ITEM, itemMark);
    }
    writer.delimited(ARRAY, mark);
  } else {
    writeAttributes(writer, LIST_ITEM, value as Attributes);
    writer.delimited(KEY_VALUE_LIST, mark);
  }
}

const scratch = new WireWriter();

/** The encoded KeyValue fields of attributes objects, kept by identity: a series has the same object in all its metrics. */
export class AttributesCache {
  readonly #tag: number;
  readonly #encoded = new WeakMap<Attributes, Uint8Array>();

  constructor(tag: number) {
    this.#tag = tag;
  }

  get(attributes: Attributes): Uint8Array {
    let encoded = this.#encoded.get(attributes);
    if (encoded === undefined) {
      scratch.rewind(0);
      writeAttributes(scratch, this.#tag, attributes);
      encoded = Buffer.from(scratch.finish());
      this.#encoded.set(attributes, encoded);
    }
    return encoded;
  }
}
