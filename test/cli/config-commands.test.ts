import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { root } from "../support/built-tree.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { run } from "./terminal.ts";

const secrets = [
  "--set",
  "exporters.otlp_http.headers.authorization=Bearer hunter2",
  "--set",
  "receivers.kubevirt_handler.authorization.credentials=hunter3",
];

async function directoryWith(t: Cleanup, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await temporaryDirectory(t);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

const bad = `receivers:
  kubevirt_handler:
    collection_intervall: 10s
    targets:
      - metrics_endpoint: localhost:8443/metrics
processors:
  kubevirt_handler:
    temporality: deltas
exporters:
  otlp_htp:
    endpoint: http://localhost:4318
service:
  pipelines:
    metrics:
      receivers: [kubevirt_handler, nope]
      processors: [kubevirt_handler]
      exporters: [otlp_http]
`;

test("validate accepts every file that comes along", async () => {
  const files = readdirSync(join(root, "pipelines")).filter(
    (name) => name.endsWith(".yaml") && !name.endsWith(".test.yaml"),
  );
  for (const file of ["otel-config.yaml", ...files.map((name) => join("pipelines", name))]) {
    const env = { DD_API_KEY: "0123", GRAFANA_CLOUD_AUTH: "MTpnbGM=" };
    assert.deepEqual(await run(["validate", "--config", file], { env }), { code: 0, out: "", err: "" }, file);
  }
});

test("validate prints all problems at once, each with its place, what is allowed and the nearest name", async (t) => {
  const cwd = await directoryWith(t, { "bad.yaml": bad });
  const { code, out, err } = await run(["validate", "--config", "bad.yaml"], { cwd });
  assert.deepEqual([code, out], [1, ""]);
  const heads = err.split("\n").filter((line) => line.includes(": error: "));
  assert.deepEqual(heads, [
    'bad.yaml:3:5: error: receivers::kubevirt_handler::collection_intervall: unknown option "collection_intervall"',
    'bad.yaml:5:27: error: receivers::kubevirt_handler::targets::0::metrics_endpoint: expected an http or https URL, got "localhost:8443/metrics"',
    'bad.yaml:8:18: error: processors::kubevirt_handler::temporality: unknown value "deltas"',
    'bad.yaml:10:3: error: exporters::otlp_htp: unknown exporter type "otlp_htp"',
    'bad.yaml:15:37: error: service::pipelines::metrics::receivers: references receiver "nope" which is not configured',
    'bad.yaml:17:19: error: service::pipelines::metrics::exporters: references exporter "otlp_http" which is not configured',
  ]);
  assert.match(
    err,
    / {4} {4}temporality: deltas\n {4} {17}\^\n {2}allowed: "cumulative", "delta"\n {2}hint: did you mean "delta"\?/,
  );
  assert.match(err, /hint: did you mean "collection_interval"\?/);
  assert.match(err, /hint: did you mean "otlp_http"\?/);
});

test("a rule between options is checked even when another option is wrong", async (t) => {
  const text = bad.replace("collection_intervall: 10s", "timeout: 1m");
  const cwd = await directoryWith(t, { "bad.yaml": text });
  const { err } = await run(["validate", "--config", "bad.yaml"], { cwd });
  assert.match(err, /bad\.yaml:5:27: error/);
  assert.match(err, /timeout: must not be above collection_interval 30s, got 1m/);
});

test("validate names the place of a YAML error, and a file that is not there", async (t) => {
  const cwd = await directoryWith(t, { "broken.yaml": 'exporters: {otlp_http: {endpoint: "x' });
  const broken = await run(["validate", "--config", "broken.yaml"], { cwd });
  assert.equal(broken.code, 1);
  assert.match(broken.err, /^broken\.yaml:1:37: error: invalid YAML: /);
  const missing = await run(["validate", "--config", "missing.yaml"], { cwd });
  assert.deepEqual(
    [missing.code, missing.err],
    [1, 'missing.yaml: error: unable to read the file "missing.yaml": no such file or directory\n'],
  );
});

test("a YAML error is told once", async (t) => {
  const cwd = await directoryWith(t, { "broken.yaml": 'exporters: {otlp_http: {endpoint: "x' });
  const { err } = await run(["validate", "--config", "broken.yaml"], { cwd });
  const heads = err.split("\n").filter((line) => line.includes(": error: "));
  assert.deepEqual(heads, [...new Set(heads)]);
});

test("a later --config and --set win", async (t) => {
  const cwd = await directoryWith(t, {
    "a.yaml": readFileSync(join(root, "otel-config.yaml"), "utf8"),
    "b.yaml": "receivers: {kubevirt_handler: {collection_interval: 20s, initial_delay: 2s}}\n",
  });
  const args = [
    "--config",
    "a.yaml",
    "--config",
    "b.yaml",
    "--set",
    "receivers.kubevirt_handler.initial_delay=3s",
  ];
  const { code, out } = await run(["print-config", ...args], { cwd });
  assert.equal(code, 0);
  const { kubevirt_handler } = (parse(out) as { receivers: Record<string, Record<string, unknown>> })
    .receivers;
  assert.equal(kubevirt_handler?.["collection_interval"], "20s");
  assert.equal(kubevirt_handler?.["initial_delay"], "3s");
});

test("print-config hides secrets unless told otherwise, and its output is a configuration", async (t) => {
  const env = { KUBEVIRT_NAMESPACE: "openshift-cnv" };
  const { code, out } = await run(["print-config", ...secrets], { env });
  assert.equal(code, 0);
  assert.doesNotMatch(out, /hunter/);
  const shown = parse(out);
  assert.equal(shown.exporters.otlp_http.headers.authorization, "[REDACTED]");
  assert.equal(shown.receivers.kubevirt_handler.authorization.credentials, "[REDACTED]");
  assert.equal(shown.receivers.kubevirt_handler.targets[0].namespace, "openshift-cnv");
  assert.equal(shown.exporters.otlp_http.sending_queue.queue_size, 1000);

  const json = await run(["print-config", "--format=json", ...secrets], { env });
  assert.deepEqual(JSON.parse(json.out), shown);

  const open = await run(["print-config", "--mode=unredacted", ...secrets], { env });
  assert.equal(parse(open.out).exporters.otlp_http.headers.authorization, "Bearer hunter2");
  assert.equal(parse(open.out).receivers.kubevirt_handler.authorization.credentials, "hunter3");

  const cwd = await directoryWith(t, { "printed.yaml": open.out });
  const again = await run(["print-config", "--mode=unredacted", "--config", "printed.yaml"], { cwd });
  assert.deepEqual([again.code, again.out], [0, open.out]);
});

test("no message about a bad value shows a secret", async () => {
  const { code, err } = await run(["validate", ...secrets, "--set", "exporters.otlp_http.timeout=soon"]);
  assert.equal(code, 1);
  assert.match(err, /exporters::otlp_http::timeout/);
  assert.doesNotMatch(err, /hunter/);
});

/** The printed schema, as something that checks. */
async function printedSchema(): Promise<z.ZodType> {
  const { code, out } = await run(["schema"]);
  assert.equal(code, 0);
  const schema = JSON.parse(out);
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  return z.fromJSONSchema(schema);
}

const minimal = (receiver: object, exporter: object = { endpoint: "http://localhost:4318" }) => ({
  receivers: {
    kubevirt_handler: { targets: [{ metrics_endpoint: "https://10.0.0.1:8443/metrics" }], ...receiver },
  },
  exporters: { otlp_http: exporter },
  service: { pipelines: { metrics: { receivers: ["kubevirt_handler"], exporters: ["otlp_http"] } } },
});

test("schema is JSON Schema that tells good configurations from bad ones", async () => {
  const schema = await printedSchema();
  const accepts = (config: unknown) => schema.safeParse(config).success;
  assert.ok(accepts(minimal({})));
  assert.ok(accepts(minimal({ collection_interval: "15s", sample_limit: 10 })));
  assert.ok(
    accepts(minimal({ collection_interval: `\${env:INTERVAL:-15s}`, sample_limit: `\${env:LIMIT}` })),
  );
  const { out } = await run(["print-config"]);
  const printed = schema.safeParse(parse(out));
  assert.ok(printed.success, JSON.stringify(printed.error?.issues));
  assert.ok(!accepts(minimal({ colection_interval: "15s" })));
  assert.ok(!accepts(minimal({ collection_interval: "soon" })));
  assert.ok(!accepts(minimal({ sample_limit: "many" })));
  assert.ok(!accepts(minimal({}, { endpoint: "http://localhost:4318", encoding: "xml" })));
  assert.ok(!accepts({ ...minimal({}), exporters: { nope: {} } }));
  const { service: _, ...withoutService } = minimal({});
  assert.ok(!accepts(withoutService));
});

test("schema accepts the files that come along as they are written", async () => {
  const schema = await printedSchema();
  const files = readdirSync(join(root, "pipelines")).filter(
    (name) => name.endsWith(".yaml") && !name.endsWith(".test.yaml"),
  );
  for (const file of ["otel-config.yaml", ...files.map((name) => join("pipelines", name))]) {
    const { error } = schema.safeParse(parse(readFileSync(join(root, file), "utf8")));
    assert.deepEqual(error?.issues ?? [], [], file);
  }
});
