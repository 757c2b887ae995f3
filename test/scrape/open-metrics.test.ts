import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  hrTimeToNs,
  type Metric,
} from "../../src/metrics/index.ts";
import { type Harness, scrapeTime, startHarness } from "./harness.ts";

const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

function serveOpenMetrics(harness: Harness, ...lines: string[]): void {
  harness.serve((response) =>
    response.setHeader("content-type", openMetrics).end(`${lines.join("\n")}\n# EOF\n`),
  );
}

function named(metrics: readonly Metric[], name: string): Metric | undefined {
  return metrics.find(({ descriptor }) => descriptor.name === name);
}

function pointOf(metrics: readonly Metric[], name: string): DataPoint<unknown> | undefined {
  return named(metrics, name)?.dataPoints[0];
}

const seconds = (at: number) => BigInt(Math.trunc(at * 1000)) * 1_000_000n;

describe("OpenMetrics types", () => {
  test("keep the name of their samples and become what the specification demands", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(
      harness,
      "# TYPE requests counter",
      '# HELP requests Served \\"so far\\".',
      "requests_total 5",
      "# TYPE size_bytes gauge",
      "# UNIT size_bytes bytes",
      "size_bytes 1",
      "# TYPE build info",
      'build_info{version="1"} 1',
      "# TYPE mode stateset",
      'mode{mode="on"} 1',
      'mode{mode="off"} 0',
      "# TYPE other unknown",
      "other 3",
      "# TYPE odd_parsecs gauge",
      "# UNIT odd_parsecs parsecs",
      "odd_parsecs 2",
    );
    const { metrics } = await harness.scrape();
    const shape = (name: string) => {
      const metric = named(metrics, name) as Metric & { isMonotonic?: boolean };
      const { unit } = metric.descriptor;
      return [metric.dataPointType, metric.isMonotonic, metric.metadata?.["prometheus.type"], unit];
    };
    assert.deepEqual(shape("requests_total"), [DataPointType.SUM, true, "counter", ""]);
    assert.equal(named(metrics, "requests_total")?.descriptor.description, 'Served "so far".');
    assert.deepEqual(shape("size_bytes"), [DataPointType.GAUGE, undefined, "gauge", "By"]);
    assert.deepEqual(shape("build_info"), [DataPointType.SUM, false, "info", ""]);
    assert.deepEqual(shape("mode"), [DataPointType.SUM, false, "stateset", ""]);
    assert.deepEqual(shape("other"), [DataPointType.GAUGE, undefined, "unknown", ""]);
    assert.deepEqual(shape("odd_parsecs"), [DataPointType.GAUGE, undefined, "gauge", "parsecs"]);
    assert.equal(named(metrics, "mode")?.aggregationTemporality, AggregationTemporality.CUMULATIVE);
    assert.deepEqual(
      named(metrics, "mode")?.dataPoints.map(({ attributes }) => attributes),
      [{ mode: "on" }, { mode: "off" }],
    );
  });

  test("gauge histograms are dropped and counted", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(
      harness,
      "# TYPE g gaugehistogram",
      'g_bucket{le="+Inf"} 2',
      "g_gcount 2",
      "g_gsum 7",
      "ok 1",
    );
    const { points, report } = await harness.scrape();
    assert.deepEqual([...points.keys()], ["ok{}"]);
    assert.equal(report["up"], 1);
    assert.equal(harness.counts.of("otelcol_scraper_dropped_metric_points malformed"), 3);
  });
});

describe("start times", () => {
  test("come from _created, before or after the sample, and only for its own labels", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(
      harness,
      "# TYPE a counter",
      'a_created{x="1"} 1700000000.1239',
      'a_total{x="1"} 5',
      'a_total{x="2"} 6',
      'a_created{x="2"} 1700000001',
      'a_total{x="3"} 7',
      "# TYPE h histogram",
      'h_bucket{le="1.0"} 1',
      'h_bucket{le="+Inf"} 2',
      "h_count 2",
      "h_sum 3",
      "h_created 1700000002",
      "# TYPE s summary",
      "s_created 1700000003",
      's{quantile="0.5"} 1',
      "s_count 1",
    );
    for (let round = 0; round < 2; round++) {
      const { metrics, points } = await harness.scrape();
      const starts = (name: string) =>
        named(metrics, name)?.dataPoints.map(({ startTime }) => hrTimeToNs(startTime));
      assert.deepEqual(starts("a_total"), [seconds(1700000000.123), seconds(1700000001), 0n]);
      assert.deepEqual(starts("h"), [seconds(1700000002)]);
      assert.deepEqual(starts("s"), [seconds(1700000003)]);
      assert.ok(![...points.keys()].some((key) => key.includes("_created")));
    }
  });

  test("follow a restart, and a retained batch keeps those it had", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(harness, "# TYPE a counter", "a_total 5", "a_created 1700000000");
    await harness.scrape();
    const before = await harness.scrape();
    serveOpenMetrics(harness, "# TYPE a counter", "a_total 1", "a_created 1700000500");
    const after = await harness.scrape();
    assert.equal(hrTimeToNs(pointOf(before.metrics, "a_total")!.startTime), seconds(1700000000));
    assert.equal(hrTimeToNs(pointOf(after.metrics, "a_total")!.startTime), seconds(1700000500));
    serveOpenMetrics(harness, "# TYPE a counter", "a_total 2");
    const without = await harness.scrape();
    assert.equal(hrTimeToNs(pointOf(without.metrics, "a_total")!.startTime), 0n);
  });

  test("_created of other types and without a type is a series like any other", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(harness, "# TYPE g gauge", "g 1", "g_created 2", "loose_created 3");
    const { points } = await harness.scrape();
    assert.deepEqual([...points.keys()], ["g{}", "g_created{}", "loose_created{}"]);
  });
});

describe("exemplars", () => {
  const trace = "0123456789ABCDEF0123456789abcdef";

  test("give their ids of trace and span, and keep other labels", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(
      harness,
      "# TYPE a counter",
      `a_total 5 # {trace_id="${trace}",Span_ID="0123456789abcdef",user="u"} 0.5 1700000000.25`,
    );
    for (let round = 0; round < 2; round++) {
      const { metrics } = await harness.scrape();
      assert.deepEqual(pointOf(metrics, "a_total")?.exemplars, [
        {
          time: [1700000000, 250_000_000],
          value: 0.5,
          filteredAttributes: { user: "u" },
          traceId: trace.toLowerCase(),
          spanId: "0123456789abcdef",
        },
      ]);
    }
  });

  test("without a time have that of the scrape; what is no id stays a label", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(
      harness,
      "# TYPE a counter",
      `a_total 5 # {trace_id="abc",span_id="${"0".repeat(16)}"} 1`,
    );
    const { metrics } = await harness.scrape();
    assert.deepEqual(pointOf(metrics, "a_total")?.exemplars, [
      {
        time: [scrapeTime(0) / 1000, 0],
        value: 1,
        filteredAttributes: { trace_id: "abc", span_id: "0".repeat(16) },
      },
    ]);
  });

  test("of buckets belong to the histogram; those of summaries are dropped; gauges keep theirs", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(
      harness,
      "# TYPE h histogram",
      'h_bucket{le="1.0"} 1 # {} 0.5 1',
      'h_bucket{le="+Inf"} 2 # {} 7 2',
      "h_count 2",
      "# TYPE s summary",
      's{quantile="0.5"} 1 # {} 1 1',
      "s_count 1",
      "# TYPE g gauge",
      "g 1 # {} 3 3",
    );
    const { metrics } = await harness.scrape();
    const values = (name: string) => pointOf(metrics, name)?.exemplars?.map(({ value }) => value);
    assert.deepEqual(values("h"), [0.5, 7]);
    assert.equal(values("s"), undefined);
    assert.deepEqual(values("g"), [3]);
  });

  test("are gone when the next body has none", async (t) => {
    const harness = await startHarness(t);
    serveOpenMetrics(harness, "# TYPE a counter", "a_total 5 # {} 1");
    await harness.scrape();
    serveOpenMetrics(harness, "# TYPE a counter", "a_total 5");
    assert.equal(pointOf((await harness.scrape()).metrics, "a_total")?.exemplars, undefined);
  });
});

describe("labels that are not about the point", () => {
  test("otel_scope_* become the instrumentation scope", async (t) => {
    const harness = await startHarness(t);
    let scopes: unknown;
    harness.onBatch((batch) => {
      scopes = batch.resourceMetrics[0]?.scopeMetrics.map(({ scope, metrics }) => [
        scope,
        metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.attributes]),
      ]);
    });
    const scope =
      'otel_scope_name="lib",otel_scope_version="1.2",otel_scope_schema_url="https://s",otel_scope_mascot="gopher"';
    serveOpenMetrics(harness, "# TYPE a counter", `a_total{x="1",${scope}} 5`, `b{${scope},y="2"} 1`, "c 1");
    await harness.scrape();
    const attributes = { mascot: "gopher" };
    assert.deepEqual((scopes as unknown[]).slice(0, 1), [
      [
        { name: "lib", version: "1.2", schemaUrl: "https://s", attributes },
        [
          ["a_total", { x: "1" }],
          ["b", { y: "2" }],
        ],
      ],
    ]);
    const [, own] = scopes as [unknown, [unknown, [string, unknown][]]];
    assert.deepEqual(own[0], { name: "otelcol-kubevirt", version: "0.0.0" });
    assert.deepEqual(own[1][0], ["c", {}]);
    assert.equal(own[1][1]?.[0], "up");
  });

  test("target_info describes the resource wherever it stands, and is no point", async (t) => {
    const harness = await startHarness(t);
    const resources: unknown[] = [];
    harness.onBatch((batch) =>
      resources.push(batch.resourceMetrics.map(({ resource }) => resource.attributes)),
    );
    const info = 'target_info{job="x",instance="y",env="prod",service_version="3"} 1';
    serveOpenMetrics(harness, "a 1", "# TYPE target info", info);
    const { points } = await harness.scrape();
    assert.deepEqual([...points.keys()], ["a{}"]);
    serveOpenMetrics(harness, "a 1", "# TYPE target info", info.replace("prod", "test"));
    await harness.scrape();
    serveOpenMetrics(harness, "a 1");
    await harness.scrape();
    const name = { "service.name": "test" };
    assert.deepEqual(resources, [
      [{ ...name, env: "prod", service_version: "3" }],
      [{ ...name, env: "test", service_version: "3" }],
      [name],
    ]);
  });
});

test("a body that does not end with # EOF fails the scrape; the next one is as if nothing had happened", async (t) => {
  const harness = await startHarness(t);
  serveOpenMetrics(harness, "a 1", "b 2");
  await harness.scrape();
  harness.serve((response) => response.setHeader("content-type", openMetrics).end("a 1\n"));
  const failed = await harness.scrape();
  assert.equal(failed.report["up"], 0);
  assert.equal(harness.counts.of("otelcol_scraper_failed_scrapes parse"), 1);
  serveOpenMetrics(harness, "a 1", "b 2");
  assert.equal((await harness.scrape()).report["up"], 1);
});

test("a target that changes its format keeps its series", async (t) => {
  const harness = await startHarness(t);
  harness.serve('# TYPE h histogram\nh_bucket{le="1"} 1\nh_count 1\na{x="1"} 1\n');
  const text = await harness.scrape();
  serveOpenMetrics(harness, "# TYPE h histogram", 'h_bucket{le="1.0"} 1', "h_count 1", 'a{x="1"} 2');
  const open = await harness.scrape();
  assert.equal(open.report["scrape_series_added"], 0);
  assert.equal(open.layout, text.layout);
  assert.equal(open.points.get("a{x=1}"), 2);
});
