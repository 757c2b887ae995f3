import type { Attributes } from "../metrics/index.ts";
import { OtlpDecodeError } from "./decode-error.ts";
import type { WireReader } from "./wire-reader.ts";

/** What it takes to read attributes: the message, and its strings, which repeat. */
export interface AttributeSource {
  readonly reader: WireReader;
  /** The string that comes next. */
  string(): string;
}

/** Deepest nesting of arrays and key-value lists in one attribute. */
export const MAX_ATTRIBUTE_DEPTH = 64;

export function checkDepth(depth: number, offset?: number): void {
  if (depth > MAX_ATTRIBUTE_DEPTH) {
    throw new OtlpDecodeError(`attribute is nested more than ${MAX_ATTRIBUTE_DEPTH} deep`, offset);
  }
}

/** Sets a property whatever its name is; assigning to `__proto__` would not. */
export function setAttribute(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") {
    target[key] = value;
    return;
  }
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Reads KeyValue fields up to `end`, the first one's tag already read. Of a key that comes twice the last one holds. */
export function decodeAttributes(context: AttributeSource, tag: number, end: number): Attributes {
  const { reader } = context;
  const attributes: Record<string, unknown> = {};
  do keyValue(context, attributes, 0);
  while (reader.position < end && reader.accept(tag));
  return Object.freeze(attributes);
}

function keyValue(context: AttributeSource, target: Record<string, unknown>, depth: number): void {
  const { reader } = context;
  const outer = reader.enter();
  let key = "";
  let value: unknown = null;
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) key = context.string();
    else if (tag === 0x12) value = anyValue(context, depth);
    else reader.skip(tag);
  }
  reader.leave(outer);
  setAttribute(target, key, value);
}

/** An AnyValue; one without a value is null. */
function anyValue(context: AttributeSource, depth: number): unknown {
  const { reader } = context;
  checkDepth(depth, reader.position);
  const outer = reader.enter();
  let value: unknown = null;
  while (!reader.done) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        value = context.string();
        break;
      case 0x10:
        value = reader.varint() !== 0;
        break;
      case 0x18:
        value = safeInteger(BigInt.asIntN(64, reader.bigVarint()));
        break;
      case 0x21:
        value = reader.double();
        break;
      case 0x2a:
        value = arrayValue(context, depth + 1);
        break;
      case 0x32:
        value = keyValueList(context, depth + 1);
        break;
      case 0x3a:
        value = reader.ownBytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  reader.leave(outer);
  return value;
}

function arrayValue(context: AttributeSource, depth: number): readonly unknown[] {
  const { reader } = context;
  const outer = reader.enter();
  const values: unknown[] = [];
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) values.push(anyValue(context, depth));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return Object.freeze(values);
}

function keyValueList(context: AttributeSource, depth: number): Attributes {
  const { reader } = context;
  const outer = reader.enter();
  const values: Record<string, unknown> = {};
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) keyValue(context, values, depth);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return Object.freeze(values);
}

/** A number where that is exact, else the bigint. */
export function safeInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
