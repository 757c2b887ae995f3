import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  ABSENT,
  AggregationTemporality,
  Batch,
  Column,
  type ColumnInit,
  DataPointType,
  type Layout,
  type MetricsBatch,
  NO_START,
  PRESENT,
  Presence,
  STALE,
  ValueType,
} from "../../src/metrics/index.ts";
import {
  decodeMetrics,
  decodeMetricsJson,
  type EncodedBody,
  encodeMetricsJson,
  JsonMetricsEncoder,
  MetricsEncoder,
} from "../../src/otlp/index.ts";
import { metricsBatch } from "../support/metrics-arbitraries.ts";

const TIME = 1_764_000_000_123_456_789n;

/** Gauges of two virtual machines, one of whose metrics is an integer, a histogram and a summary, over 12 slots. */
const layout: Layout = {
  width: 12,
  resources: ["a", "b"].map((vm, r) => ({
    resource: { attributes: { vm } },
    scopes: [
      {
        scope: { name: "test" },
        metrics: [
          {
            descriptor: { name: "gauge", description: "", unit: "1", valueType: ValueType.DOUBLE },
            aggregationTemporality: AggregationTemporality.UNSPECIFIED,
            isMonotonic: false,
            dataPointType: DataPointType.GAUGE,
            attributes: [{ cpu: "0" }, { cpu: "1", note: "x".repeat(150) }, { cpu: "2" }],
            slots: Uint32Array.of(2 - r, r, 2),
          },
          {
            descriptor: { name: "integer", description: "", unit: "1", valueType: ValueType.INT },
            aggregationTemporality: AggregationTemporality.CUMULATIVE,
            isMonotonic: true,
            dataPointType: DataPointType.SUM,
            attributes: [{ cpu: "0" }],
            slots: Uint32Array.of(3),
          },
          {
            descriptor: { name: "histogram", description: "", unit: "s", valueType: ValueType.DOUBLE },
            aggregationTemporality: AggregationTemporality.CUMULATIVE,
            isMonotonic: false,
            dataPointType: DataPointType.HISTOGRAM,
            attributes: [{}, { cpu: "1" }],
            series: [
              { count: 6, sum: 7, buckets: Uint32Array.of(4, 5), bounds: [0.5, 1] },
              { count: 6, sum: -1, buckets: Uint32Array.of(), bounds: [] },
            ],
          },
          {
            descriptor: { name: "summary", description: "", unit: "s", valueType: ValueType.DOUBLE },
            aggregationTemporality: AggregationTemporality.UNSPECIFIED,
            isMonotonic: false,
            dataPointType: DataPointType.SUMMARY,
            attributes: [{ cpu: "0" }],
            series: [{ count: 8, sum: 9, values: Uint32Array.of(10, 11), quantiles: [0.5, 0.99] }],
          },
        ],
      },
    ],
  })),
};

function batchOf(init: Partial<ColumnInit>): Batch {
  const values = init.values ?? Float64Array.from({ length: 12 }, (_, i) => i);
  return Batch.fromColumns(layout, new Column({ timeNs: TIME, ...init, values }));
}

/** What the batch has to decode to: what its plain objects do. */
function expected(batch: Batch): MetricsBatch {
  const objects = Batch.fromColumns(batch.layout, new Column(batch.column)).resourceMetrics;
  return decodeMetrics(new MetricsEncoder().encode(Batch.from(structuredClone(objects))).bytes);
}

function encodeOnce(encoder: MetricsEncoder, batch: Batch): MetricsBatch {
  const body = encoder.encode(batch);
  const decoded = decodeMetrics(body.bytes);
  body.release();
  return decoded;
}

const states = fc.constantFrom(ABSENT, PRESENT, PRESENT, PRESENT, STALE);
const time = fc.bigInt(0n, 2n ** 64n - 1n);
const times = fc.option(
  fc
    .array(fc.constantFrom(0n, 1n, TIME, 2n ** 63n, NO_START), { minLength: 12, maxLength: 12 })
    .map((list) => BigUint64Array.from(list)),
  { nil: undefined, freq: 3 },
);
const value = fc.oneof(fc.nat(1000), fc.double(), fc.constantFrom(2 ** 53, -(2 ** 40), -0, Number.NaN));

/** A step takes one of three presences, so that bodies are found again, and a new column. */
const steps = fc
  .array(fc.array(states, { minLength: 12, maxLength: 12 }), { minLength: 3, maxLength: 3 })
  .map((all) => all.map((list) => new Presence(Uint8Array.from(list))))
  .chain((presences) =>
    fc.array(
      fc.record({
        presence: fc.constantFrom(Presence.ALL, ...presences),
        values: fc.array(value, { minLength: 12, maxLength: 12 }).map((list) => Float64Array.from(list)),
        timeNs: time,
        startNs: fc.oneof(fc.constantFrom(0n, 5n, NO_START), time),
        times,
        startTimes: times,
        extras: fc.option(
          fc.constantFrom(
            new Map([
              [2, { flags: 4 }],
              [6, { min: 1, max: 2 }],
            ]),
            new Map([
              [3, { integer: 2n ** 60n }],
              [8, { flags: 2 }],
            ]),
          ),
          { nil: undefined, freq: 3 },
        ),
        keep: fc.boolean(),
      }),
      { minLength: 2, maxLength: 10 },
    ),
  );

test("whatever was encoded before and is still held, a body is that of its batch and stays so", () => {
  fc.assert(
    fc.property(steps, (columns) => {
      const encoder = new MetricsEncoder();
      const held: { body: EncodedBody; copy: Buffer }[] = [];
      for (const { keep, ...column } of columns) {
        const batch = batchOf(column);
        const body = encoder.encode(batch);
        const wanted = expected(batch);
        assert.deepEqual(decodeMetrics(body.bytes), wanted);
        assert.equal(body.pointCount, batch.pointCount);
        assert.deepEqual(decodeMetricsJson(encodeMetricsJson(batch)), wanted);
        if (keep) held.push({ body, copy: Buffer.from(body.bytes) });
        else body.release();
      }
      for (const { body, copy } of held) {
        assert.deepEqual(body.bytes, copy);
        body.release();
        body.release();
      }
      const last = batchOf(columns[0] as ColumnInit);
      assert.deepEqual(encodeOnce(encoder, last), expected(last));
    }),
    { numRuns: 300 },
  );
});

test("a released body is patched in place, one that is held is not touched", () => {
  const encoder = new MetricsEncoder();
  const first = encoder.encode(batchOf({}));
  first.release();
  const second = encoder.encode(batchOf({ timeNs: TIME + 1n }));
  assert.equal(second.bytes, first.bytes, "the same memory");
  const third = encoder.encode(batchOf({ timeNs: TIME + 2n }));
  assert.notEqual(third.bytes.buffer, second.bytes.buffer);
  assert.deepEqual(decodeMetrics(second.bytes), expected(batchOf({ timeNs: TIME + 1n })));
  third.release();
  const fourth = encoder.encode(batchOf({ timeNs: TIME + 3n }));
  assert.equal(fourth.bytes.buffer, third.bytes.buffer, "the pooled copy is used again");
});

test("JSON is lent likewise: memory is used again after release, and only then", () => {
  const encoder = new JsonMetricsEncoder();
  encoder.encode(batchOf({})).release();
  const first = encoder.encode(batchOf({}));
  const second = encoder.encode(batchOf({ timeNs: TIME + 1n }));
  assert.notEqual(second.bytes.buffer, first.bytes.buffer);
  assert.deepEqual(decodeMetricsJson(first.bytes), expected(batchOf({})));
  assert.equal(first.pointCount, 14);
  first.release();
  assert.equal(encoder.encode(batchOf({})).bytes.buffer, first.bytes.buffer);
  assert.deepEqual(decodeMetricsJson(second.bytes), expected(batchOf({ timeNs: TIME + 1n })));
});

test("encoding does not take the column's arrays out of reuse, exemplars or not", () => {
  const encoder = new MetricsEncoder();
  const extras = new Map([[2, { flags: 4 }]]);
  for (const batch of [batchOf({}), batchOf({ extras })]) {
    encodeOnce(encoder, batch);
    encodeMetricsJson(batch);
    assert.equal(batch.column.retained, false);
  }
});

test("points that are absent, and what they leave empty, are not written", () => {
  const none = new Presence(new Uint8Array(12));
  assert.deepEqual(encodeOnce(new MetricsEncoder(), batchOf({ presence: none })), []);
  const only11 = new Presence(Uint8Array.from({ length: 12 }, (_, i) => (i === 1 ? PRESENT : ABSENT)));
  const names = encodeOnce(new MetricsEncoder(), batchOf({ presence: only11 })).map(({ scopeMetrics }) =>
    scopeMetrics.map(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name)),
  );
  assert.deepEqual(names, [[["gauge"]]]);
  const empty: MetricsBatch = [{ resource: { attributes: { a: 1 }, schemaUrl: "u" }, scopeMetrics: [] }];
  assert.equal(new MetricsEncoder().encode(Batch.from(empty)).bytes.length, 0);
});

test("a stale point has the flag and no value", () => {
  const presence = new Presence(new Uint8Array(12).fill(STALE));
  const [resource] = encodeOnce(new MetricsEncoder(), batchOf({ presence }));
  const points = resource?.scopeMetrics[0]?.metrics.map(({ dataPoints }) => dataPoints[0]);
  assert.deepEqual(
    points?.map((point) => [point?.flags, point?.value]),
    [
      [1, Number.NaN],
      [1, Number.NaN],
      [1, { count: 0, buckets: { boundaries: [0.5, 1], counts: [0, 0, 0] } }],
      [
        1,
        {
          count: 0,
          sum: 0,
          quantiles: [
            { quantile: 0.5, value: 0 },
            { quantile: 0.99, value: 0 },
          ],
        },
      ],
    ],
  );
});

test("layouts that share attributes objects, as after churn, are encoded independently", () => {
  fc.assert(
    fc.property(metricsBatch, (batch) => {
      const encoder = new MetricsEncoder();
      const whole = Batch.from(batch);
      const { layout: full, column } = whole;
      const less: Layout = {
        ...full,
        resources: full.resources.map((resource) => ({
          ...resource,
          scopes: resource.scopes.map((scope) => ({ ...scope, metrics: scope.metrics.slice(1) })),
        })),
      };
      for (const each of [full, less, full]) {
        const part = Batch.fromColumns(each, column);
        assert.deepEqual(encodeOnce(encoder, part), expected(part));
      }
    }),
    { numRuns: 50 },
  );
});

test("a body of more than the initial buffer, with long texts, grows without harm", () => {
  const attributes = { text: "ü".repeat(40_000), list: Array.from({ length: 5000 }, (_, i) => i) };
  const batch: MetricsBatch = [
    {
      resource: { attributes },
      scopeMetrics: [
        {
          scope: { name: "s" },
          metrics: [
            {
              descriptor: { name: "m", description: "", unit: "", valueType: ValueType.DOUBLE },
              aggregationTemporality: AggregationTemporality.UNSPECIFIED,
              dataPointType: DataPointType.GAUGE,
              dataPoints: [{ attributes, startTime: [0, 0], endTime: [1, 2], value: 1 }],
            },
          ],
        },
      ],
    },
  ];
  const encoder = new MetricsEncoder();
  assert.deepEqual(encodeOnce(encoder, Batch.from(batch)), batch);
  const { layout, column } = Batch.from(batch);
  assert.deepEqual(encodeOnce(encoder, Batch.fromColumns(layout, column)), batch);
});
