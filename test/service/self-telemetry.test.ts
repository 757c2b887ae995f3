import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { inspectBody } from "../../src/exposition/index.ts";
import { decodeMetrics } from "../../src/otlp/index.ts";
import { SelfTelemetry, serviceSchema } from "../../src/service/index.ts";
import { type Logger, silentLogger } from "../../src/telemetry/index.ts";
import { createCertificateAuthority, writePemFiles } from "../support/certificates.ts";
import { OtlpSink } from "../support/otlp-sink.ts";

const build = { command: "otelcol-kubevirt", version: "1.2.3" };

function settings(metrics: unknown, logger: Logger = silentLogger) {
  const { telemetry } = serviceSchema.parse({ telemetry: { metrics, resource: { team: "virt" } } });
  return { metrics: telemetry.metrics, resource: telemetry.resource, build, logger };
}

const pull = (port: number, more = {}) => ({
  readers: [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port, ...more } } } }],
});

/** A logger that notes the URL which the pull reader says it serves. */
function urlLogger(): { logger: Logger; url: () => string } {
  let url = "";
  return {
    logger: {
      ...silentLogger,
      debug(_message, fields) {
        url = String(fields?.["url"]);
      },
    },
    url: () => url,
  };
}

test("serves what components count, under the Collector's names", async (t) => {
  const { logger, url } = urlLogger();
  const telemetry = await SelfTelemetry.start(settings(pull(0), logger));
  t.after(() => telemetry.shutdown());
  telemetry.meter
    .createCounter("otelcol_exporter_sent_metric_points", { description: "Sent." })
    .add(5, { exporter: 'a"b' });
  telemetry.meter.createHistogram("otelcol_exporter_enqueue_size").record(3);
  const response = await fetch(url());
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0.0.4/);
  const { families } = inspectBody(new Uint8Array(await response.arrayBuffer()));
  const byName = new Map(families.map((family) => [family.name, family]));
  const sent = byName.get("otelcol_exporter_sent_metric_points");
  assert.equal(sent?.type, "counter");
  assert.deepEqual(sent?.samples[0]?.labels, { exporter: 'a"b' });
  assert.equal(sent?.samples[0]?.value, 5);
  assert.ok((byName.get("otelcol_process_memory_rss")?.samples[0]?.value ?? 0) > 1e6);
  assert.equal(byName.get("target_info")?.samples[0]?.labels["team"], "virt");
  assert.equal(byName.has("otelcol_exporter_enqueue_size"), false, "histograms are for level detailed");
});

test("speaks OpenMetrics to who asks for it", async (t) => {
  const { logger, url } = urlLogger();
  const telemetry = await SelfTelemetry.start(settings(pull(0), logger));
  t.after(() => telemetry.shutdown());
  telemetry.meter.createCounter("otelcol_x").add(1);
  const response = await fetch(url(), { headers: { accept: "application/openmetrics-text;version=1.0.0" } });
  const text = await response.text();
  assert.match(text, /# TYPE otelcol_x counter\notelcol_x_total 1\n/);
  assert.match(text, /# TYPE target info\n/);
  assert.ok(text.endsWith("# EOF\n"));
  assert.equal((await fetch(url().replace("/metrics", "/other"))).status, 404);
});

test("serves the format that the scraper prefers", async (t) => {
  const { logger, url } = urlLogger();
  const telemetry = await SelfTelemetry.start(settings(pull(0), logger));
  t.after(() => telemetry.shutdown());
  const open = /^application\/openmetrics-text/;
  const text = /^text\/plain/;
  const cases: readonly (readonly [accept: string, expected: RegExp])[] = [
    ["*/*", text],
    ["text/html", text],
    ["APPLICATION/OpenMetrics-Text; version=1.0.0", open],
    ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9", text],
    ["application/openmetrics-text;version=1.0.0;q=0.9, text/plain;q=0.5, */*;q=0.1", open],
    ["application/openmetrics-text;q=0, */*", text],
    ["application/openmetrics-text;version=2.0.0", text],
    ["application/openmetrics-text;q=1.0,text/plain", open],
    ["application/openmetrics-text;q=nonsense", text],
  ];
  for (const [accept, expected] of cases) {
    const response = await fetch(url(), { headers: { accept } });
    assert.match(response.headers.get("content-type") ?? "", expected, accept);
  }
});

test("a taken port is an error where it was asked for and a warning where it is the default", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => taken.once("listening", done));
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  await assert.rejects(SelfTelemetry.start(settings(pull(port))), { code: "COMPONENT_START" });
});

test("pushes to an OTLP endpoint, the last values at shutdown too", async (t) => {
  const names = new Set<string>();
  const sink = createServer(async (request, response) => {
    assert.equal(request.headers["x-key"], "secret");
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    for (const { scopeMetrics } of decodeMetrics(body)) {
      for (const { metrics } of scopeMetrics)
        for (const { descriptor } of metrics) names.add(descriptor.name);
    }
    response.writeHead(200).end();
  }).listen(0, "127.0.0.1");
  await new Promise((done) => sink.once("listening", done));
  t.after(() => {
    sink.close();
    sink.closeAllConnections();
  });
  const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/v1/metrics`;
  const otlp = { endpoint, headers: { "x-key": "secret" } };
  const telemetry = await SelfTelemetry.start(settings({ readers: [{ periodic: { exporter: { otlp } } }] }));
  telemetry.meter.createCounter("otelcol_y").add(1);
  await telemetry.shutdown();
  assert.ok(names.has("otelcol_y"));
  assert.ok(names.has("otelcol_process_uptime"));
});

test("pushes compressed, over mutual TLS", async (t) => {
  const authority = createCertificateAuthority();
  const server = authority.issue({ commonName: "backend", ipAddresses: ["127.0.0.1"] });
  const client = authority.issue({ commonName: "collector", client: true });
  const files = await writePemFiles(t, {
    ca: authority.certPem,
    cert: client.certPem,
    key: client.keyPem,
  });
  const sink = await OtlpSink.start({
    tls: {
      cert: server.certPem,
      key: server.keyPem,
      ca: authority.certPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
  });
  t.after(() => sink.close());
  const otlp = {
    endpoint: `${sink.endpoint}/v1/metrics`,
    compression: "gzip",
    certificate: files.ca,
    client_certificate: files.cert,
    client_key: files.key,
  };
  const telemetry = await SelfTelemetry.start(settings({ readers: [{ periodic: { exporter: { otlp } } }] }));
  await telemetry.shutdown();
  assert.equal(sink.requests[0]?.headers["content-encoding"], "gzip");
  assert.ok(sink.batches.length > 0);
  const missing = {
    readers: [{ periodic: { exporter: { otlp: { ...otlp, certificate: "/no/such.pem" } } } }],
  };
  await assert.rejects(SelfTelemetry.start(settings(missing)), {
    code: "COMPONENT_START",
    message: /cannot read "\/no\/such.pem", which a reader of the collector's own metrics needs/,
  });
});

for (const [telemetry, path, message] of [
  [{ traces: { level: "none" } }, ["traces"], /makes no traces of itself/],
  [{ metrics: { address: ":8888" } }, ["metrics", "address"], /readers: \[\{ pull/],
  [{ metrics: { views: [] } }, ["metrics", "views"], /`level` says how much/],
  [{ logs: { processors: [] } }, ["logs", "processors"], /output_paths/],
] as const) {
  test(`what the Collector has and this one has not is refused with the way to do it: ${path.join(".")}`, () => {
    const { error } = serviceSchema.safeParse({ telemetry });
    const [issue] = error?.issues ?? [];
    assert.deepEqual(issue?.path, ["telemetry", ...path]);
    assert.match(issue?.message ?? "", message);
  });
}

test("a backend that never answers holds up neither a reload nor the end", { timeout: 20_000 }, async (t) => {
  const held: ServerResponse[] = [];
  const sink = createServer((request, response) => {
    request.resume();
    held.push(response);
  }).listen(0, "127.0.0.1");
  await new Promise((done) => sink.once("listening", done));
  t.after(() => {
    // Answered at last, so that nobody tries again.
    for (const response of held) response.end();
    sink.close();
  });
  const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/v1/metrics`;
  const periodic = { interval: 600_000, timeout: 600_000, exporter: { otlp: { endpoint } } };
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const telemetry = await SelfTelemetry.start(settings({ readers: [{ periodic }] }, logger));
  await telemetry.configure(
    settings({ readers: [{ periodic: { ...periodic, interval: 700_000 } }] }, logger),
  );
  await telemetry.shutdown();
  assert.equal(held.length, 2, "the last values of each reader were offered");
  assert.deepEqual(
    warnings,
    Array(2).fill("The last of the collector's own metrics were not taken in time."),
  );
});

test("a reader that is written twice is one", async (t) => {
  const free = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => free.once("listening", done));
  const { port } = free.address() as AddressInfo;
  await new Promise((done) => free.close(done));
  const { readers } = pull(port);
  const telemetry = await SelfTelemetry.start(settings({ readers: [...readers, ...readers] }));
  t.after(() => telemetry.shutdown());
  assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 200);
});

test("another configuration changes the readers, not the counts", async (t) => {
  const { logger, url } = urlLogger();
  const telemetry = await SelfTelemetry.start(settings(pull(0), logger));
  t.after(() => telemetry.shutdown());
  const counter = telemetry.meter.createCounter("otelcol_x");
  counter.add(1);
  const first = url();
  await telemetry.configure(settings(pull(0), logger));
  assert.equal(url(), first, "the same reader stays");
  await telemetry.configure(
    settings({ level: "detailed", ...pull(0, { without_type_suffix: false }) }, logger),
  );
  counter.add(1);
  assert.notEqual(url(), first);
  await assert.rejects(fetch(first));
  assert.match(await (await fetch(url())).text(), /^otelcol_x_total 2$/m);
});

test("a reader that cannot start leaves those that there are", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => taken.once("listening", done));
  t.after(() => taken.close());
  const { logger, url } = urlLogger();
  const telemetry = await SelfTelemetry.start(settings(pull(0), logger));
  t.after(() => telemetry.shutdown());
  const { port } = taken.address() as AddressInfo;
  await assert.rejects(telemetry.configure(settings(pull(port))), { code: "COMPONENT_START" });
  assert.equal((await fetch(url())).status, 200);
});

test("resource and log options come in the Collector's forms", () => {
  const parse = (telemetry: unknown) => serviceSchema.parse({ telemetry }).telemetry;
  const attributes = [
    { name: "site", value: "eu" },
    { name: "rack", value: 7 },
  ];
  assert.deepEqual(parse({ resource: { attributes } }).resource, { site: "eu", rack: "7" });
  assert.deepEqual(parse({ resource: { site: "eu", "service.name": null } }).resource, {
    site: "eu",
    "service.name": null,
  });
  for (const resource of [{ a: 5 }, { attributes: [{ nam: "x" }] }, { attributes: "x", b: [] }]) {
    assert.throws(() => parse({ resource }), /expected a/);
  }
  const { level } = parse({
    logs: {
      level: "warn",
      development: true,
      disable_caller: false,
      disable_stacktrace: false,
      disable_zap_resource: false,
    },
  }).logs;
  assert.equal(level, "warn");
});

test("level none measures nothing", async () => {
  const telemetry = await SelfTelemetry.start(settings({ level: "none" }));
  telemetry.meter.createCounter("otelcol_z").add(1);
  await telemetry.shutdown();
});
