import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { CollectorError, errorCodes, errorText } from "../../src/errors/index.ts";

test("docs/errors.md and the code table say the same, in both directions", async () => {
  const text = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const documented = [...text.matchAll(/^\| `([A-Z0-9_]+)` \| (.*?) \|\r?$/gm)].map((m) => [m[1], m[2]]);
  const byCode = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
  assert.deepEqual(documented.sort(byCode), Object.entries(errorCodes).sort(byCode));
});

test("every meaning is one sentence", () => {
  for (const [code, meaning] of Object.entries(errorCodes)) {
    assert.match(code, /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
    assert.match(meaning, /^[A-Z][^|\n]*\.$/, code);
  }
});

test("an error carries its code, cause and the name of its class", () => {
  class DiskError extends CollectorError {}
  const cause = new Error("disk gone");
  const error = new DiskError("STORAGE", 'cannot open "x"', { cause });
  assert.equal(error.code, "STORAGE");
  assert.equal(error.cause, cause);
  assert.equal(error.name, "DiskError");
  assert.ok(error instanceof Error);
});

test("errorText chains causes, repeats nothing and survives a cycle", () => {
  const inner = new Error("connect ECONNREFUSED");
  const outer = new Error("scrape failed", { cause: inner });
  assert.equal(errorText(outer), "scrape failed: connect ECONNREFUSED");
  assert.equal(errorText(new Error("a: connect ECONNREFUSED", { cause: inner })), "a: connect ECONNREFUSED");
  inner.cause = outer;
  assert.equal(errorText(outer), "scrape failed: connect ECONNREFUSED");
  assert.equal(errorText("plain"), "plain");
  assert.equal(errorText(undefined), "");
});

test("errorText looks into an aggregate without a message", () => {
  assert.equal(
    errorText(new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused")])),
    "::1 refused; 127.0.0.1 refused",
  );
});
