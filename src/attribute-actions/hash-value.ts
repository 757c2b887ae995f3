import { createHash } from "node:crypto";
import { attributeText } from "../reshape/index.ts";

/** SHA-256 in hex of the bytes that the Collector takes of a value: numbers are 8 bytes, little-endian. */
export function hashValue(value: unknown): string {
  return createHash("sha256").update(bytesOf(value)).digest("hex");
}

function bytesOf(value: unknown): Uint8Array | string {
  switch (typeof value) {
    case "boolean":
      return Uint8Array.of(value ? 1 : 0);
    case "bigint":
      return eightBytes((bytes) => bytes.writeBigInt64LE(BigInt.asIntN(64, value)));
    case "number":
      return eightBytes((bytes) =>
        Number.isSafeInteger(value) ? bytes.writeBigInt64LE(BigInt(value)) : bytes.writeDoubleLE(value),
      );
    default:
      return value instanceof Uint8Array ? value : attributeText(value);
  }
}

function eightBytes(write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(8);
  write(bytes);
  return bytes;
}
