import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ABSENT,
  AggregationTemporality,
  Batch,
  Column,
  DataPointType,
  type Layout,
  NO_START,
  PRESENT,
  Presence,
  STALE,
  ValueType,
} from "../../src/metrics/index.ts";

const TIME = 1_764_000_000_123_456_789n;
const attributes = Object.freeze({ vm: "a" });

/** A gauge of two series, a histogram and a summary; slot 0 belongs to no series. */
const layout: Layout = {
  width: 10,
  resources: [
    {
      resource: { attributes: { host: "h" } },
      scopes: [
        {
          scope: { name: "s" },
          metrics: [
            {
              descriptor: { name: "gauge", description: "", unit: "", valueType: ValueType.DOUBLE },
              aggregationTemporality: AggregationTemporality.UNSPECIFIED,
              isMonotonic: false,
              dataPointType: DataPointType.GAUGE,
              attributes: [attributes, { vm: "b" }],
              slots: Uint32Array.of(2, 1),
            },
            {
              descriptor: { name: "histogram", description: "", unit: "", valueType: ValueType.DOUBLE },
              aggregationTemporality: AggregationTemporality.CUMULATIVE,
              isMonotonic: false,
              dataPointType: DataPointType.HISTOGRAM,
              attributes: [attributes],
              series: [{ count: 3, sum: 4, buckets: Uint32Array.of(5, 6), bounds: [1, 2] }],
            },
          ],
        },
        {
          scope: { name: "t" },
          metrics: [
            {
              descriptor: { name: "summary", description: "", unit: "", valueType: ValueType.DOUBLE },
              aggregationTemporality: AggregationTemporality.UNSPECIFIED,
              isMonotonic: false,
              dataPointType: DataPointType.SUMMARY,
              attributes: [attributes],
              series: [{ count: 7, sum: -1, values: Uint32Array.of(9), quantiles: [0.5] }],
            },
          ],
        },
      ],
    },
  ],
};

const values = Float64Array.of(0, 1.5, 2.5, 10, 99, 4, 7, 3, 0, 0.25);

function view(states?: readonly number[], more: Partial<Column> = {}) {
  const presence = states === undefined ? Presence.ALL : new Presence(Uint8Array.from(states));
  const batch = Batch.fromColumns(layout, new Column({ values, timeNs: TIME, ...more, presence }));
  return { batch, metrics: batch.resourceMetrics.flatMap((it) => it.scopeMetrics.flatMap((s) => s.metrics)) };
}

test("values come from their slots, buckets are differences of cumulative counts", () => {
  const { metrics } = view();
  const times = { startTime: [0, 0], endTime: [1_764_000_000, 123_456_789] };
  assert.deepEqual(
    metrics.map((metric) => metric.dataPoints),
    [
      [
        { ...times, attributes, value: 2.5 },
        { ...times, attributes: { vm: "b" }, value: 1.5 },
      ],
      [
        {
          ...times,
          attributes,
          value: { buckets: { boundaries: [1, 2], counts: [4, 3, 3] }, count: 10, sum: 99 },
        },
      ],
      [{ ...times, attributes, value: { count: 3, sum: 0, quantiles: [{ quantile: 0.5, value: 0.25 }] } }],
    ],
  );
});

test("absent points, and what they leave empty, are not in the view", () => {
  const only = (slot: number) => Array.from({ length: 10 }, (_, i) => (i === slot ? PRESENT : ABSENT));
  const { batch, metrics } = view(only(7));
  assert.deepEqual(
    metrics.map(({ descriptor }) => descriptor.name),
    ["summary"],
  );
  assert.deepEqual(
    batch.resourceMetrics[0]?.scopeMetrics.map(({ scope }) => scope.name),
    ["t"],
  );
  assert.equal(batch.pointCount, 1);
  assert.deepEqual(view(only(0)).batch.resourceMetrics, []);
});

test("a histogram whose sum is absent has none", () => {
  const states = Array.from({ length: 10 }, (_, i) => (i === 4 ? ABSENT : PRESENT));
  const value = view(states).metrics[1]?.dataPoints[0]?.value;
  assert.deepEqual(value, { buckets: { boundaries: [1, 2], counts: [4, 3, 3] }, count: 10 });
});

test("stale points carry the flag", () => {
  const states = new Array<number>(10).fill(STALE);
  const points = view(states).metrics.flatMap(({ dataPoints }) => [...dataPoints]);
  assert.deepEqual(
    points.map(({ flags }) => flags),
    [1, 1, 1, 1],
  );
  assert.deepEqual(points[2]?.value, { buckets: { boundaries: [1, 2], counts: [0, 0, 0] }, count: 0 });
});

test("own times and starts override the shared ones", () => {
  const times = new BigUint64Array(10);
  times[2] = 5_000_000_001n;
  const startTimes = new BigUint64Array(10);
  startTimes[1] = 2_000_000_000n;
  startTimes[3] = NO_START;
  const [metric, other] = view(undefined, { times, startTimes, startNs: 1_000_000_000n }).metrics;
  assert.deepEqual(
    metric?.dataPoints.map(({ startTime, endTime }) => [startTime, endTime]),
    [
      [
        [1, 0],
        [5, 1],
      ],
      [
        [2, 0],
        [1_764_000_000, 123_456_789],
      ],
    ],
  );
  assert.deepEqual(other?.dataPoints[0]?.startTime, [0, 0]);
});

test("a view is made once, spreads like a plain object and leads back to its batch", () => {
  const { batch, metrics } = view();
  assert.equal(batch.resourceMetrics, batch.resourceMetrics);
  assert.equal(batch.resourceMetrics[0]?.scopeMetrics, batch.resourceMetrics[0]?.scopeMetrics);
  const [metric] = metrics;
  assert(metric !== undefined);
  assert.equal({ ...metric }.dataPoints, metric.dataPoints);
  assert.equal(Batch.from(batch.resourceMetrics), batch);
});

test("new resources around metrics of a view are taken back as they are, without a look at points", () => {
  const states = [PRESENT, PRESENT, ABSENT, ...new Array(7).fill(PRESENT)];
  const { batch } = view(states);
  const tagged = batch.resourceMetrics.map((one) => ({
    ...one,
    resource: { attributes: { ...one.resource.attributes, tenant: "a" } },
  }));
  const back = Batch.from(tagged);
  assert.equal(back.column, batch.column);
  assert.equal(back.layout.width, layout.width);
  assert.equal(back.layout.resources[0]?.scopes[0]?.metrics[0], layout.resources[0]?.scopes[0]?.metrics[0]);
  assert.equal(back.pointCount, batch.pointCount);
  assert.deepEqual(back.layout.resources[0]?.resource.attributes, { host: "h", tenant: "a" });
});

test("asking for the view takes the arrays out of reuse, for every column over them", () => {
  const column = new Column({ values, timeNs: TIME });
  const later = column.with({ timeNs: TIME + 1n });
  assert.equal(later.retained, false);
  assert.equal(Batch.fromColumns(layout, column).resourceMetrics.length, 1);
  assert.equal(later.retained, true);
});
