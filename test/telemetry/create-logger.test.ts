import assert from "node:assert/strict";
import { test } from "node:test";
import { reveal, Secret } from "../../src/config/index.ts";
import { createLogger, type LoggerOptions } from "../../src/telemetry/index.ts";

function recorder(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const all: LoggerOptions = {
    level: "info",
    encoding: "json",
    write: (line) => lines.push(line),
    ...options,
  };
  return { lines, logger: createLogger(all), all };
}

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

test("a line is one JSON object with the Collector's keys", () => {
  const { lines, logger } = recorder({ fields: { site: "a" } });
  const child = logger.child({ "otelcol.component.id": "x" });
  child.warn("It broke.", { error: new Error("outer", { cause: new Error("inner") }), points: 3 });
  child.debug("Not written.");
  const [line] = parsed(lines);
  assert.equal(lines.length, 1);
  assert.match(String(line?.["ts"]), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(
    { ...line, ts: "" },
    {
      level: "warn",
      ts: "",
      site: "a",
      "otelcol.component.id": "x",
      error: "outer: inner",
      points: 3,
      msg: "It broke.",
    },
  );
});

test("options that change hold for loggers that exist", () => {
  const { lines, logger, all } = recorder();
  const child = logger.child({ a: 1 });
  child.debug("One.");
  logger.configure({ ...all, level: "debug", encoding: "console" });
  assert.ok(child.isEnabled("debug"));
  child.debug("Two.");
  logger.configure({ ...all, level: "error" });
  child.warn("Three.");
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /\tdebug\tTwo\.\t\{"a":1\}\n$/);
});

test("a message that comes again and again is sampled, each component's by itself", () => {
  let now = 0;
  const sampling = { initial: 2, thereafter: 5, tickMs: 1000, now: () => now };
  const { lines, logger } = recorder({ sampling });
  const a = logger.child({ "otelcol.component.id": "a" });
  const b = logger.child({ "otelcol.component.id": "b" });
  for (let i = 1; i <= 12; i++) a.info("Again.", { i });
  b.info("Again.", { i: 100 });
  now = 1000;
  a.info("Again.", { i: 13 });
  assert.deepEqual(
    parsed(lines).map(({ i }) => i),
    [1, 2, 7, 12, 100, 13],
  );
});

test("lines of no component that say different things are all written", () => {
  const sampling = { initial: 2, thereafter: 0, tickMs: 1000, now: () => 0 };
  const { lines, logger } = recorder({ sampling });
  for (let line = 1; line <= 20; line++) logger.error("Problem in the configuration.", { file: "a", line });
  for (let i = 1; i <= 20; i++) logger.warn("It failed.", { error: new Error("refused") });
  assert.equal(lines.filter((line) => line.includes("Problem")).length, 20);
  assert.equal(lines.filter((line) => line.includes("It failed")).length, 2);
});

test("secrets do not reach a line", () => {
  const secret = 'to"ken/123';
  const held = [secret, "", "abc"].map((text) => new Secret(text));
  for (const encoding of ["json", "console"] as const) {
    const { lines, logger } = recorder({ encoding });
    logger.error(`Cannot use ${secret}.`, {
      error: new Error(`header ${secret}`),
      url: "https://me:pa55word@host/x?y=abc",
      header: "Authorization: Bearer eyJhbGciOi",
    });
    const line = lines[0] ?? "";
    for (const leak of ["ken/123", "pa55word", "eyJ"]) assert.ok(!line.includes(leak), line);
    assert.ok(line.includes("y=abc"), "what is too short to tell stays");
    assert.ok(line.includes("https://[REDACTED]@host/x"), line);
    if (encoding === "json") JSON.parse(line);
  }
  assert.equal(held.length, 3);
});

test("a server that quotes what it was sent does not bring secrets into the log", () => {
  const secret = "s+e cret/1";
  const held = new Secret(secret);
  const { lines, logger } = recorder();
  const basic = Buffer.from(`me:${secret}`).toString("base64");
  logger.warn("Refused.", {
    a: `invalid_client: you sent Basic ${basic}`,
    b: "unknown Bearer eyJhbGciOi0",
    c: `client_secret=${new URLSearchParams({ x: secret }).toString().slice(2)}&x=1`,
    d: `http://h/?s=${encodeURIComponent(secret)}`,
    e: "https://me:p@ss@host:1/x",
  });
  const { a, b, c, d, e } = parsed(lines)[0] ?? {};
  assert.equal(a, "invalid_client: you sent Basic [REDACTED]");
  assert.equal(b, "unknown Bearer [REDACTED]");
  assert.equal(c, "client_secret=[REDACTED]&x=1");
  assert.equal(d, "http://h/?s=[REDACTED]");
  assert.equal(e, "https://[REDACTED]@host:1/x");
  assert.equal(reveal(held), secret);
});

test("words about authentication stay", () => {
  const { lines, logger } = recorder();
  const problem = "missing Bearer token, basic authentication is off; http://host:80/a?mail=b@c";
  logger.warn("Refused.", { problem });
  assert.equal(parsed(lines)[0]?.["problem"], problem);
});
