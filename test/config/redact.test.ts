import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { redactText, Secret } from "../../src/config/index.ts";
import { looksSecret, mayBeSecret } from "../../src/config/redact/secret-names.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("a secret that nobody holds any more is remembered for a while, then forgotten", async () => {
  const release = (text: string) => void new Secret(text);
  release("s3cret-of-before");
  for (let i = 0; i < 10; i++) {
    collectGarbage();
    await setImmediate();
  }
  assert.equal(redactText("it was s3cret-of-before"), "it was [REDACTED]");
  for (let i = 0; redactText("s3cret-of-before") === "[REDACTED]"; i++) {
    release(`s3cret-${i}`);
    if (i % 50 !== 0) continue;
    collectGarbage();
    await setImmediate();
  }
});

test("secrets in URLs and headers are taken out, what only looks like them stays", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["http://me:pa@ss@host/x", "http://[REDACTED]@host/x"],
    ["https://gh-token@host", "https://[REDACTED]@host"],
    ["http://[::1]:80/a@b http://h?mail=a@b", "http://[::1]:80/a@b http://h?mail=a@b"],
    ["/x?a=1&access_token=abc&b=2", "/x?a=1&access_token=[REDACTED]&b=2"],
    ["http://h/?api_key=abc#f", "http://h/?api_key=[REDACTED]#f"],
    ["watch?resourceVersion=1&continue=abc", "watch?resourceVersion=1&continue=abc"],
    ["receivers::x::authorization::type", "receivers::x::authorization::type"],
    ['{"authorization":"Bearer abc123"}', '{"authorization":"Bearer [REDACTED]"}'],
  ];
  for (const [text, clean] of cases) {
    assert.equal(redactText(text), clean);
    assert.equal(redactText(clean), clean, "once more changes nothing");
  }
});

test("names tell secrets", () => {
  for (const name of ["token", "client_secret", "X-Api-Key", "apiKey", "key_pem", "db-password"]) {
    assert.ok(looksSecret(name), name);
  }
  for (const name of ["tokn", "pasword", "my_passwrd", "secert"]) assert.ok(mayBeSecret(name), name);
  for (const name of [
    "token_url",
    "password_file",
    "key",
    "k8s.secret.name",
    "timeout",
    "paths",
    "headers",
  ]) {
    assert.ok(!mayBeSecret(name), name);
  }
});
