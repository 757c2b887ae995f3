import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DataPoint, HistogramValue, Metric } from "../../src/metrics/index.ts";
import { distributions, toExplicit } from "../../src/ottl/functions/exponential-to-explicit.ts";
import {
  batchOf,
  exponential,
  gauge,
  histogram,
  metricsOf,
  point,
  sum,
  summary,
  transform,
} from "./support.ts";

const buckets = (boundaries: number[], counts: number[], more: object = {}) => ({
  buckets: { boundaries, counts },
  count: counts.reduce((a, b) => a + b, 0),
  ...more,
});

const exponentialValue = (more: object = {}) => ({
  count: 7,
  sum: 20,
  scale: 0,
  zeroCount: 1,
  positive: { offset: 0, bucketCounts: [2, 4] },
  negative: { offset: 0, bucketCounts: [] },
  ...more,
});

/** Name, kind, values of each metric. */
function brief(metrics: readonly Metric[]): unknown[] {
  return metrics.map(({ descriptor, dataPointType, dataPoints }) => [
    descriptor.name,
    dataPointType,
    (dataPoints as readonly DataPoint<unknown>[]).map(({ value }) => value),
  ]);
}

function run(
  metrics: readonly Metric[],
  statements: string | string[],
  context: "metric" | "datapoint" = "metric",
) {
  const { output, errors } = transform(batchOf(metrics), statements, { context });
  return { metrics: metricsOf(output), errors };
}

test("sums become gauges and gauges sums; other kinds stay", () => {
  const input = [
    sum("s", [point(1)], { isMonotonic: true, temporality: 0 }),
    gauge("g", [point(2)]),
    histogram("h", [point(buckets([1], [1, 2]))]),
  ];
  assert.deepEqual(
    brief(run(input, "convert_sum_to_gauge()").metrics).map((m) => (m as unknown[])[1]),
    [2, 2, 0],
  );
  const { metrics } = run(input, 'convert_gauge_to_sum("delta", true) where metric.name == "g"');
  assert.deepEqual(metrics[1], { ...sum("g", [point(2)], { isMonotonic: true, temporality: 0 }) });
});

test("copy_metric appends a copy once, which later statements see", () => {
  const input = [gauge("a", [point(1, { x: 1 })]), gauge("b", [point(2)])];
  const { metrics } = run(input, [
    'copy_metric(name = "c", unit = "s") where metric.name == "a"',
    'set(metric.description, "copied") where metric.name == "c"',
  ]);
  assert.deepEqual(brief(metrics), [
    ["a", 2, [1]],
    ["b", 2, [2]],
    ["c", 2, [1]],
  ]);
  assert.deepEqual(metrics[2]?.descriptor, { name: "c", description: "copied", unit: "s", valueType: 1 });
});

test("copy_metric without a where clause ends, unlike the Collector's", () => {
  const { metrics } = run(
    [gauge("a", [point(1)]), histogram("h", [point(buckets([1], [1, 2]))])],
    'copy_metric(desc = "x")'.replace("desc", "description"),
  );
  assert.deepEqual(
    metrics.map(({ descriptor: { name, description } }) => `${name}${description}`),
    ["a", "h", "ax", "hx"],
  );
});

test("what is done to a copy is not done to the original", () => {
  const { metrics } = run(
    [sum("a", [point(4)])],
    ['copy_metric(name = "b") where metric.name == "a"', 'scale_metric(0.5, "s") where metric.name == "b"'],
  );
  assert.deepEqual(brief(metrics), [
    ["a", 3, [4]],
    ["b", 3, [2]],
  ]);
});

test("counts and sums are taken out of histograms and summaries", () => {
  const input = [
    histogram("h", [point(buckets([1], [1, 2], { sum: 5 })), point(buckets([1], [0, 1]), { no: "sum" })], {
      unit: "s",
      temporality: 0,
    }),
    exponential("e", [point(exponentialValue())]),
    summary("q", [point({ count: 3, sum: 6, quantiles: [] })]),
    gauge("g", [point(1)]),
  ];
  const counts = run(input, "extract_count_metric(true)").metrics.slice(4);
  assert.deepEqual(brief(counts), [
    ["h_count", 3, [3, 1]],
    ["e_count", 3, [7]],
    ["q_count", 3, [3]],
  ]);
  assert.deepEqual(
    counts.map((m) => [m.descriptor.unit, m.aggregationTemporality]),
    [
      ["1", 0],
      ["1", 1],
      ["1", 1],
    ],
  );
  const sums = run(input, 'extract_sum_metric(false, ".total")').metrics.slice(4);
  assert.deepEqual(brief(sums), [
    ["h.total", 3, [5]],
    ["e.total", 3, [20]],
    ["q.total", 3, [6]],
  ]);
  assert.equal(sums[0]?.descriptor.unit, "s");
});

test("a summary gives its count and sum once, whatever the number of points", () => {
  const value = { count: 3, sum: 6, quantiles: [] };
  const input = [summary("q", [point(value, { a: 1 }), point(value, { a: 2 })])];
  const { metrics } = run(
    input,
    [
      'convert_summary_count_val_to_sum("delta", true)',
      'convert_summary_sum_val_to_sum("cumulative", false, ".sum") where attributes["a"] == 2',
    ],
    "datapoint",
  );
  assert.deepEqual(brief(metrics).slice(1), [
    ["q_count", 3, [3, 3]],
    ["q.sum", 3, [6]],
  ]);
  assert.equal(metrics[1]?.aggregationTemporality, 0);
});

test("quantiles become points of a gauge", () => {
  const input = [
    summary("q", [
      point(
        {
          count: 1,
          sum: 1,
          quantiles: [
            { quantile: 0.5, value: 2 },
            { quantile: 0.99, value: 3 },
          ],
        },
        { a: 1 },
      ),
    ]),
  ];
  const { metrics } = run(input, "convert_summary_quantile_val_to_gauge()");
  assert.equal(metrics[1]?.descriptor.name, "q.quantiles");
  assert.deepEqual(
    metrics[1]?.dataPoints.map(({ attributes, value }) => [attributes, value]),
    [
      [{ a: 1, quantile: 0.5 }, 2],
      [{ a: 1, quantile: 0.99 }, 3],
    ],
  );
});

test("percentiles are interpolated", () => {
  const percentiles: [object, string, number | undefined][] = [
    [buckets([10, 20], [10, 10, 0]), "50", 10],
    [buckets([10, 20], [10, 10, 0]), "75", 15],
    [buckets([10, 20], [10, 10, 0]), "25", 5],
    [buckets([10, 20], [3, 0, 0]), "50", 10 * (2 / 3)],
    [buckets([10, 20], [10, 10, 0], { min: 5 }), "25", 7.5],
    [buckets([10, 20], [0, 0, 10], { max: 40 }), "50", 30],
    [buckets([10, 20], [0, 0, 10]), "50", 20],
    [buckets([-10, 20], [10, 0, 0]), "50", -10],
    [buckets([10], [0, 0]), "50", undefined],
    [buckets([], [4], { min: 1, max: 5 }), "50", 3],
    [buckets([], [4], { min: 1 }), "50", undefined],
  ];
  for (const [value, percent, expected] of percentiles) {
    const { metrics } = run([histogram("h", [point(value)])], `extract_percentile_metric(${percent})`);
    const made = metrics[1];
    assert.deepEqual(made?.dataPoints[0]?.value, expected, JSON.stringify(value));
    if (made !== undefined) assert.equal(made.descriptor.name, `h_p${percent}`);
  }
  const { metrics } = run(
    [exponential("e", [point(exponentialValue({ zeroCount: 0, count: 6 }))])],
    "extract_percentile_metric(66.6)",
  );
  assert.ok(Math.abs((metrics[1]?.dataPoints[0]?.value as number) - 2 * 2 ** 0.5) < 1e-6);
});

test("scale_metric scales numbers, histograms and summaries", () => {
  const input = [
    gauge("g", [point(2)]),
    sum("i", [point(3)], { valueType: 0 }),
    histogram("h", [point(buckets([1, 2], [1, 2, 3], { sum: 5, min: 1, max: 3 }))]),
    summary("q", [point({ count: 3, sum: 6, quantiles: [{ quantile: 0.5, value: 2 }] })]),
  ];
  const { metrics } = run(input, 'scale_metric(10.0, "ms")');
  assert.deepEqual(
    brief(metrics).map((m) => (m as unknown[])[2]),
    [
      [20],
      [30],
      [buckets([10, 20], [1, 2, 3], { sum: 50, min: 10, max: 30 })],
      [{ count: 3, sum: 60, quantiles: [{ quantile: 0.5, value: 20 }] }],
    ],
  );
  assert.deepEqual([...new Set(metrics.map(({ descriptor }) => descriptor.unit))], ["ms"]);
  const failed = run([exponential("e", [point(exponentialValue())])], "scale_metric(2)");
  assert.match(failed.errors.join(), /cannot scale exponential histograms/);
});

test("where a histogram or summary ends, what was made of it ends too", () => {
  const stale = { flags: 1 };
  const input = [
    histogram("h", [
      point(buckets([1, 2], [1, 1, 0], { sum: 3 }), { a: "live" }),
      point(buckets([1, 2], [0, 0, 0]), { a: "gone" }, stale),
    ]),
    summary("q", [
      point({ count: 2, sum: 3, quantiles: [{ quantile: 0.5, value: 1 }] }, { a: "live" }),
      point({ count: 0, sum: 0, quantiles: [{ quantile: 0.5, value: 0 }] }, { a: "gone" }, stale),
    ]),
  ];
  const rows: readonly (readonly [statement: string, context?: "datapoint"])[] = [
    ["extract_count_metric(true)"],
    ["extract_sum_metric(true)"],
    ["extract_percentile_metric(50)"],
    ["convert_summary_quantile_val_to_gauge()"],
    ['convert_summary_count_val_to_sum("cumulative", true)', "datapoint"],
    ['convert_summary_sum_val_to_sum("cumulative", true)', "datapoint"],
  ];
  for (const [statement, context] of rows) {
    const { metrics, errors } = run(input, statement, context);
    assert.deepEqual(errors, []);
    assert.ok(metrics.length > 2, statement);
    for (const { descriptor, dataPoints } of metrics.slice(2)) {
      assert.deepEqual(
        (dataPoints as readonly DataPoint<number>[]).map(({ attributes, value, flags = 0 }) => [
          attributes["a"],
          Number.isNaN(value),
          flags,
        ]),
        [
          ["live", false, 0],
          ["gone", true, 1],
        ],
        `${descriptor.name} of ${statement}`,
      );
    }
  }
});

test("a series that has ended does not spoil what it is aggregated with", () => {
  const stale = { flags: 1 };
  const input = [
    sum("s", [point(Number.NaN, { a: "x" }, stale), point(1.5, { a: "y" }), point(2.5, { a: "z" })]),
    sum("gone", [point(Number.NaN, { a: "x" }, stale), point(Number.NaN, { a: "y" }, stale)]),
  ];
  const values = (aggregation: string) =>
    run(input, `aggregate_on_attributes("${aggregation}", [])`).metrics[0]?.dataPoints.map(
      ({ value, flags }) => [value, flags],
    );
  assert.deepEqual(values("sum"), [[4, undefined]]);
  assert.deepEqual(values("mean"), [[2, undefined]]);
  assert.deepEqual(values("median"), [[2, undefined]]);
  assert.deepEqual(values("min"), [[1.5, undefined]]);
  assert.deepEqual(values("count"), [[2, undefined]]);
  const [, gone] = run(input, 'aggregate_on_attributes("sum", [])').metrics;
  assert.deepEqual(
    gone?.dataPoints.map(({ flags }) => flags),
    [1],
    "one point that says so when all have ended",
  );
});

test("means and medians of integers are doubles, also where they are whole; sums stay exact", () => {
  const types = (aggregation: string, values: readonly (number | bigint)[]) =>
    run(
      [
        gauge(
          "g",
          values.map((value, i) => point(value, { i })),
          { valueType: 0 },
        ),
      ],
      `aggregate_on_attributes("${aggregation}", [])`,
    ).metrics[0]?.dataPoints.map(({ value, valueType }) => [value, valueType]);
  assert.deepEqual(types("mean", [1, 3]), [[2, 1]]);
  assert.deepEqual(types("median", [1, 2]), [[1.5, 1]]);
  assert.deepEqual(types("sum", [2 ** 53 - 1, 2]), [[2n ** 53n + 1n, undefined]]);
  assert.deepEqual(types("max", [1, 3]), [[3, undefined]]);
  assert.deepEqual(types("count", [1, 3]), [[2, undefined]]);
});

test("points are aggregated over attributes, at the same time only", () => {
  const later = { endTime: [300, 0] };
  const points = [
    point(1, { a: "x", b: 1 }),
    point(4, { a: "x", b: 2 }),
    point(10, { a: "y", b: 1 }),
    point(100, { a: "x", b: 1 }, later),
  ];
  const aggregate = (statement: string) =>
    run([gauge("g", points)], statement).metrics[0]?.dataPoints.map(({ attributes, value }) => [
      attributes,
      value,
    ]);
  assert.deepEqual(aggregate('aggregate_on_attributes("sum", ["a"])'), [
    [{ a: "x" }, 5],
    [{ a: "y" }, 10],
    [{ a: "x" }, 100],
  ]);
  assert.deepEqual(aggregate('aggregate_on_attributes("mean", [])'), [
    [{}, 5],
    [{}, 100],
  ]);
  assert.deepEqual(aggregate('aggregate_on_attributes("count", [])'), [
    [{}, 3],
    [{}, 1],
  ]);
  assert.deepEqual(aggregate('aggregate_on_attributes("median", [])'), [
    [{}, 4],
    [{}, 100],
  ]);
  assert.deepEqual(aggregate('aggregate_on_attributes("max", [])'), [
    [{}, 10],
    [{}, 100],
  ]);
  assert.deepEqual(aggregate('aggregate_on_attributes("min")')?.length, 4);
  assert.deepEqual(
    aggregate('aggregate_on_attribute_value("sum", "a", ["x", "y"], "xy") where metric.name == "g"'),
    [
      [{ a: "xy", b: 1 }, 11],
      [{ a: "xy", b: 2 }, 4],
      [{ a: "xy", b: 1 }, 100],
    ],
  );
});

test("histograms are added up, if their bounds agree", () => {
  const same = [
    point(buckets([1, 2], [1, 2, 3], { sum: 4, min: 1 }), { a: 1 }),
    point(buckets([1, 2], [1, 1, 1], { sum: 2, min: 0.5 }), { a: 2 }),
  ];
  const { metrics } = run([histogram("h", same)], 'aggregate_on_attributes("sum", [])');
  assert.deepEqual(
    metrics[0]?.dataPoints.map(({ value }) => value),
    [buckets([1, 2], [2, 3, 4], { sum: 6, min: 0.5 })],
  );
  assert.match(
    run(
      [histogram("h", [...same, point(buckets([5], [1, 2]))])],
      'aggregate_on_attributes("sum", [])',
    ).errors.join(),
    /different bounds/,
  );
  assert.match(
    run([histogram("h", same)], 'aggregate_on_attributes("max", [])').errors.join(),
    /only be added up/,
  );
  const e = [
    point(exponentialValue({ scale: 1, positive: { offset: 2, bucketCounts: [1, 1, 1] } }), { a: 1 }),
    point(exponentialValue(), { a: 2 }),
  ];
  const [merged] =
    run([exponential("e", e)], 'aggregate_on_attributes("sum", [])').metrics[0]?.dataPoints ?? [];
  assert.partialDeepStrictEqual(merged?.value, { positive: { offset: 0, bucketCounts: [2, 6, 1] } });
});

test("exponential histograms become explicit ones", () => {
  const convert = (distribution: string, bounds: string) => {
    const statement = `convert_exponential_histogram_to_histogram("${distribution}", ${bounds})`;
    const [first] =
      run([exponential("e", [point(exponentialValue())])], statement).metrics[0]?.dataPoints ?? [];
    assert.ok(first !== undefined);
    return (first.value as HistogramValue).buckets.counts.map(Number);
  };
  // The buckets are (1, 2] with 2 events and (2, 4] with 4, and there is one zero.
  assert.deepEqual(convert("upper", "[0.0, 2.0, 3.0, 4.0]"), [1, 2, 0, 4, 0]);
  assert.deepEqual(convert("midpoint", "[1.5, 3.0]"), [3, 4, 0]);
  assert.deepEqual(convert("uniform", "[1.0, 2.0, 3.0]"), [1, 2, 2, 2]);
  assert.deepEqual(convert("random", "[1.0, 2.0, 3.0]"), [1, 2, 2, 2]);
  assert.deepEqual(convert("upper", "[3]"), [3, 4]);
});

test("events below zero are among the explicit buckets too", () => {
  const value = exponentialValue({ count: 10, negative: { offset: 0, bucketCounts: [2, 1] } });
  const convert = (distribution: string) => {
    const statement = `convert_exponential_histogram_to_histogram("${distribution}", [-2.0, -1.5, 0.0, 3.0])`;
    const [first] = run([exponential("e", [point(value)])], statement).metrics[0]?.dataPoints ?? [];
    assert.ok(first !== undefined);
    return (first.value as HistogramValue).buckets.counts.map(Number);
  };
  // Beside 2 in (1, 2], 4 in (2, 4] and one zero there are 2 in (-2, -1] and 1 in (-4, -2].
  assert.deepEqual(convert("upper"), [1, 0, 3, 2, 4]);
  assert.deepEqual(convert("midpoint"), [1, 2, 1, 6, 0]);
  assert.deepEqual(convert("uniform"), [1, 1, 2, 4, 2]);
});

test("averages become points of a gauge", () => {
  const { metrics } = run(
    [
      histogram("h", [
        point(buckets([1], [1, 3], { sum: 10 }), { a: 1 }),
        point(buckets([1], [0, 0], { sum: 0 })),
        point(buckets([1], [1, 0])),
      ]),
      summary("q", [point({ count: 2, sum: 5, quantiles: [] })]),
      gauge("g", [point(1)]),
    ],
    ["extract_avg_metric()", 'extract_avg_metric(".mean") where metric.name == "q"'],
  );
  assert.deepEqual(
    metrics
      .slice(3)
      .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.map(({ value }) => value)]),
    [
      ["h_avg", [2.5]],
      ["q_avg", [2.5]],
      ["q.mean", [2.5]],
    ],
  );
});

test("no event is lost when exponential histograms become explicit ones", () => {
  const count = fc.oneof(fc.nat(10), fc.nat(), fc.bigInt(0n, 2n ** 60n));
  const side = fc.record({
    offset: fc.integer({ min: -40, max: 40 }),
    bucketCounts: fc.array(count, { maxLength: 8 }),
  });
  const bound = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -9, max: 9 }),
  );
  fc.assert(
    fc.property(
      fc.record({
        scale: fc.integer({ min: -11, max: 20 }),
        zeroCount: count,
        positive: side,
        negative: side,
      }),
      fc.uniqueArray(bound, { minLength: 1, maxLength: 6 }),
      fc.constantFrom("upper", "midpoint", "uniform", "random"),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (sides, bounds, distribution, random) => {
        const add = (counts: readonly (number | bigint)[]) =>
          counts.reduce<bigint>((sum, some) => sum + BigInt(some), 0n);
        const total = add([sides.zeroCount, ...sides.positive.bucketCounts, ...sides.negative.bucketCounts]);
        const { buckets: explicit, count: counted } = toExplicit(
          { ...sides, count: total },
          bounds.toSorted((a, b) => a - b),
          distributions[distribution] as (typeof distributions)[string],
          () => random,
        );
        assert.equal(BigInt(counted), total);
        assert.equal(add(explicit.counts), total);
        assert.ok(explicit.counts.every((own) => own >= 0));
        assert.equal(explicit.counts.length, bounds.length + 1);
      },
    ),
    { numRuns: 1000 },
  );
});

test("buckets of histograms are merged", () => {
  const merge = (statement: string, bounds: number[], counts: number[]) => {
    const value = run([histogram("h", [point(buckets(bounds, counts))])], statement, "datapoint").metrics[0]
      ?.dataPoints[0]?.value;
    const merged = (value as HistogramValue).buckets;
    return [merged.boundaries, merged.counts];
  };
  assert.deepEqual(merge("merge_histogram_buckets(0.5)", [0.1, 0.5, 1], [5, 8, 3, 1]), [
    [0.1, 1],
    [5, 11, 1],
  ]);
  assert.deepEqual(merge("merge_histogram_buckets(7)", [0.1], [5, 8]), [[0.1], [5, 8]]);
  assert.deepEqual(
    merge(
      'merge_histogram_buckets(5, method = "limit_buckets")',
      [0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30],
      [80, 4, 6, 120, 3, 2, 40, 10, 1],
    ),
    [
      [0.2, 1, 5, 30],
      [84, 126, 5, 50, 1],
    ],
  );
  assert.deepEqual(merge('merge_histogram_buckets(9, "limit_buckets")', [1], [1, 2]), [[1], [1, 2]]);
});

test("fields of points are read and written", () => {
  type Row = readonly [statement: string, field: string, expected: unknown];
  const rows: readonly Row[] = [
    ["set(datapoint.value_double, 2.5)", "value", 2.5],
    ["set(datapoint.value_double, datapoint.value_double * 3.0)", "value", 4.5],
    [
      "set(datapoint.value_double, datapoint.value_double + 1.0) where datapoint.value_double > 1.0",
      "value",
      2.5,
    ],
    ["set(datapoint.value_double, -datapoint.value_double) where datapoint.value_double > 2.0", "value", 1.5],
    ["set(datapoint.value_int, 7)", "value", 7],
    ["set(datapoint.time_unix_nano, 5000000001)", "endTime", [5, 1]],
    ["set(datapoint.start_time, Unix(9))", "startTime", [9, 0]],
    ["set(datapoint.time, Now())", "endTime", [1_714_979_289, 0]],
    ["set(datapoint.flags, FLAG_NO_RECORDED_VALUE)", "flags", 1],
    ["set(datapoint.value_double, datapoint.count)", "value", 1.5],
    ['set(datapoint.value_double, Double(attributes["v"]))', "value", 12],
    [
      'set(datapoint.value_double, attributes["v"]) where attributes["v"] != nil',
      "value",
      /cannot be set to string/,
    ],
  ];
  for (const [statement, field, expected] of rows) {
    const { output, errors } = transform(batchOf([gauge("g", [point(1.5, { v: "12" })])]), statement, {
      context: "datapoint",
    });
    if (expected instanceof RegExp) assert.match(errors.join(), expected, statement);
    else {
      const first: object = metricsOf(output)[0]?.dataPoints[0] ?? {};
      assert.deepEqual(Object.entries(first).find(([key]) => key === field)?.[1], expected, statement);
    }
  }
  const h = run(
    [histogram("h", [point(buckets([1, 2], [1, 2, 3], { sum: 5 }))])],
    [
      'set(attributes["r"], [count, sum, min, bucket_counts, explicit_bounds, value_double, scale])',
      "set(count, 10)",
      "set(sum, 1.5)",
      "set(max, 3.0)",
      "set(bucket_counts, [1, 1])",
      "set(explicit_bounds, [4.5])",
    ],
    "datapoint",
  ).metrics[0]?.dataPoints[0];
  assert.deepEqual(h?.attributes, { r: [6, 5, null, [1, 2, 3], [1, 2], null, null] });
  assert.deepEqual(h?.value, { ...buckets([4.5], [1, 1], { sum: 1.5, max: 3 }), count: 10 });
  const e = run(
    [exponential("e", [point(exponentialValue())])],
    [
      'set(attributes["r"], [scale, zero_count, positive.offset, positive.bucket_counts, negative.bucket_counts])',
      "set(positive.offset, 3)",
      "set(negative.bucket_counts, [1])",
      "set(zero_count, 4)",
      "set(scale, 2)",
    ],
    "datapoint",
  ).metrics[0]?.dataPoints[0];
  assert.deepEqual(e?.attributes, { r: [0, 1, 0, [2, 4], []] });
  assert.deepEqual(
    e?.value,
    exponentialValue({
      scale: 2,
      zeroCount: 4,
      positive: { offset: 3, bucketCounts: [2, 4] },
      negative: { offset: 0, bucketCounts: [1] },
    }),
  );
});

test("integers stay integers", () => {
  const big = 9_007_199_254_740_993n;
  const input = [sum("s", [point(big), point(5)], { valueType: 0 })];
  const read = run(input, 'set(attributes["r"], value_int + 1)', "datapoint").metrics[0]?.dataPoints;
  assert.deepEqual(
    read?.map(({ attributes }) => attributes["r"]),
    [big + 1n, 6],
  );
  const written = run(input, "set(value_double, 1.5)", "datapoint").metrics[0]?.dataPoints;
  assert.deepEqual(
    written?.map(({ value, valueType }) => [value, valueType]),
    [
      [1.5, 1],
      [1.5, 1],
    ],
  );
});
