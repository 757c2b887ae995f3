import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { compare } from "bcryptjs";
import { Secret } from "../../config/index.ts";

/** Tells whether a password is the one that a line of an htpasswd file stands for. */
type Check = (password: string) => boolean | Promise<boolean>;

interface User {
  /** Held, so that it is redacted wherever it is quoted. */
  readonly hash: Secret;
  readonly check: Check;
}

const LINE = /^([^:]+):(.*)$/;
/** Variant, cost, salt and digest. */
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;

/**
 * The users of an htpasswd text; comments and empty lines are left out.
 * @throws Error naming the line (never its text) that cannot be used
 */
export function parseHtpasswd(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  text.split("\n").forEach((raw, i) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return;
    const [, user, hash] = LINE.exec(line) ?? [];
    if (user === undefined || hash === undefined) throw new Error(`line ${i + 1} is not "user:hash"`);
    const check = checkOf(hash);
    if (check === undefined) {
      throw new Error(
        `line ${i + 1} has a hash of a kind that is not supported, allowed are $2y$ (bcrypt), $apr1$, {SHA} and {SSHA}`,
      );
    }
    users.set(user, { hash: new Secret(hash), check });
  });
  return users;
}

function checkOf(hash: string): Check | undefined {
  if (hash.startsWith("{SHA}")) {
    const digest = Buffer.from(hash.slice(5), "base64");
    return (password) => equal(sha1(Buffer.from(password)), digest);
  }
  if (hash.startsWith("{SSHA}")) {
    const salted = Buffer.from(hash.slice(6), "base64");
    const salt = salted.subarray(20);
    return (password) => equal(sha1(Buffer.concat([Buffer.from(password), salt])), salted.subarray(0, 20));
  }
  if (hash.startsWith("$apr1$")) {
    const salt = hash.split("$")[2] ?? "";
    return (password) => equal(Buffer.from(apr1(password, salt)), Buffer.from(hash));
  }
  if (BCRYPT.test(hash)) return bcryptCheck(hash);
  if (hash.startsWith("$") || hash.startsWith("{")) return undefined;
  return (password) => equal(sha1(Buffer.from(password)), sha1(Buffer.from(hash)));
}

/**
 * bcrypt is slow on purpose, while a client sends its password with each request: the last right one is known again by
 * a digest under a key that never leaves the process.
 */
function bcryptCheck(hash: string): Check {
  const key = randomBytes(32);
  let known: Buffer | undefined;
  return async (password) => {
    const digest = createHmac("sha256", key).update(password).digest();
    if (known !== undefined && equal(digest, known)) return true;
    if (!(await compare(password, hash))) return false;
    known = digest;
    return true;
  };
}

function sha1(data: Buffer): Buffer {
  return createHash("sha1").update(data).digest();
}

function md5(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** In which order the bytes of the digest are written, three to four characters. */
const ORDER = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const;

/** Apache's variant of the MD5 crypt of FreeBSD: `$apr1$salt$digest`. */
function apr1(password: string, salt: string): string {
  const key = Buffer.from(password);
  const inner = md5(key, salt, key);
  const parts: (string | Uint8Array)[] = [key, "$apr1$", salt];
  for (let left = key.length; left > 0; left -= 16) parts.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = key.length; bits > 0; bits >>= 1)
    parts.push((bits & 1) === 1 ? Buffer.of(0) : key.subarray(0, 1));
  let digest = md5(...parts);
  for (let round = 0; round < 1000; round++) {
    const odd = (round & 1) === 1;
    digest = md5(
      odd ? key : digest,
      round % 3 === 0 ? "" : salt,
      round % 7 === 0 ? "" : key,
      odd ? digest : key,
    );
  }
  const byte = (at: number) => digest[at] as number;
  const groups = ORDER.map(([a, b, c]) => encode((byte(a) << 16) | (byte(b) << 8) | byte(c), 4));
  return `$apr1$${salt}$${groups.join("")}${encode(byte(11), 2)}`;
}

function encode(value: number, characters: number): string {
  let text = "";
  for (let i = 0, rest = value; i < characters; i++, rest >>= 6) text += ALPHABET[rest & 63];
  return text;
}
