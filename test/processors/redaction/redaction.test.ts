import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import { type Attributes, Batch, type MetricsBatch } from "../../../src/metrics/index.ts";
import redaction from "../../../src/processors/redaction/index.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";

type T = Parameters<typeof runProcessor>[0];

async function redacted(t: T, config: object, attributes: Attributes): Promise<Attributes | undefined> {
  const { send } = await runProcessor(t, redaction, config);
  const { layout } = await send(Batch.from([gauges({}, { m: [attributes] })]));
  return layout.resources[0]?.scopes[0]?.metrics[0]?.attributes[0];
}

const all = { allow_all_keys: true };
const hash = (name: string, text: string) => createHash(name).update(text).digest("hex");

test("keys and values, by each option", async (t) => {
  const secret = { card: "no 1234-5678, no 8765-4321", n: 1234 };
  const blocked_values = ["[0-9]{4}-[0-9]{4}"];
  const rows: readonly (readonly [config: object, input: Attributes, output: Attributes])[] = [
    [{}, { a: 1, b: "x" }, {}],
    [{ allowed_keys: ["b"] }, { a: 1, b: "x" }, { b: "x" }],
    [all, { a: 1, b: "x" }, { a: 1, b: "x" }],
    [{ ignored_keys: ["a"] }, { a: 1, b: "x" }, { a: 1 }],
    [{ ignored_key_patterns: ["^k8s"] }, { "k8s.pod": "p", b: "x" }, { "k8s.pod": "p" }],
    [{ ...all, blocked_values }, secret, { card: "no ****, no ****", n: 1234 }],
    [{ ...all, blocked_values, ignored_keys: ["card"] }, secret, secret],
    [{ ...all, blocked_values, allowed_values: ["^no"] }, secret, secret],
    [
      { ...all, blocked_values: ["12"], redact_all_types: true },
      { n: 1234, list: [12] },
      { n: "****34", list: "[****]" },
    ],
    [
      { ...all, blocked_key_patterns: ["token$"] },
      { api_token: "abc", token_name: "x" },
      { api_token: "****", token_name: "x" },
    ],
    [{ ...all, blocked_key_patterns: ["token$"] }, { api_token: 7 }, { api_token: 7 }],
    [
      { ...all, blocked_key_patterns: ["token$"], redact_all_types: true },
      { api_token: 7 },
      { api_token: "****" },
    ],
    [{ allowed_keys: ["a"], blocked_key_patterns: ["b"] }, { a: 1, b: "x" }, { a: 1 }],
    [
      { ...all, blocked_values, hash_function: "md5" },
      { card: "no 1234-5678" },
      { card: `no ${hash("md5", "1234-5678")}` },
    ],
    [{ ...all, blocked_key_patterns: ["b"], hash_function: "sha1" }, { b: "x" }, { b: hash("sha1", "x") }],
    [
      { ...all, blocked_key_patterns: ["b"], hash_function: "sha3" },
      { b: "x" },
      { b: hash("sha3-256", "x") },
    ],
    [
      { ...all, blocked_key_patterns: ["b"], hash_function: "hmac-sha256", hmac_key: "k" },
      { b: "x" },
      { b: createHmac("sha256", "k").update("x").digest("hex") },
    ],
    [
      { ...all, blocked_key_patterns: ["b"], hash_function: "hmac-sha512", hmac_key: "k" },
      { b: "x" },
      { b: createHmac("sha512", "k").update("x").digest("hex") },
    ],
  ];
  for (const [config, input, output] of rows) {
    assert.deepEqual(await redacted(t, config, input), output, JSON.stringify(config));
  }
});

test("a summary tells what was done, and a second redaction leaves it", async (t) => {
  const config = {
    allowed_keys: ["a", "ok"],
    ignored_keys: ["i"],
    blocked_values: ["secret"],
    allowed_values: ["^fine"],
  };
  const input = { z: 1, y: 2, a: "secret", ok: "fine secret", i: "x" };
  const counts = {
    "redaction.redacted.count": 2,
    "redaction.masked.count": 1,
    "redaction.allowed.count": 1,
    "redaction.ignored.count": 1,
  };
  const kept = { a: "****", ok: "fine secret", i: "x" };
  assert.deepEqual(await redacted(t, { ...config, summary: "silent" }, input), kept);
  const info = await redacted(t, { ...config, summary: "info" }, input);
  assert.deepEqual(info, { ...kept, ...counts });
  assert.deepEqual(await redacted(t, { ...config, summary: "debug" }, input), {
    ...kept,
    ...counts,
    "redaction.redacted.keys": "y,z",
    "redaction.masked.keys": "a",
    "redaction.allowed.keys": "ok",
  });
  assert.deepEqual(await redacted(t, { allowed_keys: ["a"] }, info ?? {}), { a: "****", ...counts });
});

test("resources, scopes, points and exemplars are redacted", async (t) => {
  const [source] = [gauges({ r: "secret" }, { m: [{ p: "secret" }] })] as const;
  const scope = source.scopeMetrics[0];
  const metric = scope?.metrics[0];
  const point = metric?.dataPoints[0];
  const exemplars = [{ time: [1, 0], value: 1, filteredAttributes: { e: "secret" } }];
  const input = [
    {
      ...source,
      scopeMetrics: [
        {
          scope: { name: "s", attributes: { s: "secret" } },
          metrics: [{ ...metric, dataPoints: [{ ...point, exemplars }] }],
        },
      ],
    },
  ] as unknown as MetricsBatch;
  const { send, meter } = await runProcessor(t, redaction, { ...all, blocked_values: ["secret"] });
  const out = (await send(Batch.from(input))).resourceMetrics;
  assert.doesNotMatch(JSON.stringify(out), /secret/);
  assert.equal(JSON.stringify(out).split("****").length - 1, 4);
  assert.equal(await meter.total("otelcol_processor_redaction_attributes", { outcome: "masked" }), 4);
});

test("what needs nothing passes as it is, and results keep their identity", async (t) => {
  const { send } = await runProcessor(t, redaction, { ...all, blocked_values: ["secret"] });
  const untouched = Batch.from([gauges({ a: "b" }, { m: [{ c: "d" }] })]);
  assert.equal(await send(untouched), untouched);
  const source = gauges({ a: "secret" }, { m: [{ c: "secret" }] });
  const entry = async () => (await send(Batch.from([source]))).layout.resources[0];
  const [one, two] = [await entry(), await entry()];
  assert.equal(one?.resource, two?.resource);
  assert.equal(one?.scopes[0]?.metrics[0]?.attributes[0], two?.scopes[0]?.metrics[0]?.attributes[0]);
});

test("the configuration is checked, and warned of when it removes everything", () => {
  const message = (config: object) => {
    const [issue] = redaction.config.safeParse(config).error?.issues ?? [];
    return `${issue?.path.join(".")} ${issue?.message}`;
  };
  assert.match(message({ blocked_values: ["("] }), /^blocked_values.0 invalid regular expression/);
  assert.equal(message({ hash_function: "hmac-sha256" }), "hmac_key is required for hmac-sha256");
  assert.match(message({ hmac_key: "k" }), /^hmac_key must not be set/);
  assert.match(message({ url_sanitizer: { enabled: true } }), /^url_sanitizer is not supported/);
  const warned = (config: object) => redaction.warnings?.(redaction.config.parse(config)).length;
  assert.equal(warned({}), 1);
  assert.equal(warned({ allow_all_keys: true }), 0);
  assert.equal(warned({ allowed_keys: ["a"] }), 0);
});
