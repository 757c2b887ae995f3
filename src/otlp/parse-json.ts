import { OtlpDecodeError } from "./decode-error.ts";

/** Parses JSON text whose outermost value must be an object. @throws OtlpDecodeError */
export function parseJsonObject(text: string | Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(typeof text === "string" ? text : decodeUtf8(text));
  } catch (cause) {
    const at = cause instanceof Error ? /position (\d+)/.exec(cause.message)?.[1] : undefined;
    throw new OtlpDecodeError("invalid JSON", at === undefined ? undefined : Number(at), { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new OtlpDecodeError("JSON text holds no object");
}

function decodeUtf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length).toString("utf8");
}
