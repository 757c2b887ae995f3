import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AggregationTemporality, DataPointType, type Metric } from "../../../src/metrics/index.ts";
import { type Received, startHarness } from "../../scrape/harness.ts";

const typeNames = new Map<number, string>(Object.entries(DataPointType).map(([name, type]) => [type, name]));
const temporalities = new Map<number, string>(
  Object.entries(AggregationTemporality).map(([name, temporality]) => [temporality, name]),
);

type Check = (received: Received, dropped: number) => void;

const metric = ({ metrics }: Received, name: string) =>
  metrics.find(({ descriptor }) => descriptor.name === name) as
    | (Metric & { isMonotonic?: boolean })
    | undefined;

/** What a metric is, in words. */
function kind(received: Received, name: string): string {
  const found = metric(received, name);
  if (found === undefined) return "nothing";
  const { dataPointType, aggregationTemporality, isMonotonic } = found;
  if (dataPointType === DataPointType.GAUGE || dataPointType === DataPointType.SUMMARY) {
    return typeNames.get(dataPointType)!;
  }
  const monotonic = isMonotonic === undefined ? "" : isMonotonic ? " monotonic" : " non-monotonic";
  return `${temporalities.get(aggregationTemporality)}${monotonic} ${typeNames.get(dataPointType)}`;
}

const is =
  (name: string, expected: string): Check =>
  (received) =>
    assert.equal(kind(received, name), expected);
const hasPoint =
  (key: string, expected: unknown): Check =>
  ({ points }) =>
    assert.deepEqual(points.get(key), expected);
const isDropped =
  (count = 1): Check =>
  ({ points, report }, dropped) => {
    assert.deepEqual([...points.keys()], []);
    assert.equal(dropped, count);
    assert.equal(report["up"], 1);
  };

/** Rules of the OpenTelemetry specification, compatibility/prometheus_and_openmetrics.md, in OpenMetrics text. */
const rules: readonly (readonly [rule: string, body: string, ...checks: readonly Check[]])[] = [
  [
    "the name is that of the samples",
    "# TYPE a counter\na_total 1\n# TYPE b info\nb_info 1",
    is("a_total", "CUMULATIVE monotonic SUM"),
    is("b_info", "CUMULATIVE non-monotonic SUM"),
  ],
  [
    "HELP becomes the description",
    '# HELP a It \\"helps\\".\\n\na 1',
    (r) => assert.equal(metric(r, "a")?.descriptor.description, 'It "helps".\n'),
  ],
  [
    "UNIT becomes the unit, in UCUM where it is known",
    "# UNIT a_bytes bytes\na_bytes 1\n# UNIT b_vms vms\nb_vms 1",
    (r) =>
      assert.deepEqual(
        ["a_bytes", "b_vms"].map((n) => metric(r, n)?.descriptor.unit),
        ["By", "vms"],
      ),
  ],
  [
    "TYPE becomes metadata prometheus.type",
    '# TYPE a stateset\na{a="b"} 1\nb 1',
    (r) =>
      assert.deepEqual(
        ["a", "b"].map((n) => metric(r, n)?.metadata),
        [{ "prometheus.type": "stateset" }, { "prometheus.type": "unknown" }],
      ),
  ],
  ["a timestamp becomes that of the point", "a 1 1600000000", hasPoint("a{}@1600000000000", 1)],
  [
    "without a start timestamp there is no start time",
    "# TYPE a counter\na_total 1",
    (r) => assert.deepEqual(metric(r, "a_total")?.dataPoints[0]?.startTime, [0, 0]),
  ],
  [
    "a start timestamp becomes the start time",
    "# TYPE a counter\na_total 1\na_created 5",
    (r) => assert.deepEqual(metric(r, "a_total")?.dataPoints[0]?.startTime, [5, 0]),
  ],
  [
    "a counter becomes a monotonic sum",
    "# TYPE a counter\na_total 1",
    is("a_total", "CUMULATIVE monotonic SUM"),
  ],
  ["a gauge becomes a gauge", "# TYPE a gauge\na 1", is("a", "GAUGE")],
  [
    "an info becomes a non-monotonic sum",
    '# TYPE a info\na_info{b="c"} 1',
    is("a_info", "CUMULATIVE non-monotonic SUM"),
    hasPoint("a_info{b=c}", 1),
  ],
  [
    "a state set becomes a non-monotonic sum, its label stays",
    '# TYPE a stateset\na{a="b"} 1',
    is("a", "CUMULATIVE non-monotonic SUM"),
    hasPoint("a{a=b}", 1),
  ],
  ["unknown and untyped become gauges", "# TYPE a unknown\na 1\nb 2", is("a", "GAUGE"), is("b", "GAUGE")],
  [
    "a histogram becomes a histogram, without the infinite bound",
    '# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 5\na_count 5\na_sum 9',
    is("a", "CUMULATIVE HISTOGRAM"),
    hasPoint("a{}", { buckets: { boundaries: [1], counts: [2, 3] }, count: 5, sum: 9 }),
  ],
  [
    "a histogram without count is dropped",
    '# TYPE a histogram\na_bucket{le="+Inf"} 5\na_sum 9',
    isDropped(2),
  ],
  [
    "a histogram without sum has none",
    '# TYPE a histogram\na_bucket{le="+Inf"} 5\na_count 5',
    hasPoint("a{}", { buckets: { boundaries: [], counts: [5] }, count: 5 }),
  ],
  [
    "a histogram with falling buckets is dropped",
    '# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="2"} 1\na_count 2',
    isDropped(),
  ],
  [
    "a histogram with a bucket that is NaN is dropped",
    '# TYPE a histogram\na_bucket{le="1"} NaN\na_count 2',
    isDropped(),
  ],
  [
    "buckets are sorted",
    '# TYPE a histogram\na_bucket{le="2"} 2\na_bucket{le="1"} 1\na_count 2',
    hasPoint("a{}", { buckets: { boundaries: [1, 2], counts: [1, 1, 0] }, count: 2 }),
  ],
  [
    "a summary becomes a summary",
    '# TYPE a summary\na{quantile="0.5"} 1\na_count 2\na_sum 3',
    is("a", "SUMMARY"),
    hasPoint("a{}", { count: 2, sum: 3, quantiles: [{ quantile: 0.5, value: 1 }] }),
  ],
  ["a summary without count is dropped", '# TYPE a summary\na{quantile="0.5"} 1', isDropped()],
  [
    "a summary without sum has sum 0",
    "# TYPE a summary\na_count 2",
    hasPoint("a{}", { count: 2, sum: 0, quantiles: [] }),
  ],
  [
    "a gauge histogram is dropped",
    '# TYPE a gaugehistogram\na_bucket{le="+Inf"} 5\na_gcount 5\na_gsum 1',
    isDropped(3),
  ],
  ["labels without value are no attributes", 'a{b="",c="d"} 1', hasPoint("a{c=d}", 1)],
  ["NaN is a value", "a NaN", hasPoint("a{}", Number.NaN)],
  [
    "le and quantile are attributes where they mean nothing else",
    '# TYPE a gauge\na{le="1"} 1',
    hasPoint("a{le=1}", 1),
  ],
  [
    "trace and span of an exemplar are taken out of its labels",
    `# TYPE a counter\na_total 1 # {trace_id="${"1".repeat(32)}",span_id="${"2".repeat(16)}",x="y"} 3 4`,
    (r) =>
      assert.deepEqual(metric(r, "a_total")?.dataPoints[0]?.exemplars, [
        {
          time: [4, 0],
          value: 3,
          traceId: "1".repeat(32),
          spanId: "2".repeat(16),
          filteredAttributes: { x: "y" },
        },
      ]),
  ],
  [
    "an exemplar's id that is none stays a label",
    '# TYPE a counter\na_total 1 # {trace_id="x"} 3 4',
    (r) =>
      assert.deepEqual(metric(r, "a_total")?.dataPoints[0]?.exemplars?.[0]?.filteredAttributes, {
        trace_id: "x",
      }),
  ],
  [
    "exemplars of a summary are dropped",
    "# TYPE a summary\na_count 1 # {} 3 4",
    (r) => assert.equal(metric(r, "a")?.dataPoints[0]?.exemplars, undefined),
  ],
  ["otel_scope_ labels are not attributes", 'a{otel_scope_name="x",b="c"} 1', hasPoint("a{b=c}", 1)],
  [
    "target_info is not a metric",
    '# TYPE target info\ntarget_info{b="c"} 1',
    (r) => assert.deepEqual([...r.points.keys()], []),
  ],
];

describe("translation to OTLP:", () => {
  for (const [rule, body, ...checks] of rules) {
    test(rule, async (t) => {
      const { serve, scrape, counts } = await startHarness(t);
      serve((response) =>
        response.setHeader("content-type", "application/openmetrics-text").end(`${body}\n# EOF\n`),
      );
      const received = await scrape();
      for (const check of checks)
        check(received, counts.of("otelcol_scraper_dropped_metric_points malformed"));
    });
  }
});
