import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Batch, metricsOf, Presence, pointSlot } from "../../src/metrics/index.ts";
import { compileConditions, compileStatements, FilterEngine, StatementEngine } from "../../src/ottl/index.ts";
import {
  batchOf,
  columnar,
  exponential,
  gauge,
  histogram,
  NOW_MS,
  plain,
  point,
  sum,
  summary,
} from "./support.ts";

const statements = {
  datapoint: [
    'set(attributes["a"], metric.name)',
    'set(attributes["a"], attributes["b"]) where attributes["b"] != nil',
    'delete_key(attributes, "a")',
    'set(attributes["v"], value_double) where value_double > 2.0',
    "set(value_double, value_double * 2.0)",
    'set(value_double, value_double + 1.0) where attributes["b"] == 1',
    "set(value_double, 0.0) where value_double > 3.0 and metric.type == METRIC_DATA_TYPE_SUM",
    "set(value_int, value_int + 1)",
    "set(count, 9) where count > 1",
    'set(attributes["n"], attributes["n"] + 1) where attributes["n"] != nil',
    'set(attributes["n"], 1)',
    'set(cache["x"], attributes["a"])',
    'set(attributes["c"], cache["x"])',
    'set(resource.attributes["last"], attributes["b"])',
    'set(metric.unit, Concat([metric.unit, "x"], "")) where attributes["b"] == 2',
    'set(attributes["u"], metric.unit)',
    "set(flags, 1) where value_double > 4.0",
    'convert_summary_sum_val_to_sum("delta", false) where attributes["b"] != 1',
    'set(attributes["bad"], attributes["b"] + 1.5)',
  ],
  metric: [
    'set(name, Concat([name, "x"], "."))',
    'set(unit, "s") where name == "m1"',
    "convert_sum_to_gauge()",
    'convert_gauge_to_sum("delta", true) where unit == "s"',
    'copy_metric(name = "copy") where name == "m1" or type == METRIC_DATA_TYPE_HISTOGRAM',
    'scale_metric(2.0, "kB") where type != METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM',
    "scale_metric(0.5)",
    "extract_count_metric(true)",
    'aggregate_on_attributes("sum", ["b"])',
    'set(description, "many") where Len(data_points) > 1',
    'set(resource.attributes["m"], name)',
  ],
} as const;

const conditions = {
  datapoint: [
    'attributes["b"] == 1',
    "value_double > 2.0",
    "value_int == 3",
    "flags == 1",
    "count > 2",
    'metric.name == "m1" and value_double < 3.0',
    "time < Now()",
    'attributes["b"] + 1.5 > 2.0',
  ],
  metric: [
    'name == "m1"',
    "type == METRIC_DATA_TYPE_SUMMARY",
    'HasAttrKeyOnDatapoint("b")',
    "Len(data_points) > 1",
  ],
  resource: ['attributes["r"] == 1'],
} as const;

const attributes = fc.record(
  { b: fc.integer({ min: 1, max: 3 }), a: fc.constantFrom("x", "y") },
  { requiredKeys: [] },
);
const points = <Value>(value: fc.Arbitrary<Value>) =>
  fc.array(
    fc.tuple(value, attributes).map(([v, own]) => point(v, own)),
    { minLength: 1, maxLength: 3 },
  );
const number = fc.constantFrom(0, 1, 2.5, 3, 5);
const name = fc.constantFrom("m1", "m2", "m3");
const count = fc.integer({ min: 0, max: 5 });
const metric = fc.oneof(
  fc.tuple(name, points(number)).map(([n, p]) => gauge(n, p)),
  fc.tuple(name, points(number), fc.boolean()).map(([n, p, isMonotonic]) => sum(n, p, { isMonotonic })),
  fc
    .tuple(name, points(fc.constantFrom(1, 3, 9_007_199_254_740_993n)))
    .map(([n, p]) => sum(n, p, { valueType: 0 })),
  fc
    .tuple(
      name,
      points(
        fc
          .tuple(count, count)
          .map(([a, b]) => ({ buckets: { boundaries: [1], counts: [a, b] }, count: a + b, sum: a })),
      ),
    )
    .map(([n, p]) => histogram(n, p)),
  fc
    .tuple(name, points(count.map((c) => ({ count: c, sum: c, quantiles: [{ quantile: 0.5, value: c }] }))))
    .map(([n, p]) => summary(n, p)),
  fc
    .tuple(
      name,
      points(
        count.map((c) => ({
          count: c,
          sum: c,
          scale: 0,
          zeroCount: 0,
          positive: { offset: 0, bucketCounts: [c] },
          negative: { offset: 0, bucketCounts: [] },
        })),
      ),
    )
    .map(([n, p]) => exponential(n, p)),
);
const input = fc
  .tuple(fc.array(metric, { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.constantFrom(1, 1, 1, 0, 2)))
  .map(([metrics, states]) => {
    const { layout, column } = columnar(batchOf(metrics, { r: 1 }));
    const mask = new Uint8Array(layout.width).fill(1);
    for (const { metric: own } of metricsOf(layout)) {
      for (let i = 0; i < own.attributes.length; i++) mask[pointSlot(own, i)] = states.next().value;
    }
    const isWhole = mask.every((state) => state === 1);
    return Batch.fromColumns(layout, isWhole ? column : column.with({ presence: new Presence(mask) }));
  });

function check(run: () => (batch: Batch) => Batch | undefined, batch: Batch): void {
  const view = batch.resourceMetrics;
  const before = structuredClone(plain(view));
  const byObjects = run()(Batch.from(view.map((resource) => ({ ...resource }))));
  const columns = run();
  const byColumns = columns(batch);
  const again = columns(batch);
  // A batch without a point may be handed on or not, and the value of a stale point means nothing: columns have none.
  const result = (output: Batch | undefined) => {
    return output === undefined ? [] : plain(Batch.fromColumns(output.layout, output.column).resourceMetrics);
  };
  assert.deepEqual(result(byColumns), result(byObjects));
  assert.deepEqual(result(again), result(byObjects), "the second time");
  assert.deepEqual(plain(batch.resourceMetrics), before, "the input was written to");
}

test("statements do the same over columns as over plain objects, whatever they are combined with", () => {
  const groups = fc.array(
    fc.oneof(
      fc
        .subarray([...statements.datapoint], { minLength: 1, maxLength: 4 })
        .map((list) => ({ context: "datapoint", list }) as const),
      fc
        .subarray([...statements.metric], { minLength: 1, maxLength: 4 })
        .map((list) => ({ context: "metric", list }) as const),
    ),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(input, groups, fc.boolean(), (batch, sources, isConditional) => {
      const run = () => {
        const engine = new StatementEngine({
          groups: sources.map(({ context, list }) => {
            const own = isConditional ? [context === "metric" ? 'name != "m2"' : 'attributes["b"] != 2'] : [];
            const { group } = compileStatements({ context, statements: list, conditions: own });
            assert.ok(group !== undefined);
            return { group, onError: () => undefined, sharesCache: false };
          }),
          now: () => NOW_MS,
        });
        return (taken: Batch) => engine.run(taken);
      };
      check(run, batch);
    }),
    { numRuns: 1500 },
  );
});

test("conditions drop the same of columns as of plain objects", () => {
  const groups = fc.record({
    datapoint: fc.subarray([...conditions.datapoint], { maxLength: 2 }),
    metric: fc.subarray([...conditions.metric], { maxLength: 1 }),
    resource: fc.subarray([...conditions.resource], { maxLength: 0 }),
  });
  fc.assert(
    fc.property(input, groups, (batch, sources) => {
      const run = () => {
        const engine = new FilterEngine({
          groups: (["datapoint", "metric", "resource"] as const).flatMap((context) => {
            const { group } = compileConditions({ context, conditions: sources[context] });
            return group === undefined ? [] : [{ group, onError: () => undefined }];
          }),
          now: () => NOW_MS,
        });
        return (taken: Batch) => engine.run(taken);
      };
      check(run, batch);
    }),
    { numRuns: 1000 },
  );
});
