import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Attributes,
  Batch,
  Column,
  type Layout,
  metricsOf as layoutMetrics,
  type Metric,
  Presence,
} from "../../src/metrics/index.ts";
import {
  type ContextName,
  compileConditions,
  compileStatements,
  FilterEngine,
  StatementEngine,
  Tracer,
} from "../../src/ottl/index.ts";
import {
  batchOf,
  columnar,
  filter,
  gauge,
  histogram,
  metricsOf,
  NOW_MS,
  point,
  sum,
  summary,
  transform,
} from "./support.ts";

function engineOf(statements: readonly string[], context?: ContextName): StatementEngine {
  const { group, problems } = compileStatements({ statements, context });
  assert.deepEqual(problems, []);
  assert.ok(group !== undefined);
  const onError = (_text: string, error: Error) => {
    throw error;
  };
  return new StatementEngine({ groups: [{ group, onError, sharesCache: false }], now: () => NOW_MS });
}

/** The same layout with another column, as the next scrape brings. */
function next({ layout, column }: Batch, change: (value: number) => number = (value) => value + 1): Batch {
  return Batch.fromColumns(layout, column.with({ values: column.values.map(change) }));
}

const labelled = (n: number): Metric[] => [
  gauge(
    "a",
    Array.from({ length: n }, (_, i) => point(i, { vm: `vm-${i}`, noise: "x" })),
  ),
  sum(
    "b",
    Array.from({ length: n }, (_, i) => point(i, { vm: `vm-${i}` })),
  ),
];

test("statements on names and attributes leave the column alone and give the same layout again", () => {
  const engine = engineOf([
    'delete_key(datapoint.attributes, "noise")',
    'set(datapoint.attributes["x"], metric.name)',
  ]);
  const first = columnar(batchOf(labelled(3)));
  const one = engine.run(first);
  const second = next(first);
  const two = engine.run(second);
  assert.ok(one !== undefined && two !== undefined);
  assert.notEqual(one.layout, first.layout);
  assert.equal(two.layout, one.layout);
  assert.equal(two.column, second.column);
});

test("a layout that nothing changes is handed on as it is", () => {
  const engine = engineOf(
    [
      'delete_key(datapoint.attributes, "none")',
      'set(metric.unit, "s") where metric.name == "none"'.replace("metric.unit", "metric.unit"),
    ].slice(0, 1),
  );
  const batch = columnar(batchOf(labelled(3)));
  assert.equal(engine.run(batch), batch);
});

test("what did not change keeps its identity, and equal results are the same object in every layout", () => {
  const engine = engineOf(['set(datapoint.attributes["x"], 1) where metric.name == "a"']);
  const before = columnar(batchOf(labelled(2)));
  const grown = columnar(batchOf(labelled(2)));
  const attributes = [...layoutMetrics(before.layout)].map(({ metric }) => metric.attributes);
  // A later layout over the same attributes objects, as a source makes it when a series appears.
  const later: Layout = {
    ...grown.layout,
    resources: grown.layout.resources.map((resource) => ({
      ...resource,
      scopes: resource.scopes.map((scope) => ({
        ...scope,
        metrics: scope.metrics.map((metric, i) => ({ ...metric, attributes: attributes[i] as Attributes[] })),
      })),
    })),
  };
  const one = [...layoutMetrics(engine.run(before)?.layout as Layout)];
  const two = [...layoutMetrics(engine.run(Batch.fromColumns(later, grown.column))?.layout as Layout)];
  assert.equal(one[0]?.metric.attributes[0], two[0]?.metric.attributes[0]);
  assert.ok(Object.isFrozen(one[0]?.metric.attributes[0]));
  assert.equal(one[1]?.metric, [...layoutMetrics(before.layout)][1]?.metric, "metric b is untouched");
});

test("values are calculated into a new column over the same layout, whose buffer is used again", () => {
  const engine = engineOf([
    'set(datapoint.value_double, datapoint.value_double * 2.0) where metric.name == "a"',
  ]);
  const first = columnar(batchOf(labelled(2)));
  const one = engine.run(first);
  assert.ok(one !== undefined);
  assert.equal(one.layout, first.layout);
  assert.deepEqual([...one.column.values.subarray(0, 4)], [0, 2, 0, 1]);
  assert.deepEqual([...first.column.values], [0, 1, 0, 1]);
  const buffer = one.column.values;
  engine.release(one, first);
  assert.equal(engine.run(next(first))?.column.values, buffer);
});

test("a column that somebody keeps is not used again", () => {
  const engine = engineOf(["set(datapoint.value_double, 1.0 + datapoint.value_double)"]);
  const first = columnar(batchOf(labelled(2)));
  const one = engine.run(first);
  assert.ok(one !== undefined);
  one.retain();
  engine.release(one, first);
  assert.notEqual(engine.run(next(first))?.column.values, one.column.values);
});

test("what has to run over plain objects comes out under the layout of the batch before", () => {
  const engine = engineOf([
    'set(datapoint.attributes["high"], true) where datapoint.time < Now()',
    "set(datapoint.time, Now())",
  ]);
  const metrics = [
    ...labelled(2),
    histogram("h", [point({ buckets: { boundaries: [1], counts: [1, 2] }, count: 3, sum: 4 })]),
    summary("q", [point({ count: 1, sum: 1, quantiles: [{ quantile: 0.5, value: 1 }] })]),
  ];
  const first = columnar(batchOf(metrics));
  const one = engine.run(first);
  const two = engine.run(next(first));
  assert.ok(one !== undefined && two !== undefined);
  assert.equal(two.layout, one.layout);
  assert.equal(metricsOf(two.resourceMetrics)[0]?.dataPoints[1]?.value, 2);
  const other = engine.run(columnar(batchOf(labelled(3))));
  assert.notEqual(other?.layout, one.layout);
});

test("copied metrics have slots of their own, in every scrape", () => {
  const engine = engineOf(['copy_metric(name = "c") where metric.name == "h"']);
  const first = columnar(
    batchOf([
      gauge("a", [point(1)]),
      histogram("h", [point({ buckets: { boundaries: [1], counts: [1, 2] }, count: 3, sum: 4 })]),
      summary("q", [point({ count: 1, sum: 1, quantiles: [] })]),
    ]),
  );
  const one = engine.run(first);
  const two = engine.run(next(first, (value) => value * 10));
  assert.ok(one !== undefined && two !== undefined);
  assert.equal(two.layout, one.layout);
  assert.ok(one.layout.width > first.layout.width);
  const [, h, , c] = metricsOf(two.resourceMetrics);
  assert.equal(c?.descriptor.name, "c");
  assert.deepEqual(c?.dataPoints[0]?.value, h?.dataPoints[0]?.value);
});

test("absent and stale points are as absent and stale afterwards", () => {
  const { layout, column } = columnar(batchOf(labelled(2)));
  const presence = new Presence(Uint8Array.of(1, 0, 2, 1));
  const batch = Batch.fromColumns(layout, column.with({ presence }));
  const engine = engineOf([
    "set(datapoint.value_double, datapoint.value_double + 5.0)",
    'set(datapoint.attributes["x"], 1)',
  ]);
  const result = engine.run(batch);
  assert.equal(result?.column.presence, presence);
  assert.deepEqual(
    metricsOf(result?.resourceMetrics).map(({ dataPoints }) =>
      dataPoints.map(({ value, flags }) => [value, flags]),
    ),
    [
      [[5, undefined]],
      [
        [Number.NaN, 1],
        [6, undefined],
      ],
    ],
  );
});

test("what a point writes to its resource depends on which points are there", () => {
  const { layout, column } = columnar(batchOf(labelled(2)));
  const presence = new Presence(Uint8Array.of(1, 0, 1, 0));
  const engine = engineOf(['set(resource.attributes["vm"], datapoint.attributes["vm"])']);
  const all = engine.run(Batch.fromColumns(layout, column));
  const some = engine.run(Batch.fromColumns(layout, column.with({ presence })));
  assert.equal(all?.resourceMetrics[0]?.resource.attributes["vm"], "vm-1", "the last one wins");
  assert.equal(some?.resourceMetrics[0]?.resource.attributes["vm"], "vm-0");
});

test("statements of a group run item by item, in order", () => {
  const input = batchOf([gauge("a", [point(1)]), gauge("b", [point(2)])]);
  const { output } = transform(input, [
    'set(metric.unit, "s") where metric.name == "a"',
    'set(metric.name, "b") where metric.name == "a"',
    'set(metric.description, metric.unit) where metric.name == "b"',
  ]);
  assert.deepEqual(
    metricsOf(output).map(({ descriptor }) => [descriptor.name, descriptor.unit, descriptor.description]),
    [
      ["b", "s", "s"],
      ["b", "1", "1"],
    ],
  );
});

test("conditions of a group are alternatives and are asked once for each item", () => {
  const input = batchOf([gauge("a", [point(1)]), gauge("b", [point(2)]), gauge("c", [point(3)])]);
  const { output } = transform(input, ['set(metric.name, "z")', 'set(metric.unit, "s")'], {
    conditions: ['metric.name == "a"', 'metric.name == "b"'],
  });
  assert.deepEqual(
    metricsOf(output).map(({ descriptor }) => descriptor.name + descriptor.unit),
    ["zs", "zs", "c1"],
  );
});

test("the cache lives as long as its item", () => {
  const input = batchOf([gauge("a", [point(1, { k: "x" }), point(2)])]);
  const { output } = transform(
    input,
    [
      'set(cache["k"], attributes["k"])',
      'set(attributes["cached"], cache["k"]) where cache["k"] != nil',
      'set(attributes["typed"], IsDouble(cache["n"]))',
      'set(cache["n"], 1.0)',
      'set(attributes["n"], IsDouble(datapoint.cache["n"]))',
    ],
    { context: "datapoint" },
  );
  assert.deepEqual(
    metricsOf(output)[0]?.dataPoints.map(({ attributes }) => attributes),
    [
      { k: "x", cached: "x", typed: false, n: true },
      { typed: false, n: true },
    ],
  );
});

test("contexts are inferred from paths and functions", () => {
  const inferred = (...statements: string[]) => compileStatements({ statements }).group?.context;
  assert.equal(inferred('set(resource.attributes["a"], 1)'), "resource");
  assert.equal(inferred('set(scope.name, "a")'), "scope");
  assert.equal(inferred('set(scope.name, "a")', 'set(metric.name, "a")'), "metric");
  assert.equal(inferred('set(resource.attributes["a"], datapoint.attributes["a"])'), "datapoint");
  assert.equal(inferred('convert_sum_to_gauge() where resource.attributes["a"] == 1'), "metric");
  assert.equal(inferred("convert_sum_to_gauge()"), "metric");
  assert.equal(inferred('merge_histogram_buckets(0.5) where metric.name == "a"'), "datapoint");
  assert.equal(
    inferred('set(resource.attributes["a"], Filter([1], (_, v) => v == Len(datapoint.attributes)))'),
    "datapoint",
  );
  assert.equal(compileConditions({ conditions: ['HasAttrKeyOnDatapoint("x")'] }).group?.context, "metric");
});

test("errors are told for each item, or once for each layout where that is how often a statement runs", () => {
  const { group } = compileStatements({
    statements: ['set(datapoint.attributes["x"], datapoint.attributes["vm"] + 1)'],
  });
  assert.ok(group !== undefined);
  const errors: string[] = [];
  const engine = new StatementEngine({
    groups: [{ group, onError: (_text, error) => errors.push(error.message), sharesCache: false }],
    now: () => NOW_MS,
  });
  const first = columnar(batchOf(labelled(2)));
  engine.run(first);
  engine.run(next(first));
  assert.deepEqual(errors, new Array(4).fill("cannot calculate string + int"));
});

test("points with the same attributes are treated by the names around them", () => {
  const shared = Object.freeze({ vm: "a" });
  const metrics = [
    gauge("a", [point(1, shared)]),
    sum("b", [point(1, shared)], { isMonotonic: true }),
    gauge("c", [point(1, shared)], { unit: "s" }),
  ];
  const resources = [...batchOf(metrics, { r: 1 }), ...batchOf(metrics, { r: 2 })];
  const rows: readonly (readonly [statement: string, expected: unknown[]])[] = [
    ['set(datapoint.attributes["x"], datapoint.attributes["vm"])', ["a", "a", "a", "a", "a", "a"]],
    ['set(datapoint.attributes["x"], metric.name)', ["a", "b", "c", "a", "b", "c"]],
    [
      'set(datapoint.attributes["x"], metric.is_monotonic)',
      [undefined, true, undefined, undefined, true, undefined],
    ],
    ['set(datapoint.attributes["x"], resource.attributes["r"])', [1, 1, 1, 2, 2, 2]],
    [
      'set(datapoint.attributes["x"], scope.name) where metric.unit == "s"',
      [undefined, undefined, "scope", undefined, undefined, "scope"],
    ],
  ];
  for (const [statement, expected] of rows) {
    const engine = engineOf([statement]);
    const batch = columnar(resources);
    for (const input of [batch, Batch.fromColumns({ ...batch.layout }, batch.column)]) {
      const values = metricsOf(engine.run(input)?.resourceMetrics).map(
        ({ dataPoints }) => dataPoints[0]?.attributes["x"],
      );
      assert.deepEqual(values, expected, statement);
    }
  }
});

test("an empty batch stays one, and empty metrics are not handed on", () => {
  const engine = engineOf(['set(metric.unit, "s")']);
  assert.equal(engine.run(Batch.from([])), undefined);
  assert.equal(
    engine.run(
      Batch.fromColumns({ resources: [], width: 0 }, new Column({ values: new Float64Array(), timeNs: 0n })),
    ),
    undefined,
  );
});

test("the tracer counts and shows one example", () => {
  const { group } = compileStatements({
    statements: [
      'set(datapoint.attributes["x"], 1) where metric.name == "a"',
      'delete_key(datapoint.attributes, "none")',
    ],
  });
  assert.ok(group !== undefined);
  const engine = new StatementEngine({
    groups: [{ group, onError: assert.fail, sharesCache: false }],
    now: () => NOW_MS,
  });
  const tracer = new Tracer(group.statements.map((statement) => ({ statement, context: group.context })));
  engine.observe(columnar(batchOf(labelled(2))), tracer);
  const [set, del] = tracer.traces;
  assert.deepEqual([set?.matched, set?.changed, del?.matched, del?.changed], [2, 2, 4, 0]);
  assert.match(set?.before ?? "", /"datapoint":\{"attributes":\{"noise":"x","vm":"vm-0"\},.*"value":0\}/);
  assert.match(set?.after ?? "", /"x":1/);
});

test("the tracer sees every change, and what failed", () => {
  const rows: readonly (readonly [
    context: ContextName,
    statement: string,
    changed: number,
    after?: RegExp,
  ])[] = [
    ["resource", 'set(attributes["a"], 1)', 1, /"resource":\{"a":1\}/],
    ["resource", 'set(attributes["none"], nil)', 0],
    ["scope", 'set(attributes["a"], 1)', 1, /"attributes":\{"a":1\}/],
    ["scope", 'set(version, "1.0")', 0],
    [
      "metric",
      "set(aggregation_temporality, AGGREGATION_TEMPORALITY_DELTA)",
      1,
      /"aggregation_temporality":1/,
    ],
    ["metric", "set(is_monotonic, true)", 1, /"is_monotonic":true/],
    ["metric", 'set(metadata["a"], "b")', 1, /"metadata":\{"a":"b"\}/],
    ["metric", "scale_metric(2.0)", 1, /"value":2/],
    ["metric", 'copy_metric(name = "c")', 1, /"metrics":2/],
    ["datapoint", "set(start_time_unix_nano, 5)", 2, /"start_time_unix_nano":5/],
    ["datapoint", "set(time_unix_nano, 5)", 2, /"time_unix_nano":5/],
    ["datapoint", "set(flags, 1)", 2, /"flags":1/],
    ["datapoint", 'set(attributes["x"], 1)', 1, /"x":1/],
    ["datapoint", 'set(attributes["x"], attributes["x"]["y"])', 0],
  ];
  for (const [context, statement, changed, after] of rows) {
    const { group } = compileStatements({ conditions: [], context, statements: [statement] });
    assert.ok(group !== undefined, statement);
    let failures = 0;
    const engine = new StatementEngine({
      groups: [{ group, onError: () => failures++, sharesCache: false }],
      now: () => NOW_MS,
    });
    const tracer = new Tracer(group.statements.map((compiled) => ({ statement: compiled, context })));
    engine.observe(columnar(batchOf([sum("s", [point(1), point(2, { x: 1 })])])), tracer);
    const [trace] = tracer.traces;
    assert.equal(trace?.matched, context === "datapoint" ? 2 : 1, statement);
    assert.equal(trace.changed, changed, statement);
    assert.equal(trace.failed, failures, statement);
    assert.equal(failures, statement.includes('["y"]') ? 1 : 0);
    if (after !== undefined) {
      assert.match(trace.after ?? "", after, statement);
      assert.doesNotMatch(trace.before ?? "", after, statement);
    }
  }
});

const names = (conditions: string[], context?: ContextName) =>
  metricsOf(
    filter(
      batchOf(
        [...labelled(3), histogram("h", [point({ buckets: { boundaries: [], counts: [] }, count: 9 })])],
        { env: "dev" },
      ),
      conditions,
      context === undefined ? {} : { context },
    ).output,
  ).map(({ descriptor, dataPoints }) => `${descriptor.name}${dataPoints.length}`);

test("conditions drop resources, scopes, metrics and points", () => {
  const rows: readonly (readonly [conditions: string[], left: string[], context?: ContextName])[] = [
    [['resource.attributes["env"] == "dev"'], []],
    [['resource.attributes["env"] == "prod"'], ["a3", "b3", "h1"]],
    [['scope.name == "scope"'], []],
    [['metric.name == "a"', 'metric.name == "h"'], ["b3"]],
    [["metric.type == METRIC_DATA_TYPE_SUM"], ["a3", "h1"]],
    [['IsMatch(metric.name, "^[ab]$")'], ["h1"]],
    [['datapoint.attributes["vm"] == "vm-1"'], ["a2", "b2", "h1"]],
    [['datapoint.attributes["vm"] == "vm-1" and metric.name == "a"'], ["a2", "b3", "h1"]],
    [["datapoint.value_double > 0.5"], ["a1", "b1", "h1"]],
    [['datapoint.value_double > 0.5 or datapoint.attributes["noise"] != nil'], ["b1", "h1"]],
    [["datapoint.value_double >= 0.0", 'metric.name == "h" and datapoint.flags == 0'], []],
    [["datapoint.count == 9"], ["a3", "b3"]],
    [["datapoint.time_unix_nano < 1"], ["a3", "b3", "h1"]],
    [["datapoint.time < Now()"], []],
    [['HasAttrKeyOnDatapoint("noise")'], ["b3", "h1"]],
    [['HasAttrOnDatapoint("vm", "vm-2")'], ["h1"]],
    [['name == "a"'], ["b3", "h1"], "metric"],
    [['attributes["vm"] == "vm-0"'], ["a2", "b2", "h1"], "datapoint"],
    [["Len(metric.data_points) > 2"], ["h1"]],
  ];
  for (const [conditions, left, context] of rows)
    assert.deepEqual(names(conditions, context), left, conditions.join());
});

test("a filter by names keeps its layout, one by values keeps the layout of its input", () => {
  const build = (condition: string) => {
    const { group } = compileConditions({ conditions: [condition] });
    assert.ok(group !== undefined);
    return new FilterEngine({ groups: [{ group, onError: assert.fail }], now: () => NOW_MS });
  };
  const first = columnar(batchOf(labelled(3)));
  const byName = build('metric.name == "a"');
  const one = byName.run(first);
  const second = next(first);
  assert.equal(byName.run(second)?.layout, one?.layout);
  assert.equal(byName.run(second)?.column, second.column);
  const byValue = build("datapoint.value_double == 2.0");
  const masked = byValue.run(first);
  assert.equal(masked?.layout, first.layout);
  assert.equal(masked?.pointCount, 4);
  const same = byValue.run(next(first, (value) => value));
  assert.equal(same?.column.presence, masked?.column.presence, "the same points are missing");
  assert.notEqual(byValue.run(next(first))?.column.presence, masked?.column.presence);
});

test("a condition that fails does not hold", () => {
  const { output, errors } = filter(
    batchOf(labelled(1)),
    ['datapoint.attributes["vm"] + 1 == 2', 'metric.name == "b"'],
    {
      context: "datapoint",
    },
  );
  assert.deepEqual(
    metricsOf(output).map(({ descriptor }) => descriptor.name),
    ["a"],
  );
  assert.match(errors[0] ?? "", /cannot calculate string \+ int/);
});
