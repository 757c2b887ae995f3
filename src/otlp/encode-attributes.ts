import type { Attributes } from "../metrics/index.ts";
import type { WireWriter } from "./wire-writer.ts";

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

/**
 * Whether a number in an attribute is an integer: one that a double holds exactly. Larger ones are doubles, so that
 * they come back as the numbers they were; an integer of 64 bits is a bigint.
 */
export function isIntAttribute(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** Whether the value of a point whose type is integer can be written as one. */
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
      if (isIntAttribute(value)) writeInt(writer, value);
      else writer.double(DOUBLE, value);
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
  if (value >= 0) writer.varint(value);
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
