import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import {
  duration,
  endpointUrl,
  formatDuration,
  headers,
  opaque,
  parseComponentId,
  parseDuration,
  reveal,
} from "../../../src/config/index.ts";

test("durations parse as in Go", () => {
  const table: Record<string, number | undefined> = {
    "0": 0,
    "0s": 0,
    "+5s": 5000,
    "-5s": -5000,
    "300ms": 300,
    "1h30m": 5_400_000,
    "1.5h": 5_400_000,
    "1h30m0.5s": 5_400_500,
    ".5s": 500,
    "5.s": 5000,
    "1us": 0.001,
    "1µs": 0.001,
    "1μs": 0.001,
    "1ns": 0.000001,
    "1s1s": 2000,
    "": undefined,
    s: undefined,
    "5": undefined,
    "5 s": undefined,
    "5S": undefined,
    "5d": undefined,
    ".s": undefined,
    "1e3s": undefined,
    "--5s": undefined,
    "5s ": undefined,
    "9999999h": undefined,
  };
  for (const [text, ms] of Object.entries(table)) assert.equal(parseDuration(text), ms, JSON.stringify(text));
});

test("durations print as in Go", () => {
  const table: [number, string][] = [
    [0, "0s"],
    [30_000, "30s"],
    [300_000, "5m0s"],
    [5_400_000, "1h30m0s"],
    [1500, "1.5s"],
    [300, "300ms"],
    [0.002, "2µs"],
    [0.0015, "1.5µs"],
    [0.000001, "1ns"],
    [-1500, "-1.5s"],
    [3_600_001, "1h0m0.001s"],
    [999.9999999, "1s"],
  ];
  for (const [ms, text] of table) assert.equal(formatDuration(ms), text);
});

test("every duration down to a nanosecond survives print and parse", () => {
  const nanoseconds = fc.integer({ min: -9_000_000_000_000_000, max: 9_000_000_000_000_000 });
  fc.assert(
    fc.property(fc.oneof(nanoseconds, fc.integer({ min: 0, max: 1_000_000_000 })), (ns) => {
      const ms = Math.round(ns) / 1e6;
      assert.equal(parseDuration(formatDuration(ms)), ms === 0 ? 0 : ms);
    }),
  );
});

test("parsing any text as a duration gives a number or nothing", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[-+]?[0-9.nuµmsh ]{0,12}$/), (text) => {
      const ms = parseDuration(text);
      assert.ok(ms === undefined || Number.isFinite(ms));
    }),
  );
});

test("a duration schema takes strings and 0, and holds its bounds", () => {
  const schema = duration({ min: 100, max: 60_000 });
  assert.equal(schema.parse("1s"), 1000);
  assert.equal(duration().parse(0), 0);
  for (const [value, message] of [
    [30, 'expected a duration such as "30s", got 30'],
    ["30", 'expected a duration such as "30s", got "30"'],
    ["50ms", "must be at least 100ms, got 50ms"],
    ["2m", "must be at most 1m, got 2m"],
    ["-1s", "must be at least 100ms, got -1s"],
  ] as const) {
    assert.equal(schema.safeParse(value).error?.issues[0]?.message, message);
  }
});

test("a secret shows nowhere but through reveal", () => {
  const secret = opaque().parse("hunter2");
  for (const text of [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true }),
  ]) {
    assert.doesNotMatch(text, /hunter2/);
    assert.match(text, /\[REDACTED\]/);
  }
  assert.deepEqual(Object.keys(secret), []);
  assert.equal(reveal(secret), "hunter2");
});

test("headers come as a map or a list, values secret", () => {
  const read = (input: unknown) => {
    const value = headers().parse(input);
    return Object.fromEntries(Object.entries(value).map(([name, secret]) => [name, reveal(secret)]));
  };
  assert.deepEqual(read({ "X-A": "1", "x-b": "2" }), { "X-A": "1", "x-b": "2" });
  assert.deepEqual(read([{ name: "X-A", value: "1" }]), { "X-A": "1" });
  assert.match(
    headers().safeParse([
      { name: "a", value: "1" },
      { name: "a", value: "2" },
    ]).error?.message ?? "",
    /duplicate keys in map-style list: \[a\]/,
  );
});

test("endpoint URLs are http or https with a host", () => {
  for (const url of ["http://a", "https://a:1/b?c", "HTTPS://[::1]:8443/metrics", "http://user:pw@h/"]) {
    assert.equal(endpointUrl().parse(url), url);
  }
  for (const url of [
    "",
    "a:1",
    "/metrics",
    "https:/a",
    "https:a",
    "https://",
    "ftp://a",
    "http://a b",
    "http://a:99999",
    " http://a",
  ]) {
    assert.equal(endpointUrl().safeParse(url).success, false, url);
  }
  assert.doesNotMatch(endpointUrl().safeParse("http://u:hunter2@h:99999").error?.message ?? "", /hunter2/);
});

test("component IDs by the Collector's rules and messages", () => {
  assert.deepEqual(parseComponentId("otlp"), { type: "otlp", id: "otlp" });
  assert.deepEqual(parseComponentId(" otlp / a/b "), { type: "otlp", name: "a/b", id: "otlp/a/b" });
  assert.equal(parseComponentId(`a/${"n".repeat(1024)}`).name?.length, 1024);
  const bad: [string, string][] = [
    ["", "id must not be empty"],
    ["/x", 'in "/x" id: the part before / should not be empty'],
    ["x/", 'in "x/" id: the part after / should not be empty'],
    ["a-b", 'in "a-b" id: invalid character(s) in type "a-b"'],
    ["1a/b", 'in "1a/b" id: invalid character(s) in type "1a"'],
    ["a/b c", 'in "a/b c" id: invalid character(s) in name "b c"'],
    [`${"a".repeat(64)}`, `in "${"a".repeat(64)}" id: invalid character(s) in type "${"a".repeat(64)}"`],
    [`a/${"n".repeat(1025)}`, `in "a/${"n".repeat(1025)}" id: name length is greater than 1024 characters`],
  ];
  for (const [text, message] of bad)
    assert.throws(() => parseComponentId(text), { code: "CONFIG_ID", message });
});
