import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Host, systemClock } from "../../../src/component/index.ts";
import { components } from "../../../src/distribution/index.ts";
import otlpHttp from "../../../src/exporters/otlp-http/index.ts";
import fileStorage from "../../../src/extensions/file-storage/index.ts";
import { loadConfig } from "../../../src/service/index.ts";
import { gauges, harness } from "../../delivery/harness.ts";
import { countPoints, OtlpSink } from "../../support/otlp-sink.ts";

type Config = Readonly<Record<string, unknown>> & {
  readonly sending_queue?: Readonly<Record<string, unknown>>;
};

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "persistence-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An exporter with its queue in files, both started. */
async function started(t: TestContext, directory: string, config: Config) {
  const h = harness();
  const settings = { ...h.settings, clock: systemClock };
  const storage = fileStorage.create({
    ...settings,
    id: "file_storage",
    config: fileStorage.config.parse({ directory }),
  });
  const host: Host = { extension: (id) => (id === "file_storage" ? storage : undefined) };
  await storage.start?.(host);
  const exporter = otlpHttp.create({
    ...settings,
    config: otlpHttp.config.parse({
      retry_on_failure: { max_elapsed_time: 0, initial_interval: "20ms", max_interval: "20ms" },
      ...config,
      sending_queue: { storage: "file_storage", preserve_order: true, ...config.sending_queue },
    }),
  });
  await exporter.start?.(host);
  const stop = async () => {
    await exporter.shutdown?.(2000);
    await storage.shutdown?.(0);
  };
  t.after(stop);
  return { ...h, exporter, stop };
}

/** A port on which nothing listens. */
async function deadEndpoint(): Promise<string> {
  const sink = await OtlpSink.start();
  const { endpoint } = sink;
  await sink.close();
  return endpoint;
}

test("what is queued is sent as it was made, whatever the configuration says by then", async (t) => {
  const directory = await directoryFor(t);
  const endpoint = await deadEndpoint();
  for (const [encoding, compression, points] of [
    ["proto", "gzip", 3],
    ["json", "zstd", 4],
    ["proto", "none", 5],
  ] as const) {
    const { exporter, stop } = await started(t, directory, { endpoint, encoding, compression });
    await exporter.consume(gauges(points));
    await stop();
  }
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const { exporter, metric, stop } = await started(t, directory, {
    endpoint: sink.endpoint,
    encoding: "json",
    compression: "gzip",
  });
  await exporter.consume(gauges(6));
  await sink.until(() => sink.batches.length === 4);
  assert.deepEqual(sink.batches.map(countPoints), [3, 4, 5, 6]);
  assert.deepEqual(
    sink.requests.map(({ headers }) => [headers["content-type"], headers["content-encoding"]]),
    [
      ["application/x-protobuf", "gzip"],
      ["application/json", "zstd"],
      ["application/x-protobuf", undefined],
      ["application/json", "gzip"],
    ],
  );
  assert.deepEqual(sink.batches[1], sink.batches[1] && gaugesView(4));
  await stop();
  assert.equal(await metric("sent_metric_points"), 18);
  assert.equal(await metric("queue_restored_metric_points"), 12);
});

function gaugesView(points: number): unknown {
  const [resource] = gauges(points).resourceMetrics;
  const scope = resource?.scopeMetrics[0];
  const [metric] = scope?.metrics ?? [];
  return [
    {
      resource: { attributes: resource?.resource.attributes },
      scopeMetrics: [{ scope: scope?.scope, metrics: [{ ...metric, dataPoints: metric?.dataPoints }] }],
    },
  ];
}

test("batches become one request: bytes of several layouts and of one layout twice", async (t) => {
  for (const encoding of ["proto", "json"] as const) {
    const sink = await OtlpSink.start();
    t.after(() => sink.close());
    const { exporter } = await started(t, await directoryFor(t), {
      endpoint: sink.endpoint,
      encoding,
      sending_queue: { batch: { min_size: 12, max_size: 12, flush_timeout: "10s" } },
    });
    const twice = gauges(3);
    await Promise.all([twice, gauges(2, 2), twice, gauges(2)].map((batch) => exporter.consume(batch)));
    const batch = await sink.next();
    assert.equal(countPoints(batch), 12);
    assert.deepEqual(
      batch.map(({ resource }) => resource.attributes["service.name"]),
      ["handler-0", "handler-0", "handler-1", "handler-0", "handler-0"],
    );
    await exporter.consume(gauges(30));
    const sizes = [
      countPoints(await sink.next()),
      countPoints(await sink.next()),
      countPoints(await sink.next()),
    ];
    assert.deepEqual(sizes, [10, 10, 10]);
  }
});

test("the bytes of a batch are those of its protobuf, whatever is sent", async (t) => {
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const { exporter } = await started(t, await directoryFor(t), {
    endpoint: sink.endpoint,
    compression: "none",
    sending_queue: { batch: { min_size: 1000, max_size: 1000, sizer: "bytes", flush_timeout: "10s" } },
  });
  await exporter.consume(gauges(100));
  await exporter.shutdown?.(5000);
  const sizes = sink.requests.map(({ body }) => body.length);
  assert.ok(sizes.length >= 3);
  assert.ok(Math.max(...sizes) <= 1000, String(sizes));
  assert.equal(
    sink.batches.map(countPoints).reduce((sum, points) => sum + points, 0),
    100,
  );
});

test("other statuses can be retried, and those that are by default need not be", async (t) => {
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const { exporter, metric } = await started(t, await directoryFor(t), {
    endpoint: sink.endpoint,
    retryable_status_codes: [500, 530],
  });
  sink.answer({ status: 500 }, { status: 530 }, {}, { status: 429 });
  await exporter.consume(gauges(2));
  await exporter.consume(gauges(3));
  await sink.until(() => sink.requests.length === 4);
  await exporter.shutdown?.(1000);
  assert.equal(await metric("sent_metric_points"), 2);
  assert.equal(await metric("dropped_metric_points", { reason: "permanent" }), 3);
});

test("validation finds a storage that is not there, is not started, and one whose data would be dropped", async () => {
  const problems = async (extensions: string, service: string, retry = "") => {
    const yaml = `
receivers: { kubevirt_handler: { targets: [{ metrics_endpoint: "http://localhost:1/metrics" }] } }
exporters: { otlp_http: { endpoint: "http://localhost:4318", sending_queue: { storage: file_storage }${retry} } }
extensions: ${extensions}
service:
  extensions: ${service}
  pipelines: { metrics: { receivers: [kubevirt_handler], exporters: [otlp_http] } }`;
    const { diagnostics } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
    return diagnostics.items.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
  };
  const forever = ", retry_on_failure: { max_elapsed_time: 0 }";
  assert.deepEqual(await problems("{}", "[]", forever), [
    'error exporters::otlp_http::sending_queue::storage: references extension "file_storage" which is not configured',
  ]);
  assert.deepEqual(await problems("{ file_storage: }", "[]", forever), [
    'error exporters::otlp_http::sending_queue::storage: references extension "file_storage" which is not started',
  ]);
  assert.deepEqual(await problems("{ file_storage: }", "[file_storage]", forever), []);
  const [warning, ...others] = await problems("{ file_storage: }", "[file_storage]");
  assert.match(warning ?? "", /^warning exporters::otlp_http.*: the queue is persistent, but a request/);
  assert.deepEqual(others, []);
});
