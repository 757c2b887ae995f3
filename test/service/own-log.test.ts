import assert from "node:assert/strict";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { formatDiagnostics } from "../../src/config/index.ts";
import { components } from "../../src/distribution/index.ts";
import { type CollectorConfig, loadConfig, OwnLog } from "../../src/service/index.ts";
import { temporaryDirectory } from "../support/certificates.ts";

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

async function configOf(logs: unknown): Promise<CollectorConfig> {
  const yaml = JSON.stringify({
    receivers: { otlp: { protocols: { http: {} } } },
    exporters: { otlp_http: { endpoint: "http://localhost", headers: { "x-key": "very-secret" } } },
    service: {
      telemetry: { logs },
      pipelines: { metrics: { receivers: ["otlp"], exporters: ["otlp_http"] } },
    },
  });
  const { config, diagnostics } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  assert.ok(config, formatDiagnostics(diagnostics.items));
  return config;
}

test("lines go where the configuration says, and a reload opens files anew", async (t) => {
  const cwd = await temporaryDirectory(t);
  const err: string[] = [];
  const streams = { out: () => {}, err: (text: string) => void err.push(text) };
  const config = await configOf({
    output_paths: ["stderr", "collector.log"],
    initial_fields: { site: "a" },
    encoding: "json",
  });
  const log = new OwnLog(config, { streams, isTerminal: false, cwd });
  log.logger.info("The key is very-secret.", { header: "very-secret" });
  assert.equal(err.length, 1);
  const file = join(cwd, "collector.log");
  const line = await readFile(file, "utf8");
  assert.equal(line, err[0]);
  assert.deepEqual(
    { ...JSON.parse(line), ts: "" },
    { level: "info", ts: "", site: "a", header: "[REDACTED]", msg: "The key is [REDACTED]." },
  );
  await rename(file, `${file}.1`);
  log.configure(config);
  log.logger.info("Rotated.");
  assert.match(await readFile(file, "utf8"), /Rotated/);
  log.close();
});

test("fields of each line cannot be those that it has already", async () => {
  const yaml =
    'service: {telemetry: {logs: {initial_fields: {msg: "x", site: a, "otelcol.component.id": b}}}}';
  const { diagnostics } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  const text = formatDiagnostics(diagnostics.items);
  assert.match(text, /initial_fields::msg: "msg" is a field that every line has already/);
  assert.match(text, /initial_fields::otelcol\.component\.id: /);
  assert.doesNotMatch(text, /initial_fields::site/);
});

test("lines that could not be written are counted, also when that shows later", async () => {
  const err: ((error?: Error) => void)[] = [];
  const complaints: string[] = [];
  const streams = {
    out: (text: string) => void complaints.push(text),
    err: (_text: string, done?: (error?: Error) => void) => void err.push(done ?? (() => {})),
  };
  const config = await configOf({ error_output_paths: ["stdout"] });
  const log = new OwnLog(config, { streams, isTerminal: false, cwd: "." });
  const reader = new Reader();
  log.observe(new MeterProvider({ readers: [reader] }).getMeter("test"));
  const lost = async () => {
    const { resourceMetrics } = await reader.collect();
    const metrics = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    const metric = metrics.find(({ descriptor }) => descriptor.name === "otelcol_log_lost_lines");
    return metric?.dataPoints.map(({ value, attributes }) => [value, attributes]);
  };
  assert.deepEqual(await lost(), [[0, { output: "stderr" }]], "from the start");
  log.logger.info("One.");
  log.logger.info("Two.");
  for (const done of err) done(new Error("write EPIPE"));
  assert.deepEqual(await lost(), [[2, { output: "stderr" }]]);
  assert.deepEqual(complaints, ["cannot write to the log: write EPIPE\n"]);
});

test("a file that cannot be opened is an error, and leaves the log as it was", async (t) => {
  const cwd = await temporaryDirectory(t);
  const err: string[] = [];
  const streams = { out: () => {}, err: (text: string) => void err.push(text) };
  const log = new OwnLog(await configOf({}), { streams, isTerminal: false, cwd });
  const bad = await configOf({ output_paths: ["no/such/folder/x.log"] });
  assert.throws(() => log.configure(bad), {
    code: "COMPONENT_START",
    message: 'cannot open the log file "no/such/folder/x.log"',
  });
  log.logger.info("Still here.");
  assert.match(err.join(""), /Still here/);
  log.close();
});

test("an output that fails is reported once and keeps no line from the others", async (t) => {
  const cwd = await temporaryDirectory(t);
  const out: string[] = [];
  const complaints: string[] = [];
  const streams = {
    out: (text: string) => void out.push(text),
    err(text: string) {
      if (text.startsWith("cannot write")) complaints.push(text);
      else throw new Error("no space left");
    },
  };
  const config = await configOf({ output_paths: ["stderr", "stdout"] });
  const log = new OwnLog(config, { streams, isTerminal: false, cwd });
  log.logger.info("One.");
  log.logger.info("Two.");
  assert.equal(out.length, 2);
  assert.deepEqual(complaints, ["cannot write to the log: no space left\n"]);
  log.close();
});
