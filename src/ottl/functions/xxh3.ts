/**
 * XXH3 with 64 and 128 bits, seed 0 and the default secret, after the xxHash specification. Statements hash short texts
 * once for each series, so this is written to be read, in bigints.
 */
const SECRET = Buffer.from(
  "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f" +
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c" +
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8" +
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364" +
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e" +
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e",
  "hex",
);
const SECRET_MINIMUM = 136;
const STRIPE = 64;
const BLOCK = 1024;

const P32_1 = 0x9e3779b1n;
const P32_2 = 0x85ebca77n;
const P32_3 = 0xc2b2ae3dn;
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
const MX1 = 0x165667919e3779f9n;
const MX2 = 0x9fb21c651e98df25n;

/** XXH3 of 64 bits. */
export function xxh3(bytes: Buffer): bigint {
  const { length } = bytes;
  const size = BigInt(length);
  if (length === 0) return avalanche64(secret64(56) ^ secret64(64));
  if (length <= 3) return avalanche64(packTiny(bytes) ^ BigInt((secret32(0) ^ secret32(4)) >>> 0));
  if (length <= 8) {
    const input = u64(BigInt(bytes.readUInt32LE(length - 4)) + (BigInt(bytes.readUInt32LE(0)) << 32n));
    let h = input ^ secret64(8) ^ secret64(16);
    h ^= rotate(h, 49n) ^ rotate(h, 24n);
    h = u64(h * MX2);
    h ^= (h >> 35n) + size;
    h = u64(u64(h) * MX2);
    return h ^ (h >> 28n);
  }
  if (length <= 16) {
    const low = bytes.readBigUInt64LE(0) ^ secret64(24) ^ secret64(32);
    const high = bytes.readBigUInt64LE(length - 8) ^ secret64(40) ^ secret64(48);
    return avalanche(size + swap64(low) + high + fold(low, high));
  }
  if (length <= 128) {
    let sum = size * P1;
    for (let i = (length - 1) >> 5; i >= 0; i--) {
      sum += mix16(bytes, i * 16, i * 32) + mix16(bytes, length - 16 * (i + 1), i * 32 + 16);
    }
    return avalanche(sum);
  }
  if (length <= 240) {
    let sum = size * P1;
    for (let i = 0; i < 8; i++) sum += mix16(bytes, i * 16, i * 16);
    sum = avalanche(sum);
    for (let i = 8; i < length >> 4; i++) sum += mix16(bytes, i * 16, (i - 8) * 16 + 3);
    return avalanche(sum + mix16(bytes, length - 16, SECRET_MINIMUM - 17));
  }
  return merge(accumulate(bytes), 11, size * P1);
}

/** XXH3 of 128 bits, the high half in the high bits. */
export function xxh128(bytes: Buffer): bigint {
  const { length } = bytes;
  const size = BigInt(length);
  if (length === 0)
    return join(avalanche64(secret64(80) ^ secret64(88)), avalanche64(secret64(64) ^ secret64(72)));
  if (length <= 3) {
    const low = packTiny(bytes);
    const swapped = Buffer.alloc(4);
    swapped.writeUInt32BE(Number(low));
    const reversed = swapped.readUInt32LE(0);
    const high = BigInt(((reversed << 13) | (reversed >>> 19)) >>> 0);
    const flipLow = BigInt((secret32(0) ^ secret32(4)) >>> 0);
    const flipHigh = BigInt((secret32(8) ^ secret32(12)) >>> 0);
    return join(avalanche64(high ^ flipHigh), avalanche64(low ^ flipLow));
  }
  if (length <= 8) {
    const input = BigInt(bytes.readUInt32LE(0)) + (BigInt(bytes.readUInt32LE(length - 4)) << 32n);
    const product = (input ^ secret64(16) ^ secret64(24)) * u64(P1 + (size << 2n));
    let low = u64(product);
    const high = u64((product >> 64n) + (low << 1n));
    low ^= high >> 3n;
    low ^= low >> 35n;
    low = u64(low * MX2);
    low ^= low >> 28n;
    return join(avalanche(high), low);
  }
  if (length <= 16) {
    const first = bytes.readBigUInt64LE(0);
    let last = bytes.readBigUInt64LE(length - 8);
    const product = (first ^ last ^ secret64(32) ^ secret64(40)) * P1;
    let low = u64(u64(product) + ((size - 1n) << 54n));
    last ^= secret64(48) ^ secret64(56);
    const high = u64((product >> 64n) + last + (last & 0xffffffffn) * (P32_2 - 1n));
    low ^= swap64(high);
    const result = low * P2;
    return join(avalanche((result >> 64n) + high * P2), avalanche(u64(result)));
  }
  if (length <= 240) {
    const sums: Pair = { low: u64(size * P1), high: 0n };
    if (length <= 128) {
      for (let i = (length - 1) >> 5; i >= 0; i--) mix32(sums, bytes, i * 16, length - 16 * (i + 1), i * 32);
    } else {
      for (let i = 0; i < 128; i += 32) mix32(sums, bytes, i, i + 16, i);
      sums.low = avalanche(sums.low);
      sums.high = avalanche(sums.high);
      for (let i = 160; i <= length; i += 32) mix32(sums, bytes, i - 32, i - 16, i - 157);
      mix32(sums, bytes, length - 16, length - 32, SECRET_MINIMUM - 33);
    }
    const high = sums.low * P1 + sums.high * P4 + size * P2;
    return join(u64(-avalanche(high)), avalanche(sums.low + sums.high));
  }
  const sums = accumulate(bytes);
  return join(merge(sums, SECRET.length - STRIPE - 11, ~(size * P2)), merge(sums, 11, size * P1));
}

interface Pair {
  low: bigint;
  high: bigint;
}

function mix32(sums: Pair, bytes: Buffer, first: number, second: number, secret: number): void {
  const sum = (at: number) => bytes.readBigUInt64LE(at) + bytes.readBigUInt64LE(at + 8);
  sums.low = u64(sums.low + mix16(bytes, first, secret)) ^ u64(sum(second));
  sums.high = u64(sums.high + mix16(bytes, second, secret + 16)) ^ u64(sum(first));
}

/** The eight lanes over a long input. */
function accumulate(bytes: Buffer): bigint[] {
  const lanes = [P32_3, P1, P2, P3, P4, P32_2, P5, P32_1];
  const stripe = (at: number, secret: number) => {
    for (let i = 0; i < 8; i++) {
      const value = bytes.readBigUInt64LE(at + i * 8);
      const key = value ^ secret64(secret + i * 8);
      lanes[i ^ 1] = u64((lanes[i ^ 1] as bigint) + value);
      lanes[i] = u64((lanes[i] as bigint) + (key & 0xffffffffn) * (key >> 32n));
    }
  };
  const last = bytes.length - 1;
  for (let block = 0; block + BLOCK <= last; block += BLOCK) {
    for (let i = 0; i < BLOCK / STRIPE; i++) stripe(block + i * STRIPE, i * 8);
    for (const [i, lane] of lanes.entries()) {
      lanes[i] = u64((lane ^ (lane >> 47n) ^ secret64(SECRET.length - STRIPE + i * 8)) * P32_1);
    }
  }
  const start = Math.floor(last / BLOCK) * BLOCK;
  for (let i = 0; i < Math.floor((last - start) / STRIPE); i++) stripe(start + i * STRIPE, i * 8);
  stripe(bytes.length - STRIPE, SECRET.length - STRIPE - 7);
  return lanes;
}

function merge(lanes: readonly bigint[], secret: number, start: bigint): bigint {
  let sum = start;
  for (let i = 0; i < 4; i++) {
    sum += fold(
      (lanes[2 * i] as bigint) ^ secret64(secret + 16 * i),
      (lanes[2 * i + 1] as bigint) ^ secret64(secret + 16 * i + 8),
    );
  }
  return avalanche(sum);
}

function packTiny(bytes: Buffer): bigint {
  const { length } = bytes;
  const at = (index: number) => BigInt(bytes[index] as number);
  return (at(0) << 16n) | (at(length >> 1) << 24n) | at(length - 1) | (BigInt(length) << 8n);
}

function mix16(bytes: Buffer, at: number, secret: number): bigint {
  return fold(
    bytes.readBigUInt64LE(at) ^ secret64(secret),
    bytes.readBigUInt64LE(at + 8) ^ secret64(secret + 8),
  );
}

function fold(a: bigint, b: bigint): bigint {
  const product = a * b;
  return u64(product) ^ (product >> 64n);
}

function avalanche(value: bigint): bigint {
  let h = u64(value);
  h ^= h >> 37n;
  h = u64(h * MX1);
  return h ^ (h >> 32n);
}

/** The final mix of the older XXH64. */
function avalanche64(value: bigint): bigint {
  let h = u64((value ^ (value >> 33n)) * P2);
  h = u64((h ^ (h >> 29n)) * P3);
  return h ^ (h >> 32n);
}

function secret64(at: number): bigint {
  return SECRET.readBigUInt64LE(at);
}

function secret32(at: number): number {
  return SECRET.readUInt32LE(at);
}

function swap64(value: bigint): bigint {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(value);
  return buffer.readBigUInt64LE(0);
}

function rotate(value: bigint, by: bigint): bigint {
  return u64((value << by) | (value >> (64n - by)));
}

function join(high: bigint, low: bigint): bigint {
  return (high << 64n) | low;
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
