/** A field of a protobuf message. Numbers of fixed width are passed over: no message here has them. */
export interface ProtobufField {
  readonly number: number;
  /** Where the next one begins. */
  readonly end: number;
  readonly value?: bigint;
  readonly bytes?: Uint8Array;
}

/** The values of a field that holds bytes, a text or a message. */
export function* delimited(message: Uint8Array, number: number): Generator<Uint8Array> {
  for (const field of readFields(message))
    if (field.number === number && field.bytes !== undefined) yield field.bytes;
}

/** The fields up to the end or the first damage. */
export function* readFields(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < message.length; shift += 7n) {
      const byte = message[at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < message.length) {
    const tag = varint();
    if (tag === undefined) return;
    const number = Number(tag >> 3n);
    const wireType = Number(tag & 7n);
    if (wireType === 0) {
      const value = varint();
      if (value === undefined) return;
      yield { number, end: at, value };
      continue;
    }
    const length = wireType === 1 ? 8n : wireType === 5 ? 4n : wireType === 2 ? varint() : undefined;
    if (length === undefined || length > BigInt(message.length - at)) return;
    const bytes = message.subarray(at, at + Number(length));
    at += Number(length);
    yield wireType === 2 ? { number, end: at, bytes } : { number, end: at };
  }
}

/** Nothing for 0, which is what a field that is left out says. */
export function varintField(number: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.from([...varintBytes(number << 3), ...varintBytes(value)]);
}

export function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([...varintBytes((number << 3) | 2), ...varintBytes(bytes.length)]),
    bytes,
  ]);
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}
