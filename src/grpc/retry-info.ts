import { bytesField, delimited, readFields, varintField } from "./protobuf-fields.ts";

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
    const fields = [...readFields(duration)];
    const value = (number: number) => fields.findLast((field) => field.number === number)?.value;
    const ms =
      Number(BigInt.asIntN(64, value(1) ?? 0n)) * 1000 + Number(BigInt.asIntN(32, value(2) ?? 0n)) / 1e6;
    return ms > 0 && Number.isFinite(ms) ? ms : undefined;
  }
  return undefined;
}
