import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectBody } from "../../src/exposition/index.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import { countPoints } from "../support/otlp-sink.ts";
import { body, Handler, hanging } from "./handler.ts";
import { startSink, writeConfig } from "./pipeline.ts";

const text = [
  "# TYPE kubevirt_workqueue_depth gauge",
  ...Array.from({ length: 20 }, (_, i) => `kubevirt_workqueue_depth{name="q${i}"} ${i}`),
  "# TYPE kubevirt_workqueue_adds_total counter",
  'kubevirt_workqueue_adds_total{name="a"} NaN',
  'kubevirt_workqueue_adds_total{name="b"} 3',
  "",
].join("\n");
/** Six that every scrape brings: five report gauges and can_connect. */
const RECEIVED = 22 + 6;
const SCRAPES = 5;

test("every point is accounted for: received = sent + queued + dropped by reason, from the metrics alone", async (t) => {
  const handler = await Handler.start(t);
  handler.metrics = hanging;
  handler.scheduled.push(...Array.from({ length: SCRAPES }, () => body(text)));
  const good = await startSink(t);
  good.answer(
    { status: 400 },
    { body: Buffer.from([0x0a, 0x02, 0x08, 0x03]) }, // partial success: 3 rejected
    {},
    { status: 503 },
  );
  const stuck = await startSink(t);
  stuck.defaultAnswer = { fault: "hang" };
  const retry = { retry_on_failure: { initial_interval: "10ms", max_interval: "10ms" } };
  const config = {
    receivers: {
      kubevirt_handler: {
        collection_interval: "200ms",
        timeout: "200ms",
        initial_delay: 0,
        targets: [{ metrics_endpoint: handler.metricsUrl }],
        tls: { ca_pem: handler.caPem },
      },
    },
    processors: {
      filter: { metrics: { datapoint: ['attributes["name"] == "q7"'] } },
      kubevirt_handler: { metrics: "all", histograms: "native" },
    },
    exporters: {
      "otlp_http/good": { endpoint: good.endpoint, sending_queue: { num_consumers: 1 }, ...retry },
      "otlp_http/stuck": {
        endpoint: stuck.endpoint,
        timeout: "1m",
        sending_queue: { num_consumers: 1, queue_size: 2 },
      },
      nop: {},
    },
    service: {
      shutdown_timeout: "100ms",
      telemetry: {
        logs: { level: "debug" },
        metrics: { readers: [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: 0 } } } }] },
      },
      pipelines: {
        metrics: {
          receivers: ["kubevirt_handler"],
          processors: ["filter", "kubevirt_handler"],
          exporters: ["otlp_http/good", "otlp_http/stuck", "nop"],
        },
      },
    },
  };
  const collector = await CollectorProcess.start(t, ["--config", await writeConfig(t, config)]);
  const { url } = await collector.untilLog("Serving the collector's own metrics.");
  // The failed attempt of the fourth comes again. Failed scrapes follow, with report gauges only.
  await collector.within(
    good.until(() => good.requests.length > SCRAPES),
    "all requests",
  );

  const samples = async () => {
    const { families } = inspectBody(Buffer.from(await (await fetch(String(url))).text()));
    return families.flatMap((family) => family.samples);
  };
  let all: Awaited<ReturnType<typeof samples>> = [];
  const total = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    all
      .filter((sample) => sample.name === `otelcol_${name}`)
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  // Nothing is under way when two readings in a row are alike.
  for (let last = -1; ; ) {
    all = await samples();
    const now = total("receiver_accepted_metric_points");
    if (now === last && total("exporter_queue_size", { exporter: "otlp_http/good" }) === 0) break;
    last = now;
  }

  const accepted = total("receiver_accepted_metric_points");
  assert.ok(accepted >= SCRAPES * RECEIVED, `${accepted}`);
  assert.equal(total("receiver_refused_metric_points"), 0);
  const dropped = (exporter: string, reason?: string) =>
    total("exporter_dropped_metric_points", { exporter, ...(reason !== undefined && { reason }) });
  const filtered =
    total("processor_filter_datapoints.filtered") + total("processor_filter_datapoints_filtered");
  assert.equal(filtered, SCRAPES);
  const notFinite = total("processor_kubevirt_handler_dropped_metric_points", { reason: "not_finite" });
  assert.equal(notFinite, SCRAPES);

  // Each edge of the graph …
  const incoming = (processor: string) => total("processor_incoming_items", { processor });
  const outgoing = (processor: string) => total("processor_outgoing_items", { processor });
  assert.equal(incoming("filter"), accepted);
  assert.equal(incoming("filter") - outgoing("filter"), filtered);
  assert.equal(incoming("kubevirt_handler"), outgoing("filter"));
  assert.equal(incoming("kubevirt_handler") - outgoing("kubevirt_handler"), notFinite);
  // … and so the whole, for each exporter.
  for (const exporter of ["otlp_http/good", "otlp_http/stuck", "nop"]) {
    const parts = {
      sent: total("exporter_sent_metric_points", { exporter }),
      queued: total("exporter_queue_metric_points", { exporter }),
      dropped: dropped(exporter),
      refused: total("exporter_enqueue_failed_metric_points", { exporter }),
    };
    const sum: number = parts.sent + parts.queued + parts.dropped + parts.refused + filtered + notFinite;
    assert.equal(sum, accepted, `${exporter} ${JSON.stringify(parts)}`);
  }
  assert.equal(dropped("otlp_http/good", "permanent"), RECEIVED - 2);
  assert.equal(dropped("otlp_http/good", "partial_success"), 3);
  assert.ok(total("exporter_enqueue_failed_metric_points", { exporter: "otlp_http/stuck" }) > 0);
  assert.equal(total("exporter_queue_size", { exporter: "otlp_http/stuck" }), 2);
  const arrived = good.batches.map(countPoints).reduce((sum, points) => sum + points, 0);
  assert.ok(arrived - 3 >= total("exporter_sent_metric_points", { exporter: "otlp_http/good" }));
  // What each target does shows too.
  assert.ok(total("scraper_target_series") >= 22);
  assert.ok(total("scraper_target_scrape_duration") > 0);
});
