import { createHash } from "node:crypto";
import { murmur3, murmur3x128 } from "./murmur3.ts";
import { defineConverter, type FunctionDefinition, string } from "./parameter.ts";
import { xxh3, xxh128 } from "./xxh3.ts";

function hash(name: string, digest: (bytes: Buffer) => unknown): FunctionDefinition {
  return defineConverter(name, { target: string() }, name === "FNV" ? "int" : "string", ({ target }) =>
    digest(Buffer.from(target)),
  );
}

function nodeHash(name: string, algorithm: string): FunctionDefinition {
  return hash(name, (bytes) => createHash(algorithm).update(bytes).digest("hex"));
}

/** FNV-1a of 64 bits, as a signed integer. */
function fnv(bytes: Buffer): bigint {
  let value = 0xcbf29ce484222325n;
  for (const byte of bytes) value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  return BigInt.asIntN(64, value);
}

export const hashFunctions: readonly FunctionDefinition[] = [
  nodeHash("MD5", "md5"),
  nodeHash("SHA1", "sha1"),
  nodeHash("SHA256", "sha256"),
  nodeHash("SHA512", "sha512"),
  hash("FNV", fnv),
  hash("Murmur3Hash", (bytes) => murmur3(bytes).toString("hex")),
  hash("Murmur3Hash128", (bytes) => murmur3x128(bytes).toString("hex")),
  hash("XXH3", (bytes) => xxh3(bytes).toString(16).padStart(16, "0")),
  hash("XXH128", (bytes) => xxh128(bytes).toString(16).padStart(32, "0")),
];
