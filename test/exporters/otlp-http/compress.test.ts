import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { createCompress } from "../../../src/exporters/otlp-http/compress.ts";

const plain = (bytes: Uint8Array): Uint8Array => bytes;

for (const [name, decompress] of [
  ["gzip", gunzipSync],
  ["zstd", zstdDecompressSync],
  ["none", plain],
] as const) {
  test(`${name} makes bytes of its own that hold no more memory than they need`, async () => {
    for (const size of [0, 10, 100_000, 5_000_000]) {
      const source = Buffer.alloc(size, "kubevirt_vmi_vcpu_seconds_total ");
      const expected = Buffer.from(source);
      const result = await createCompress(name, 1)(source);
      source.fill(0);
      assert.ok(expected.equals(decompress(result)), `${size} bytes`);
      assert.ok(
        result.buffer.byteLength <= result.length * 1.5,
        `${result.buffer.byteLength} for ${result.length}`,
      );
    }
  });
}
