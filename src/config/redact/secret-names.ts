import { nearestName } from "../nearest-name.ts";

const WORDS = [
  ...["token", "tokens", "secret", "secrets", "password", "passwords", "passwd", "passphrase"],
  ...["credential", "credentials", "authorization", "bearer", "cookie", "apikey", "pem"],
];
const SHORT_WORDS = ["pass", "pwd", "pw"];
/** Before `key`, which alone is the name of many things. */
const KEYS: ReadonlySet<string> = new Set([
  "api",
  "access",
  "account",
  "auth",
  "private",
  "secret",
  "signing",
]);
const LONG_WORDS = WORDS.filter((word) => word.length > 4);
const ALL: ReadonlySet<string> = new Set([...WORDS, ...SHORT_WORDS]);

/** Whether an option or header of this name most likely holds a secret: `client_secret`, `X-Api-Key`, not `token_url`. */
export function looksSecret(name: string): boolean {
  const words = wordsOf(name);
  const last = words.at(-1) ?? "";
  return ALL.has(last) || (last === "key" && KEYS.has(words.at(-2) ?? ""));
}

/** Whether it may be meant for one: also `tokn` and `pasword`. */
export function mayBeSecret(name: string): boolean {
  return looksSecret(name) || nearestName(wordsOf(name).at(-1) ?? "", LONG_WORDS) !== undefined;
}

function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}
