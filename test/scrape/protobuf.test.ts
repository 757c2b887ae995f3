import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DataPoint, DataPointType, hrTimeToNs, type Metric } from "../../src/metrics/index.ts";
import type { ScrapeTargetOptions } from "../../src/scrape/index.ts";
import { type WrittenFamily, type WrittenHistogram, writeBody } from "../exposition/protobuf-writer.ts";
import type { Cleanup } from "../support/certificates.ts";
import { type Harness, STALE, startHarness } from "./harness.ts";

function serve(harness: Harness, ...families: readonly WrittenFamily[]): void {
  const body = writeBody(...families);
  harness.serve((response) =>
    response.setHeader("content-type", "application/vnd.google.protobuf; encoding=delimited").end(body),
  );
}

const native = { histograms: { native: true } } as const;

function histogram(value: WrittenHistogram, labels = {}): WrittenFamily {
  return { name: "h", type: "histogram", metrics: [{ labels, histogram: value }] };
}

/** What is made of one histogram, by metric type. */
async function points(
  t: Cleanup,
  value: WrittenHistogram,
  options: Partial<ScrapeTargetOptions> = native,
): Promise<Map<number, DataPoint<unknown>>> {
  const harness = await startHarness(t, options);
  serve(harness, histogram(value));
  const { metrics } = await harness.scrape();
  return new Map(
    metrics
      .filter(({ descriptor }) => descriptor.name === "h")
      .map((metric) => [metric.dataPointType, (metric.dataPoints as DataPoint<unknown>[])[0]!]),
  );
}

const simple: WrittenHistogram = {
  count: 10,
  sum: 4.5,
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 2,
  positive: {
    spans: [
      [-2, 2],
      [1, 1],
    ],
    deltas: [1, 2, -1],
  },
  negative: { spans: [[5, 1]], deltas: [2] },
};

describe("native histograms", () => {
  test("become exponential ones: scale, offset - 1, gaps filled, count added up", async (t) => {
    const found = await points(t, { ...simple, start: { seconds: 1_700_000_000, nanos: 5 } });
    assert.deepEqual([...found.keys()], [DataPointType.EXPONENTIAL_HISTOGRAM]);
    const point = found.get(DataPointType.EXPONENTIAL_HISTOGRAM)!;
    assert.deepEqual(point.value, {
      count: 10,
      sum: 4.5,
      scale: 3,
      zeroCount: 2,
      zeroThreshold: 0.001,
      positive: { offset: -3, bucketCounts: [1, 3, 0, 2] },
      negative: { offset: 4, bucketCounts: [2] },
    });
    assert.equal(hrTimeToNs(point.startTime), 1_700_000_000_000_000_005n);
  });

  test("an empty one is marked by a span of no length", async (t) => {
    const found = await points(t, { count: 0, sum: 0, positive: { spans: [[0, 0]] } });
    assert.deepEqual(found.get(DataPointType.EXPONENTIAL_HISTOGRAM)?.value, {
      count: 0,
      sum: 0,
      scale: 0,
      zeroCount: 0,
      zeroThreshold: 0,
      positive: { offset: 0, bucketCounts: [] },
      negative: { offset: 0, bucketCounts: [] },
    });
  });

  test("overflow buckets are left out of buckets and count", async (t) => {
    const found = await points(t, {
      count: 7,
      sum: Infinity,
      schema: 0,
      positive: { spans: [[1024, 2]], deltas: [3, 1] },
    });
    const { count, positive, sum } = found.get(DataPointType.EXPONENTIAL_HISTOGRAM)!.value as {
      count: number;
      positive: unknown;
      sum: number;
    };
    assert.deepEqual([count, positive, sum], [3, { offset: 1023, bucketCounts: [3] }, Infinity]);
  });

  test("their own exemplars count, those without a time do not", async (t) => {
    const found = await points(t, {
      ...simple,
      exemplars: [{ value: 1 }, { value: 2, labels: { x: "y" }, timestamp: { seconds: 5 } }],
    });
    assert.deepEqual(found.get(DataPointType.EXPONENTIAL_HISTOGRAM)?.exemplars, [
      { time: [5, 0], value: 2, filteredAttributes: { x: "y" } },
    ]);
  });

  const dropped: readonly (readonly [what: string, value: WrittenHistogram])[] = [
    ["float counts", { countFloat: 1.5, zeroCount: 1, zeroCountFloat: 1.5 }],
    ["float counts of zero", { zeroThreshold: 1, positive: { spans: [[0, 1]], counts: [0] } }],
    ["a schema that is none", { ...simple, schema: 9 }],
    ["custom buckets, which have no bounds in protobuf", { ...simple, schema: -53 }],
    ["counts below zero", { ...simple, positive: { spans: [[0, 1]], deltas: [-1] } }],
    [
      "buckets that are absurdly far apart",
      {
        ...simple,
        schema: 8,
        positive: {
          spans: [
            [-270_000, 1],
            [530_000, 1],
          ],
          deltas: [1, 0],
        },
      },
    ],
  ];
  for (const [what, value] of dropped) {
    test(`with ${what} are dropped and counted`, async (t) => {
      const harness = await startHarness(t, native);
      for (let round = 1; round <= 2; round++) {
        serve(harness, histogram(value), { name: "ok", type: "gauge", metrics: [{ gauge: 1 }] });
        const { points: all, report } = await harness.scrape();
        assert.deepEqual([...all.keys()], ["ok{}"]);
        assert.equal(report["up"], 1);
        assert.equal(harness.counts.of("otelcol_scraper_dropped_metric_points malformed"), round);
      }
    });
  }

  test("of gauges are dropped and counted", async (t) => {
    const harness = await startHarness(t, native);
    serve(harness, { ...histogram(simple), type: "gaugehistogram" });
    assert.equal((await harness.scrape()).points.size, 0);
    assert.equal(harness.counts.of("otelcol_scraper_dropped_metric_points malformed"), 1);
  });

  test("spans that do not match the buckets fail the scrape", async (t) => {
    const harness = await startHarness(t, native);
    serve(harness, histogram({ ...simple, positive: { spans: [[0, 3]], deltas: [1] } }));
    assert.equal((await harness.scrape()).report["up"], 0);
    assert.match(String(harness.log[0]?.fields["error"]), /positive spans have 3 buckets, 1 are there/);
  });

  test("many gaps in one body do not take more memory than there may be", async (t) => {
    const harness = await startHarness(t, native);
    const far = {
      ...simple,
      schema: 8,
      positive: {
        spans: [
          [0, 1],
          [60_000, 1],
        ] as const,
        deltas: [1, 0],
      },
    };
    serve(harness, {
      name: "h",
      type: "histogram",
      metrics: Array.from({ length: 400 }, (_, i) => ({ labels: { i: String(i) }, histogram: far })),
    });
    const { points: all } = await harness.scrape();
    const left = harness.counts.of("otelcol_scraper_dropped_metric_points malformed");
    assert.equal(all.size + left, 400);
    assert.ok(left > 100 && all.size > 100, `${left} dropped`);
  });

  test("that end get a marker", async (t) => {
    const harness = await startHarness(t, native);
    serve(harness, histogram(simple), { name: "ok", type: "gauge", metrics: [{ gauge: 1 }] });
    await harness.scrape();
    serve(harness, { name: "ok", type: "gauge", metrics: [{ gauge: 1 }] });
    assert.equal((await harness.scrape()).points.get("h{}"), STALE);
  });
});

describe("classic and native", () => {
  const both: WrittenHistogram = {
    ...simple,
    buckets: [
      { count: 4, bound: 1, exemplar: { value: 0.5, timestamp: { seconds: 9 } } },
      { count: 9, bound: 2 },
    ],
  };
  const classic = { buckets: { boundaries: [1, 2], counts: [4, 5, 1] }, count: 10, sum: 4.5 };

  test("the native one alone counts where both are exposed", async (t) => {
    const found = await points(t, both);
    assert.deepEqual([...found.keys()], [DataPointType.EXPONENTIAL_HISTOGRAM]);
    const { exemplars } = found.get(DataPointType.EXPONENTIAL_HISTOGRAM)!;
    assert.deepEqual(exemplars?.[0]?.time, [9, 0], "exemplars of buckets serve where there are no others");
  });

  test("both count when the classic one is wanted too", async (t) => {
    const found = await points(t, both, { histograms: { native: true, classicToo: true } });
    assert.deepEqual(found.get(DataPointType.HISTOGRAM)?.value, classic);
    assert.ok(found.has(DataPointType.EXPONENTIAL_HISTOGRAM));
  });

  test("the classic part alone counts where native ones are not wanted", async (t) => {
    assert.deepEqual((await points(t, both, {})).get(DataPointType.HISTOGRAM)?.value, classic);
    const found = await points(t, simple, {});
    assert.deepEqual(found.get(DataPointType.HISTOGRAM)?.value, {
      buckets: { boundaries: [], counts: [10] },
      count: 10,
      sum: 4.5,
    });
  });
});

describe("numbers", () => {
  test("each type becomes what it is in text", async (t) => {
    const harness = await startHarness(t);
    serve(
      harness,
      {
        name: "requests_total",
        help: "Served.",
        unit: "seconds",
        metrics: [
          {
            labels: { code: "200" },
            counter: {
              value: 3,
              start: { seconds: 1_700_000_000 },
              exemplar: { value: 1, labels: { trace_id: "a".repeat(32) } },
            },
          },
        ],
      },
      { name: "temperature", type: "gauge", metrics: [{ gauge: -1.5 }] },
      { name: "loose", type: "untyped", metrics: [{ untyped: 7, timestampMs: 1_700_000_000_500 }] },
      {
        name: "gc",
        type: "summary",
        metrics: [{ summary: { count: 4, sum: 2, quantiles: [[0.5, 0.25]] } }],
      },
    );
    const { metrics, points: all } = await harness.scrape();
    const counter = metrics[0] as Metric & { isMonotonic: boolean };
    assert.deepEqual(
      [counter.descriptor.name, counter.descriptor.description, counter.descriptor.unit, counter.isMonotonic],
      ["requests_total", "Served.", "s", true],
    );
    const [point] = counter.dataPoints;
    assert.deepEqual(point?.startTime, [1_700_000_000, 0]);
    assert.equal(point?.exemplars?.[0]?.traceId, "a".repeat(32));
    assert.equal(all.get("requests_total{code=200}"), 3);
    assert.equal(all.get("temperature{}"), -1.5);
    assert.equal(all.get("loose{}@1700000000500"), 7);
    assert.deepEqual(all.get("gc{}"), { count: 4, sum: 2, quantiles: [{ quantile: 0.5, value: 0.25 }] });
  });

  test("counts beyond 2^53 arrive unharmed", async (t) => {
    const big = 2n ** 53n + 1n;
    const harness = await startHarness(t, native);
    serve(
      harness,
      histogram({
        count: 2n ** 64n - 1n,
        sum: 1,
        buckets: [
          { count: 1, bound: 1 },
          { count: big, bound: 2 },
        ],
      }),
      { name: "s", type: "summary", metrics: [{ summary: { count: big, sum: 1 } }] },
      {
        name: "n",
        type: "histogram",
        metrics: [
          {
            histogram: { count: big, sum: 1, zeroCount: 1, positive: { spans: [[0, 2]], deltas: [big, -1] } },
          },
        ],
      },
    );
    const { points: all } = await harness.scrape();
    assert.deepEqual(all.get("h{}"), {
      buckets: { boundaries: [1, 2], counts: [1, big - 1n, 2n ** 64n - 1n - big] },
      count: 2n ** 64n - 1n,
      sum: 1,
    });
    assert.equal((all.get("s{}") as { count: bigint }).count, big);
    const exponential = all.get("n{}") as { count: bigint; positive: { bucketCounts: unknown } };
    assert.deepEqual(exponential.positive.bucketCounts, [big, big - 1n]);
    assert.equal(exponential.count, big + big - 1n + 1n);
  });

  test("a start time that changes does not change batches that somebody kept", async (t) => {
    const harness = await startHarness(t);
    const at = (seconds: number): WrittenFamily => ({
      name: "a",
      metrics: [{ counter: { value: 1, start: { seconds } } }],
    });
    const starts: bigint[] = [];
    const kept: Metric[] = [];
    for (const seconds of [100, 100, 200]) {
      serve(harness, at(seconds));
      kept.push((await harness.scrape()).metrics[0]!);
    }
    for (const { dataPoints } of kept) starts.push(hrTimeToNs(dataPoints[0]!.startTime) / 1_000_000_000n);
    assert.deepEqual(starts, [100n, 100n, 200n]);
  });

  test("a target that turns from text to protobuf keeps its series", async (t) => {
    const harness = await startHarness(t);
    harness.serve('# TYPE h histogram\nh_bucket{x="1",le="1"} 1\nh_sum{x="1"} 1\nh_count{x="1"} 2\n');
    await harness.scrape();
    serve(harness, histogram({ count: 3, sum: 2, buckets: [{ count: 1, bound: 1 }] }, { x: "1" }));
    const { report, points: all } = await harness.scrape();
    assert.equal(report["scrape_series_added"], 1, "the infinite bucket");
    assert.deepEqual([...all.keys()], ["h{x=1}"]);
  });
});

test("a body that is cut off fails the scrape, naming the place", async (t) => {
  const harness = await startHarness(t);
  const body = writeBody({ name: "a", metrics: [{ counter: { value: 1 } }] });
  harness.serve((response) =>
    response
      .setHeader("content-type", "application/vnd.google.protobuf")
      .end(body.subarray(0, body.length - 1)),
  );
  assert.equal((await harness.scrape()).report["up"], 0);
  const { fields } = harness.log[0]!;
  assert.equal(fields["offset"], 0);
  assert.match(String(fields["error"]), /does not fit/);
});
