import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { inspectBody } from "../../src/exposition/index.ts";
import type { OtlpSink } from "../support/otlp-sink.ts";
import { type Answer, body, hanging } from "./handler.ts";
import { type Pipeline, type PipelineOptions, startPipeline, startSink } from "./pipeline.ts";

const text = [
  "# TYPE kubevirt_workqueue_depth gauge",
  'kubevirt_workqueue_depth{name="a"} 1',
  'kubevirt_workqueue_depth{name="b"} 2',
  "# TYPE kubevirt_workqueue_adds_total counter",
  'kubevirt_workqueue_adds_total{name="a"} 3',
  'kubevirt_workqueue_adds_total{name="b"} NaN',
  "# TYPE kubevirt_workqueue_retries_total counter",
  'kubevirt_workqueue_retries_total{name="a"} 4',
  "# TYPE go_goroutines gauge",
  "go_goroutines 5",
  "",
].join("\n");

interface Observed extends Pipeline {
  readonly url: string;
}

/** A pipeline whose own metrics are served at `url`. */
async function observed(
  t: TestContext,
  options: PipelineOptions,
  prepare: Parameters<typeof startPipeline>[2],
  level = "normal",
): Promise<Observed> {
  const readers = [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: 0 } } } }];
  const telemetry = { logs: { level: "debug" }, metrics: { level, readers } };
  const pipeline = await startPipeline(t, { ...options, service: { telemetry } }, prepare);
  const { url } = await pipeline.collector.untilLog("Serving the collector's own metrics.");
  return { ...pipeline, url: String(url) };
}

type Samples = readonly {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}[];

async function ownMetrics(url: string): Promise<Samples> {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  return inspectBody(Buffer.from(await response.text())).families.flatMap(({ samples }) => samples);
}

/** The sum over all series of a name that have `labels`. */
function total(samples: Samples, name: string, labels: Readonly<Record<string, string>> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Own metrics as soon as `settled` holds of them; asked again after each batch. */
async function settled({ url, next }: Observed, holds: (samples: Samples) => boolean): Promise<Samples> {
  for (;;) {
    const samples = await ownMetrics(url);
    if (holds(samples)) return samples;
    await next();
  }
}

describe("the collector's own metrics", { concurrency: true }, () => {
  test("add up: what was received was sent, but for what was dropped and counted", async (t) => {
    // The third scrape hangs, so that nothing moves while the numbers are read.
    const pipeline = await observed(t, { interval: "1s" }, (it) => {
      it.metrics = hanging;
      it.scheduled.push(body(text), body(text));
    });
    const { next, sink, url, handler, collector } = pipeline;
    const scrapes = 2;
    await next();
    await next();
    await collector.within(
      handler.until(() => handler.scrapes.length > scrapes),
      "the hanging scrape",
    );
    const samples = await ownMetrics(url);
    const arrived = sink.batches.flatMap((batch) => batch.flatMap(pointCount)).reduce((a, b) => a + b, 0);
    // Six scraped, five report gauges and can_connect.
    const received = scrapes * (6 + 6);
    assert.equal(total(samples, "otelcol_scraper_scraped_metric_points"), scrapes * 6);
    assert.equal(total(samples, "otelcol_receiver_accepted_metric_points"), received);
    assert.equal(total(samples, "otelcol_receiver_refused_metric_points"), 0);
    const dropped = total(samples, "otelcol_processor_kubevirt_handler_dropped_metric_points");
    assert.equal(dropped, 2 * scrapes, "the NaN and the goroutines of each scrape");
    for (const reason of ["not_finite", "undocumented"]) {
      const name = "otelcol_processor_kubevirt_handler_dropped_metric_points";
      assert.equal(total(samples, name, { reason }), scrapes);
    }
    assert.equal(total(samples, "otelcol_exporter_sent_metric_points"), received - dropped);
    assert.equal(arrived, received - dropped);
    assert.equal(total(samples, "otelcol_exporter_dropped_metric_points"), 0);
    assert.equal(total(samples, "otelcol_exporter_queue_size"), 0);
    assert.equal(
      total(samples, "otelcol_processor_kubevirt_handler_documented_metrics", { state: "seen" }),
      4,
    );
    assert.equal(
      total(samples, "otelcol_processor_kubevirt_handler_documented_metrics", { state: "missing" }),
      41,
    );
    assert.ok(total(samples, "otelcol_process_memory_rss") > 10_000_000);
  });

  test("count failed scrapes and health checks by reason", async (t) => {
    const down: Answer = (response) => response.writeHead(503).end();
    const pipeline = await observed(t, {}, (it) => {
      it.health = down;
      it.metrics = body(text);
      it.scheduled.push(down, body("nonsense {\n"), down);
    });
    for (let i = 0; i < 4; i++) await pipeline.next();
    const samples = await settled(
      pipeline,
      (seen) => total(seen, "otelcol_scraper_scraped_metric_points") >= 6,
    );
    const failed = (reason: string) => total(samples, "otelcol_scraper_failed_scrapes", { reason });
    assert.deepEqual([failed("http_status"), failed("parse")], [2, 1]);
    const name = "otelcol_kubevirt_handler_failed_health_checks";
    assert.ok(total(samples, name, { reason: "http_status" }) >= 4);
  });

  test("count what the backend refused", async (t) => {
    const pipeline = await observed(t, {}, (it, backend) => {
      it.metrics = body(text);
      backend.answer({ status: 400 });
    });
    await pipeline.next();
    const samples = await settled(pipeline, (seen) => total(seen, "otelcol_exporter_sent_metric_points") > 0);
    // The documented five and the six that every scrape has, less the NaN.
    assert.equal(total(samples, "otelcol_exporter_dropped_metric_points", { reason: "permanent" }), 4 + 6);
    const all = samples.filter(({ name }) => name === "otelcol_exporter_send_failed_metric_points");
    // Other types are there at 0.
    const failed = all.filter(({ value }) => value > 0);
    assert.deepEqual(
      failed.map(({ labels, value }) => [labels["error_type"], labels["error_permanent"], value]),
      [["InvalidArgument", undefined, 4 + 6]],
    );
  });

  test("have histograms, and more attributes, at the level detailed", async (t) => {
    const prepare: Parameters<typeof startPipeline>[2] = (it, backend) => {
      it.metrics = body(text);
      backend.answer({ status: 503 }, { status: 400 });
    };
    const pipeline = await observed(t, {}, prepare, "detailed");
    await pipeline.next();
    const samples = await settled(pipeline, (seen) => total(seen, "otelcol_exporter_sent_metric_points") > 0);
    const failed = { error_permanent: "true", error_type: "InvalidArgument", url_path: "/v1/metrics" };
    assert.equal(total(samples, "otelcol_exporter_send_failed_metric_points", failed), 4 + 6);
    for (const name of ["enqueue_size", "queue_batch_send_size"]) {
      const requests = total(samples, `otelcol_exporter_${name}_count`);
      assert.ok(requests >= 2, name);
      assert.equal(total(samples, `otelcol_exporter_${name}_bytes_count`), requests);
      assert.equal(total(samples, `otelcol_exporter_${name}_sum`), requests * (4 + 6));
      assert.ok(total(samples, `otelcol_exporter_${name}_bytes_sum`) > 0);
    }
    const duration = "otelcol_processor_internal_duration";
    assert.ok(total(samples, `${duration}_count`, { processor: "kubevirt_handler" }) >= 2);
    assert.ok(total(samples, `${duration}_sum`, { processor: "kubevirt_handler" }) > 0);
  });

  test("show losses that have not come yet as 0", async (t) => {
    const { url, next, collector } = await observed(t, {}, (it) => {
      it.metrics = body(text);
    });
    await next();
    const samples = await ownMetrics(url);
    const zero = (name: string, labels: Readonly<Record<string, string>>) => {
      const found = samples.filter(
        (sample) =>
          sample.name === `otelcol_${name}` &&
          Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      );
      assert.deepEqual(
        found.map(({ value }) => value),
        [0],
        `${name} ${JSON.stringify(labels)}`,
      );
    };
    const receiver = "kubevirt_handler";
    zero("receiver_refused_metric_points", { receiver, error_type: "permanent" });
    zero("scraper_errored_metric_points", { receiver });
    // Those of time are left out: a busy machine has some.
    zero("scraper_failed_scrapes", { receiver, reason: "http_status" });
    zero("scraper_failed_scrapes", { receiver, reason: "parse" });
    zero("scraper_dropped_metric_points", { receiver, reason: "duplicate" });
    zero("kubevirt_handler_failed_health_checks", { receiver, reason: "http_status" });
    zero("processor_refused_items", { processor: "kubevirt_handler" });
    zero("processor_kubevirt_handler_dropped_metric_points", {
      processor: "kubevirt_handler",
      reason: "wrong_type",
    });
    zero("config_reloads", { outcome: "failure" });
    zero("log_lost_lines", { output: "stderr" });
    for (const record of collector.logs) {
      const kind = record["otelcol.component.kind"];
      if (kind !== undefined) assert.equal(record["otelcol.signal"], "metrics", JSON.stringify(record));
    }
  });

  test("come as text or as OpenMetrics, and nothing else is served", async (t) => {
    const { url, next } = await observed(t, {}, (it) => {
      it.metrics = body(text);
    });
    await next();
    const plain = await fetch(url);
    assert.equal(plain.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.match(
      await plain.text(),
      /^otelcol_receiver_accepted_metric_points\{receiver="kubevirt_handler".*\} \d+$/m,
    );
    const open = await fetch(url, {
      headers: { accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5" },
    });
    assert.match(open.headers.get("content-type") ?? "", /^application\/openmetrics-text; version=1\.0\.0/);
    const answer = await open.text();
    assert.match(answer, /^otelcol_receiver_accepted_metric_points_total\{/m);
    assert.ok(answer.endsWith("\n# EOF\n"));
    assert.equal((await fetch(new URL("/", url))).status, 404);
  });

  test("are pushed to a backend too", async (t) => {
    const own = await startSink(t);
    const otlp = { endpoint: `${own.endpoint}/v1/metrics`, protocol: "http/protobuf" };
    const telemetry = { metrics: { readers: [{ periodic: { interval: 300, exporter: { otlp } } }] } };
    const { collector } = await startPipeline(t, { service: { telemetry } }, (it) => {
      it.metrics = body(text);
    });
    const sent = (batches: OtlpSink["batches"]) =>
      batches.some((batch) =>
        batch.some(({ scopeMetrics }) =>
          scopeMetrics.some(({ metrics }) =>
            metrics.some(({ descriptor }) => descriptor.name === "otelcol_exporter_sent_metric_points"),
          ),
        ),
      );
    await collector.within(
      own.until(() => sent(own.batches)),
      "own metrics",
    );
    assert.equal(own.batches[0]?.[0]?.resource.attributes["service.name"], "otelcol-kubevirt");
  });
});

function pointCount({ scopeMetrics }: OtlpSink["batches"][number][number]): readonly number[] {
  return scopeMetrics.flatMap(({ metrics }) => metrics.map(({ dataPoints }) => dataPoints.length));
}
