/**
 * The `grpc-status-details-bin` trailer: a google.rpc.Status whose details may hold a google.rpc.RetryInfo
 * (google/rpc/status.proto, error_details.proto). Small enough to be written by hand.
 */
const TYPE_URL = "type.googleapis.com/google.rpc.RetryInfo";

/** Status{code=1, message=2, details=3: Any{type_url=1, value=2: RetryInfo{retry_delay=1: Duration}}} */
export function encodeRetryStatus(code: number, message: string, retryAfterMs: number): Buffer {
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs - seconds * 1000) * 1e6);
  const duration = Buffer.concat([varintField(1, seconds), varintField(2, nanos)]);
  const any = Buffer.concat([bytesField(1, Buffer.from(TYPE_URL)), bytesField(2, bytesField(1, duration))]);
  return Buffer.concat([varintField(1, code), bytesField(2, Buffer.from(message)), bytesField(3, any)]);
}

/** The delay of the first RetryInfo in milliseconds; undefined when there is none, or the bytes are damaged. */
export function decodeRetryAfter(status: Uint8Array): number | undefined {
  for (const any of delimited(status, 3)) {
    const [type] = delimited(any, 1);
    if (type === undefined || !Buffer.from(type).toString("utf8").endsWith("/google.rpc.RetryInfo")) continue;
    const [info = new Uint8Array()] = delimited(any, 2);
    const [duration = new Uint8Array()] = delimited(info, 1);
    const fields = [...read(duration)];
    const value = (number: number) => fields.findLast((field) => field.number === number)?.value;
    const ms =
      Number(BigInt.asIntN(64, value(1) ?? 0n)) * 1000 + Number(BigInt.asIntN(32, value(2) ?? 0n)) / 1e6;
    return ms > 0 && Number.isFinite(ms) ? ms : undefined;
  }
  return undefined;
}

interface Field {
  readonly number: number;
  readonly value?: bigint;
  readonly bytes?: Uint8Array;
}

function* delimited(message: Uint8Array, number: number): Generator<Uint8Array> {
  for (const field of read(message))
    if (field.number === number && field.bytes !== undefined) yield field.bytes;
}

/** The fields up to the end or the first damage. */
function* read(message: Uint8Array): Generator<Field> {
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
      yield { number, value };
      continue;
    }
    const length = wireType === 1 ? 8n : wireType === 5 ? 4n : wireType === 2 ? varint() : undefined;
    if (length === undefined || length > BigInt(message.length - at)) return;
    const bytes = message.subarray(at, at + Number(length));
    at += Number(length);
    yield wireType === 2 ? { number, bytes } : { number };
  }
}

function varintField(number: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.from([...varintBytes(number << 3), ...varintBytes(value)]);
}

function bytesField(number: number, bytes: Buffer): Buffer {
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
