import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  AggregationTemporality,
  Batch,
  DataPointType,
  type HrTime,
  type MetricsBatch,
  NO_RECORDED_VALUE,
  ValueType,
} from "../../src/metrics/index.ts";
import { metricsBatch } from "../support/metrics-arbitraries.ts";

/** Takes objects into columns and out again, through nothing else. */
function throughColumns(objects: MetricsBatch): MetricsBatch {
  const { layout, column } = Batch.from(objects);
  return Batch.fromColumns(layout, column).resourceMetrics;
}

/** Reads every lazy property. */
function settled(batch: MetricsBatch): unknown {
  return batch.map(({ resource, scopeMetrics }) => ({
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((it) => ({ ...it })),
    })),
  }));
}

function gauge(
  points: readonly { value: number | bigint; endTime?: HrTime; startTime?: HrTime; flags?: number }[],
) {
  const batch: MetricsBatch = [
    {
      resource: { attributes: {} },
      scopeMetrics: [
        {
          scope: { name: "test" },
          metrics: [
            {
              descriptor: { name: "g", description: "", unit: "", valueType: ValueType.DOUBLE },
              aggregationTemporality: AggregationTemporality.UNSPECIFIED,
              dataPointType: DataPointType.GAUGE,
              dataPoints: points.map((point, i) => ({
                startTime: [0, 0],
                endTime: [1, 5],
                attributes: { i },
                ...point,
              })),
            },
          ],
        },
      ],
    },
  ];
  return batch;
}

test("plain objects come back from layout and column as they were", () => {
  fc.assert(
    fc.property(metricsBatch, (batch) => {
      assert.deepEqual(settled(throughColumns(batch)), batch);
    }),
    { numRuns: 500 },
  );
});

test("taking objects into columns does not write to them", () => {
  const freeze = (value: unknown): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  };
  fc.assert(
    fc.property(metricsBatch, (batch) => {
      freeze(batch);
      settled(throughColumns(batch));
    }),
    { numRuns: 100 },
  );
});

test("the attributes of a view are the very objects that were given", () => {
  const batch = gauge([{ value: 1 }]);
  const [given] = batch[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints ?? [];
  const [got] = throughColumns(batch)[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints ?? [];
  assert(given !== undefined);
  assert.equal(got?.attributes, given.attributes);
});

test("integers that a double cannot hold stay exact", () => {
  const batch = gauge([{ value: 2n ** 53n + 1n }, { value: -(2n ** 63n) }, { value: 0.1 }]);
  assert.deepEqual(settled(throughColumns(batch)), batch);
});

test("a time that all points have is shared, differing ones are kept by point", () => {
  const same = Batch.from(gauge([{ value: 1 }, { value: 2 }])).column;
  assert.deepEqual([same.timeNs, same.times], [1_000_000_005n, undefined]);
  const differing = gauge([
    { value: 1, endTime: [7, 0] },
    { value: 2, startTime: [3, 4] },
  ]);
  const { column } = Batch.from(differing);
  assert.deepEqual([column.timeAt(0), column.timeAt(1)], [7_000_000_000n, 1_000_000_005n]);
  assert.deepEqual([column.startAt(0), column.startAt(1)], [0n, 3_000_000_004n]);
  assert.deepEqual(settled(throughColumns(differing)), differing);
});

test("a stale point keeps its flag and has no value", () => {
  const flagged = gauge([{ value: 5, flags: NO_RECORDED_VALUE }, { value: 6 }]);
  const batch = throughColumns(flagged);
  assert.deepEqual(
    batch[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints.map(({ value, flags }) => [value, flags]),
    [
      [Number.NaN, 1],
      [6, undefined],
    ],
  );
});

test("metrics of views, kept, copied, doubled and mixed, are taken back as what they are", () => {
  const choice = fc.constantFrom("keep", "keep", "keep", "drop", "copy", "twice");
  fc.assert(
    fc.property(
      metricsBatch,
      metricsBatch,
      fc.infiniteStream(choice),
      fc.boolean(),
      (one, other, choices, isMixed) => {
        const sources = isMixed ? [one, other] : [one];
        const views = sources.flatMap((objects) => [...throughColumns(objects)]);
        const changed: MetricsBatch = views.map(({ scopeMetrics }, i) => ({
          resource: { attributes: { i } },
          scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
            scope,
            metrics: metrics.flatMap((metric) => {
              const what = choices.next().value;
              if (what === "drop") return [];
              if (what === "twice") return [metric, metric];
              return [what === "copy" ? { ...metric } : metric];
            }),
          })),
        }));
        const expected = settled(changed) as MetricsBatch;
        // A view leaves out what has no points.
        const full = expected
          .map((it) => ({ ...it, scopeMetrics: it.scopeMetrics.filter(({ metrics }) => metrics.length > 0) }))
          .filter(({ scopeMetrics }) => scopeMetrics.length > 0);
        assert.deepEqual(settled(throughColumns(changed)), full);
      },
    ),
  );
});
