import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Batch, Column, DataPointType, Presence, ValueType } from "../../../src/metrics/index.ts";
import { aggregations } from "../../../src/processors/metrics-transform/config.ts";
import metricstransform from "../../../src/processors/metrics-transform/index.ts";
import { runProcessor } from "../../support/processor-harness.ts";

const models: Readonly<Record<string, (values: number[]) => number>> = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  count: (values) => values.length,
  median: (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const [low, high] = [sorted[(values.length - 1) >> 1] as number, sorted[values.length >> 1] as number];
    return low === high ? low : (low + high) / 2;
  },
};

const points = fc.uniqueArray(
  fc.record({
    a: fc.constantFrom("1", "2", "3"),
    b: fc.constantFrom("x", "y", "z"),
    c: fc.constantFrom("p", "q"),
    /** By scrape: absent, present or ended. */
    states: fc.array(fc.constantFrom(0, 1, 2), { minLength: 3, maxLength: 3 }),
    values: fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 18, selector: ({ a, b, c }) => a + b + c },
);

test("aggregation over scrapes of one layout gives what a naive one does", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      points,
      fc.subarray(["a", "b", "c"]),
      fc.constantFrom(...aggregations),
      async (series, label_set, aggregation_type) => {
        const { send } = await runProcessor(t, metricstransform, {
          transforms: [
            {
              include: "m",
              action: "update",
              operations: [{ action: "aggregate_labels", label_set, aggregation_type }],
            },
          ],
        });
        const layout = {
          width: series.length,
          resources: [
            {
              resource: { attributes: {} },
              scopes: [
                {
                  scope: { name: "" },
                  metrics: [
                    {
                      descriptor: { name: "m", unit: "", description: "", valueType: ValueType.DOUBLE },
                      aggregationTemporality: 1 as const,
                      dataPointType: DataPointType.GAUGE,
                      isMonotonic: false,
                      attributes: series.map(({ a, b, c }) => ({ a, b, c })),
                      slots: Uint32Array.from(series.keys()),
                    },
                  ],
                },
              ],
            },
          ],
        };
        for (const scrape of [0, 1, 2]) {
          const states = Uint8Array.from(series, (one) => one.states[scrape] as number);
          const out = await send(
            Batch.fromColumns(
              layout,
              new Column({
                values: Float64Array.from(series, ({ values }) => values[scrape] as number),
                presence: states.every((state) => state === 1) ? Presence.ALL : new Presence(states),
                timeNs: 1_700_000_000_000_000_000n,
              }),
            ),
          );
          const expected = new Map<string, number[]>();
          for (const one of series) {
            if (one.states[scrape] === 0) continue;
            const key = label_set.map((label) => one[label as "a"]).join();
            const values = expected.get(key) ?? [];
            if (one.states[scrape] === 1) values.push(one.values[scrape] as number);
            expected.set(key, values);
          }
          const got = new Map(
            out.resourceMetrics
              .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => [...metrics]))
              .flatMap(({ dataPoints }) => [...dataPoints])
              .map((point) => [
                label_set.map((label) => point.attributes[label]).join(),
                point.flags === 1 ? Number.NaN : point.value,
              ]),
          );
          const model = new Map(
            [...expected].map(([key, values]) => [
              key,
              values.length === 0 ? Number.NaN : models[aggregation_type]?.(values),
            ]),
          );
          assert.deepEqual(
            [...got].toSorted(([x], [y]) => (x < y ? -1 : 1)),
            [...model].toSorted(([x], [y]) => (x < y ? -1 : 1)),
          );
        }
      },
    ),
    { numRuns: 100 },
  );
});
