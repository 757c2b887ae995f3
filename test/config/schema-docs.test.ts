import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonSchema, optionRows, optionsTable, printConfig, TypedValue, z } from "../../src/config/index.ts";
import { exampleSchema } from "./example-schema.ts";

test("the options table has every option with type, default and description", () => {
  assert.equal(
    optionsTable(exampleSchema),
    `| option | type | default | description |
|---|---|---|---|
| \`collection_interval\` | duration | \`30s\` | Time between two scrapes. |
| \`timeout\` | duration |  | Time for one scrape. |
| \`targets\` | list of sections | (required) | What is scraped. |
| \`targets[]::metrics_endpoint\` | URL | (required) | Where the metrics are. |
| \`targets[]::healthz_endpoint\` | URL or null |  | Where the health is; null for none. |
| \`targets[]::labels\` | map of string | \`{}\` | Extra attributes. |
| \`min_version\` | \`1.0\`, \`1.1\`, \`1.2\`, \`1.3\` | \`1.2\` | Lowest TLS version. |
| \`encoding\` | \`proto\`, \`json\` | \`proto\` | Body format, \`proto\` \\| \`json\`. |
| \`headers\` | map of names to secret strings, or list of {name, value} | \`{}\` | Sent with every request. |
| \`token\` | secret string |  | Bearer token. |
| \`storage\` | component ID |  | Storage extension. |
| \`sample_limit\` | integer | \`0\` | 0 for none. |
| \`ratio\` | number | \`1\` | Share that is kept. |
| \`insecure\` | boolean | \`false\` | No verification. |
| \`tls\` | section |  | TLS. |
| \`tls::ca_file\` | string |  | CA. |
| \`queue\` | section | \`on\` | The queue. |
| \`queue::size\` | integer | \`1000\` | Items. |
| \`queue::age\` | duration | \`5m\` | Age. |
| \`queue::enabled\` | boolean | \`true\` | Whether this section is in use. |
| \`batch\` | section | \`off\` | Batching. |
| \`batch::size\` | integer | \`8192\` | Points. |
| \`batch::enabled\` | boolean | \`true\` | Whether this section is in use. |
`,
  );
  assert.equal(optionsTable(z.strictObject({})), "This component has no options.\n");
  assert.ok(optionRows(exampleSchema).every(({ description }) => description !== ""));
});

test("the JSON schema is strict, keeps defaults and descriptions, and lets substitutions pass", () => {
  const { properties = {}, ...rest } = jsonSchema(exampleSchema);
  assert.deepEqual(rest, { type: "object", required: ["targets"], additionalProperties: false });
  const pattern = "\\$\\{[^}]*\\}";
  const at = (key: string) => properties[key] as Record<string, unknown>;
  const { pattern: durationPattern, ...interval } = at("collection_interval");
  assert.deepEqual(interval, {
    type: ["string", "integer"],
    minimum: 0,
    maximum: 0,
    default: "30s",
    description: "Time between two scrapes.",
  });
  for (const [text, ok] of [
    ["30s", true],
    ["1h30m", true],
    [`\${env:X}`, true],
    ["30", false],
    ["s", false],
  ] as const) {
    assert.equal(new RegExp(durationPattern as string).test(text), ok, text);
  }
  assert.deepEqual(at("sample_limit"), {
    type: ["integer", "string"],
    pattern,
    minimum: 0,
    default: 0,
    description: "0 for none.",
  });
  assert.deepEqual(at("encoding")["anyOf"], [{ enum: ["proto", "json"] }, { type: "string", pattern }]);
  assert.deepEqual(at("queue")["type"], ["object", "null"]);
  assert.equal(at("token")["type"], "string");
  assert.deepEqual(at("tls")["additionalProperties"], false);
});

test("printing redacts unless asked not to, in YAML and JSON, also within a larger value", () => {
  const value = exampleSchema.parse({
    targets: [{ metrics_endpoint: "http://a" }],
    token: "hunter2",
    headers: { A: "hunter2" },
    queue: { enabled: false },
  });
  const whole = { receivers: { x: new TypedValue(value, exampleSchema) } };
  for (const format of ["yaml", "json"] as const) {
    assert.doesNotMatch(printConfig(whole, undefined, { format }), /hunter2/);
    const shown = printConfig(whole, undefined, { format, mode: "unredacted" });
    assert.match(shown, /token"?: "?hunter2/);
    assert.match(shown, /A"?: "?hunter2/);
    assert.match(shown, /collection_interval"?: "?30s/);
  }
  const json = JSON.parse(printConfig(whole, undefined, { format: "json" }));
  assert.deepEqual(json.receivers.x.queue, { enabled: false });
});
