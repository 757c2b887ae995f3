/** MurmurHash3 of 32 bits with seed 0, little-endian. */
export function murmur3(bytes: Buffer): Buffer {
  const c1 = 0xcc9e2d51;
  const c2 = 0x1b873593;
  let h = 0;
  const blocks = bytes.length >>> 2;
  const mix = (k: number) => Math.imul(rotate32(Math.imul(k, c1), 15), c2);
  for (let i = 0; i < blocks; i++) {
    h = rotate32(h ^ mix(bytes.readInt32LE(i * 4)), 13);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  const tail = bytes.subarray(blocks * 4);
  let k = 0;
  for (let i = tail.length - 1; i >= 0; i--) k = (k << 8) | (tail[i] as number);
  if (tail.length > 0) h ^= mix(k);
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  const result = Buffer.alloc(4);
  result.writeInt32LE(h ^ (h >>> 16));
  return result;
}

/** MurmurHash3 of 128 bits (x64) with seed 0, both halves little-endian. */
export function murmur3x128(bytes: Buffer): Buffer {
  const c1 = 0x87c37b91114253d5n;
  const c2 = 0x4cf5ad432745937fn;
  let h1 = 0n;
  let h2 = 0n;
  const mix1 = (k: bigint) => u64(rotate64(u64(k * c1), 31n) * c2);
  const mix2 = (k: bigint) => u64(rotate64(u64(k * c2), 33n) * c1);
  const blocks = bytes.length >>> 4;
  for (let i = 0; i < blocks; i++) {
    h1 = u64(rotate64(h1 ^ mix1(bytes.readBigUInt64LE(i * 16)), 27n) + h2);
    h1 = u64(h1 * 5n + 0x52dce729n);
    h2 = u64(rotate64(h2 ^ mix2(bytes.readBigUInt64LE(i * 16 + 8)), 31n) + h1);
    h2 = u64(h2 * 5n + 0x38495ab5n);
  }
  const tail = Buffer.alloc(16);
  bytes.copy(tail, 0, blocks * 16);
  h2 ^= mix2(tail.readBigUInt64LE(8));
  h1 ^= mix1(tail.readBigUInt64LE(0));
  h1 ^= BigInt(bytes.length);
  h2 ^= BigInt(bytes.length);
  h1 = u64(h1 + h2);
  h2 = u64(h2 + h1);
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = u64(h1 + h2);
  h2 = u64(h2 + h1);
  const result = Buffer.alloc(16);
  result.writeBigUInt64LE(h1, 0);
  result.writeBigUInt64LE(h2, 8);
  return result;
}

function finish(k: bigint): bigint {
  let x = u64((k ^ (k >> 33n)) * 0xff51afd7ed558ccdn);
  x = u64((x ^ (x >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return x ^ (x >> 33n);
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotate64(value: bigint, by: bigint): bigint {
  return u64((value << by) | (value >> (64n - by)));
}

function rotate32(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
