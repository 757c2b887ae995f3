import { OtlpDecodeError } from "./decode-error.ts";
import { parseJsonObject } from "./parse-json.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

/**
 * ExportMetricsServiceResponse. Nothing rejected and no message is full success; nothing rejected with a message is a
 * warning (OTLP specification, section "Partial Success").
 */
export interface ExportResponse {
  readonly rejectedDataPoints: number;
  readonly errorMessage: string;
}

/** google.rpc.Status, the body of a failed OTLP/HTTP request. Its details are not read. */
export interface RpcStatus {
  /** A gRPC status code. */
  readonly code: number;
  readonly message: string;
}

const TAG_1_VARINT = 0x08;
const TAG_1_DELIMITED = 0x0a;
const TAG_2_DELIMITED = 0x12;

export function encodeExportResponse({ rejectedDataPoints, errorMessage }: ExportResponse): Uint8Array {
  const writer = new WireWriter();
  writer.optionalString(TAG_2_DELIMITED, errorMessage);
  if (rejectedDataPoints !== 0) {
    writer.bigVarint(BigInt(rejectedDataPoints));
    writer.byte(TAG_1_VARINT);
  }
  writer.delimited(TAG_1_DELIMITED, 0);
  return writer.finish();
}

/** @throws OtlpDecodeError */
export function decodeExportResponse(bytes: Uint8Array): ExportResponse {
  const reader = new WireReader(bytes);
  let rejectedDataPoints = 0;
  let errorMessage = "";
  while (!reader.done) {
    const tag = reader.tag();
    if (tag !== TAG_1_DELIMITED) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    while (!reader.done) {
      const inner = reader.tag();
      if (inner === TAG_1_VARINT) rejectedDataPoints = Number(BigInt.asIntN(64, reader.bigVarint()));
      else if (inner === TAG_2_DELIMITED) errorMessage = reader.string();
      else reader.skip(inner);
    }
    reader.leave(outer);
  }
  return { rejectedDataPoints, errorMessage };
}

export function encodeExportResponseJson({ rejectedDataPoints, errorMessage }: ExportResponse): string {
  return JSON.stringify({
    partialSuccess: {
      ...(rejectedDataPoints !== 0 && { rejectedDataPoints: String(rejectedDataPoints) }),
      ...(errorMessage !== "" && { errorMessage }),
    },
  });
}

/** @throws OtlpDecodeError */
export function decodeExportResponseJson(text: string | Uint8Array): ExportResponse {
  const { partialSuccess } = parseJsonObject(text);
  if (partialSuccess === undefined || partialSuccess === null)
    return { rejectedDataPoints: 0, errorMessage: "" };
  if (typeof partialSuccess !== "object") {
    throw new OtlpDecodeError(`partialSuccess is a ${typeof partialSuccess}, want an object`);
  }
  const { rejectedDataPoints, errorMessage } = partialSuccess as Record<string, unknown>;
  return {
    rejectedDataPoints: integer("partialSuccess.rejectedDataPoints", rejectedDataPoints),
    errorMessage: string("partialSuccess.errorMessage", errorMessage),
  };
}

export function encodeStatus({ code, message }: RpcStatus): Uint8Array {
  const writer = new WireWriter();
  writer.optionalString(TAG_2_DELIMITED, message);
  if (code !== 0) {
    writer.bigVarint(BigInt(code));
    writer.byte(TAG_1_VARINT);
  }
  return writer.finish();
}

/** @throws OtlpDecodeError */
export function decodeStatus(bytes: Uint8Array): RpcStatus {
  const reader = new WireReader(bytes);
  let code = 0;
  let message = "";
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === TAG_1_VARINT) code = reader.uint32() | 0;
    else if (tag === TAG_2_DELIMITED) message = reader.string();
    else reader.skip(tag);
  }
  return { code, message };
}

export function encodeStatusJson({ code, message }: RpcStatus): string {
  return JSON.stringify({ code, message });
}

/** @throws OtlpDecodeError */
export function decodeStatusJson(text: string | Uint8Array): RpcStatus {
  const { code, message } = parseJsonObject(text);
  return { code: integer("code", code), message: string("message", message) };
}

function integer(name: string, value: unknown): number {
  const number = typeof value === "string" && value !== "" ? Number(value) : (value ?? 0);
  if (typeof number === "number" && Number.isInteger(number)) return number;
  throw new OtlpDecodeError(`${name} is ${JSON.stringify(value)}, want an integer`);
}

function string(name: string, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw new OtlpDecodeError(`${name} is ${JSON.stringify(value)}, want a string`);
}
