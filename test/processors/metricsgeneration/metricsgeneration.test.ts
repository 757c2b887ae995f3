import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  ABSENT,
  type Attributes,
  Batch,
  DataPointType,
  type Metric,
  type MetricsBatch,
  PRESENT,
  Presence,
  STALE,
} from "../../../src/metrics/index.ts";
import metricsgeneration from "../../../src/processors/metricsgeneration/index.ts";
import { PointMatcher } from "../../../src/processors/metricsgeneration/point-matcher.ts";
import { formatMetrics } from "../../../src/testing/index.ts";
import { runProcessor } from "../../support/processor-harness.ts";
import { batchOf, metricOf } from "../../temporality/processor.ts";

type Points = readonly (readonly [attributes: Attributes, value: number | bigint, flags?: number])[];

const gauge = (name: string, points: Points, type: DataPointType = DataPointType.GAUGE): Metric =>
  metricOf(
    name,
    points.map(([attributes, value, flags]) => ({
      attributes,
      value,
      at: 5,
      ...(flags !== undefined && { flags }),
    })),
    { type, unit: "" },
  );

/** Lines of the metric "new". */
async function made(t: Parameters<typeof runProcessor>[0], rule: object, metrics: readonly Metric[]) {
  const { send } = await runProcessor(t, metricsgeneration, { rules: [{ name: "new", ...rule }] });
  return linesOf((await send(batchOf(metrics))).resourceMetrics);
}

function linesOf(batch: MetricsBatch, name = "new"): string[] {
  return batch.flatMap((resource) =>
    resource.scopeMetrics.flatMap(({ scope, metrics }) =>
      metrics
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap((metric) =>
          formatMetrics([{ ...resource, scopeMetrics: [{ scope, metrics: [metric] }] }])
            .split("\n")
            .slice(1, -1)
            .map((line) => line.trim()),
        ),
    ),
  );
}

const calculate = (operation: string) => ({ type: "calculate", metric1: "a", metric2: "b", operation });

test("each operation calculates, point by point with equal attributes", async (t) => {
  const metrics = [
    gauge("a", [
      [{ vm: "x" }, 6],
      [{ vm: "y" }, 9],
    ]),
    gauge("b", [
      [{ vm: "y" }, 3n],
      [{ vm: "x" }, 4],
    ]),
  ];
  const rows = { add: [10, 12], subtract: [2, 6], multiply: [24, 27], divide: [1.5, 3], percent: [150, 300] };
  for (const [operation, [x, y]] of Object.entries(rows)) {
    assert.deepEqual(
      await made(t, { ...calculate(operation), unit: "u" }, metrics),
      ["new gauge u", `{vm="x"} ${x}`, `{vm="y"} ${y}`],
      operation,
    );
  }
});

test("scale calculates with a number, if it says how", async (t) => {
  const metrics = [
    gauge("a", [
      [{}, 6],
      [{ big: true }, 9_007_199_254_740_993n],
    ]),
  ];
  const results = { add: "10", subtract: "2", multiply: "24", divide: "1.5", percent: "150" };
  for (const [operation, result] of Object.entries(results)) {
    const [, big, first] = await made(t, { type: "scale", metric1: "a", scale_by: 4, operation }, metrics);
    assert.equal(first, `{} ${result}`);
    assert.match(big ?? "", /^\{big=true\} \d/);
  }
});

test("scale multiplies", async (t) => {
  const rule = { type: "scale", metric1: "a", scale_by: 0.5 };
  assert.deepEqual(await made(t, rule, [gauge("a", [[{ vm: "x" }, 3]])]), ["new gauge", '{vm="x"} 1.5']);
  assert.deepEqual(await made(t, rule, [gauge("other", [[{}, 3]])]), []);
});

test("a point finds the only one that does not contradict it, or none", async (t) => {
  const rows: readonly (readonly [b: Points, lines: readonly string[]])[] = [
    [[[{}, 2]], ['{drive="1",vm="x"} 5', '{vm="y"} 4.5']],
    [[[{ vm: "x" }, 5]], ['{drive="1",vm="x"} 2']],
    [[[{ vm: "x", drive: "1", more: "z" }, 5]], ['{drive="1",vm="x"} 2']],
    [
      [
        [{ vm: "x", zone: "p" }, 5],
        [{ vm: "x", zone: "q" }, 5],
      ],
      [],
    ],
    [[[{ vm: "z" }, 5]], []],
    [
      [
        [{ other: "z" }, 2],
        [{ vm: "y" }, 3],
      ],
      ['{drive="1",vm="x"} 5', '{vm="y"} 3'],
    ],
  ];
  for (const [b, lines] of rows) {
    const a = gauge("a", [
      [{ vm: "x", drive: "1" }, 10],
      [{ vm: "y" }, 9],
    ]);
    const out = await made(t, calculate("divide"), [a, gauge("b", b)]);
    assert.deepEqual(out.slice(1), lines, JSON.stringify(b));
  }
});

const anyAttributes = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("1", "2"), {
  maxKeys: 3,
});

test("matching is what comparing all that are there with all gives", () => {
  const agrees = (a: Attributes, b: Attributes) =>
    Object.keys(a).every((name) => !Object.hasOwn(b, name) || b[name] === a[name]);
  const same = (a: Attributes, b: Attributes) =>
    agrees(a, b) &&
    Object.keys(a).length === Object.keys(b).length &&
    Object.keys(a).every((k) => Object.hasOwn(b, k));
  fc.assert(
    fc.property(
      fc.array(anyAttributes, { maxLength: 8 }),
      fc.array(anyAttributes, { maxLength: 8 }),
      fc.array(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
      (left, right, scrapes) => {
        const matcher = new PointMatcher(left, right);
        for (const isThere of scrapes) {
          const there = [...right.keys()].filter((i) => isThere[i]);
          const expected = left.map((own) => {
            const equal = there.find((i) => same(own, right[i] as Attributes));
            if (equal !== undefined) return equal;
            const all = there.filter((i) => agrees(own, right[i] as Attributes));
            return all.length === 1 ? all[0] : -1;
          });
          assert.deepEqual([...matcher.match((i) => isThere[i] === true)], expected);
          for (const [i, match] of expected.entries()) if (match !== -1) assert.ok(matcher.canMatch(i));
        }
      },
    ),
  );
});

/** A batch of what `there` says is there of the points, by index; the others stay in the layout. */
function withVanished(metrics: readonly Metric[], states: readonly number[]): Batch {
  const { layout, column } = batchOf(metrics);
  const presence = new Presence(Uint8Array.from({ length: layout.width }, (_, i) => states[i] ?? PRESENT));
  return Batch.fromColumns(layout, column.with({ presence }));
}

test("series that have vanished count for nothing", async (t) => {
  const { send } = await runProcessor(t, metricsgeneration, {
    rules: [{ name: "new", ...calculate("divide") }],
  });
  const metrics = [
    gauge("a", [[{ vm: "x" }, 1]]),
    gauge("b", [
      [{ vm: "x" }, 2],
      [{}, 4],
      [{ zone: "p" }, 8],
    ]),
  ];
  const batch = withVanished(metrics, []);
  const result = async (...b: readonly number[]) => {
    const presence = new Presence(Uint8Array.of(PRESENT, ...b));
    const column = batch.column.with({ presence });
    return linesOf((await send(Batch.fromColumns(batch.layout, column))).resourceMetrics).slice(1);
  };
  assert.deepEqual(await result(PRESENT, PRESENT, PRESENT), ['{vm="x"} 0.5']);
  assert.deepEqual(await result(ABSENT, PRESENT, PRESENT), [], "either of the two");
  assert.deepEqual(await result(ABSENT, PRESENT, ABSENT), ['{vm="x"} 0.25']);
  assert.deepEqual(await result(ABSENT, ABSENT, PRESENT), ['{vm="x"} 0.125']);
  assert.deepEqual(await result(STALE, ABSENT, PRESENT), ['{vm="x"} 0.125'], "goes on with the other one");
  assert.deepEqual(await result(STALE, ABSENT, ABSENT), ['{vm="x"} stale']);
  assert.deepEqual(await result(ABSENT, ABSENT, ABSENT), []);
  assert.deepEqual(await result(PRESENT, ABSENT, ABSENT), ['{vm="x"} 0.5']);
});

test("a batch whose series vanish gives what one gives that never had them", async (t) => {
  const rule = fc.record({
    type: fc.constant("calculate"),
    name: fc.constantFrom("p", "q"),
    metric1: fc.constantFrom("a", "b"),
    metric2: fc.constantFrom("a", "b", "p", "q"),
    operation: fc.constantFrom("add", "divide", "multiply"),
  });
  const valid = rule.filter(({ name, metric2 }) => name !== metric2);
  const points = fc.array(fc.tuple(anyAttributes, fc.constantFrom(0, 1, 2)), { minLength: 1, maxLength: 4 });
  const property = fc.asyncProperty(
    fc.array(valid, { minLength: 1, maxLength: 3 }),
    points,
    points,
    fc.array(fc.array(fc.constantFrom(ABSENT, PRESENT, STALE), { minLength: 8, maxLength: 8 }), {
      minLength: 1,
      maxLength: 3,
    }),
    async (rules, a, b, scrapes) => {
      const { send } = await runProcessor(t, metricsgeneration, { rules });
      const { layout, column } = withVanished([gauge("a", a), gauge("b", b)], []);
      for (const scrape of scrapes) {
        const states = Uint8Array.from(scrape.slice(0, layout.width));
        const batch = Batch.fromColumns(layout, column.with({ presence: new Presence(states) }));
        const plain = structuredClone([...batch.resourceMetrics]);
        const got = formatMetrics((await send(batch)).resourceMetrics);
        assert.equal(got, formatMetrics((await send(Batch.from(plain))).resourceMetrics));
      }
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test("what is made of quotients knows which of them there are", async (t) => {
  const { send } = await runProcessor(t, metricsgeneration, {
    rules: [
      { name: "q", ...calculate("divide") },
      { name: "new", type: "calculate", metric1: "a", metric2: "q", operation: "add" },
      { name: "twice", type: "scale", metric1: "new", scale_by: 2 },
    ],
  });
  const batch = batchOf([
    gauge("a", [
      [{ vm: "x" }, 6],
      [{ vm: "y" }, 9],
    ]),
    gauge("b", [
      [{ vm: "x" }, 0],
      [{ vm: "y" }, 3],
    ]),
  ]);
  const { resourceMetrics } = await send(batch);
  assert.deepEqual(linesOf(resourceMetrics).slice(1), ['{vm="y"} 12']);
  assert.deepEqual(linesOf(resourceMetrics, "twice").slice(1), ['{vm="y"} 24']);
});

test("the new metric is of the first one's kind; only what cannot fall is monotonic", async (t) => {
  const metrics = [gauge("a", [[{}, 6]], DataPointType.SUM), gauge("b", [[{}, 4]])];
  assert.equal((await made(t, calculate("add"), metrics))[0], "new sum cumulative monotonic");
  assert.equal((await made(t, calculate("subtract"), metrics))[0], "new sum cumulative");
});

test("nothing is divided by zero; what ends, ends the result", async (t) => {
  const { send, meter } = await runProcessor(t, metricsgeneration, {
    rules: [{ name: "new", ...calculate("divide") }],
  });
  const batch = batchOf([
    gauge("a", [
      [{ vm: "x" }, 6],
      [{ vm: "y" }, 9],
      [{ vm: "z" }, 0, 1],
    ]),
    gauge("b", [
      [{ vm: "x" }, 0],
      [{ vm: "y" }, 3],
      [{ vm: "z" }, 1],
    ]),
  ]);
  const out = await send(batch);
  assert.deepEqual(linesOf(out.resourceMetrics).slice(1), ['{vm="y"} 3', '{vm="z"} stale']);
  assert.equal(await meter.total("otelcol_processor_metricsgeneration_divisions_by_zero"), 1);
});

test("metrics have to be on one resource; rules see what those before have made", async (t) => {
  const { send, logger } = await runProcessor(t, metricsgeneration, {
    rules: [
      { name: "sum", ...calculate("add") },
      { name: "new", type: "scale", metric1: "sum", scale_by: 2 },
    ],
  });
  const one = batchOf([gauge("a", [[{}, 1]]), gauge("b", [[{}, 2]])], { host: "1" });
  assert.deepEqual(linesOf((await send(one)).resourceMetrics), ["new gauge", "{} 6"]);
  const apart = Batch.from([
    ...batchOf([gauge("a", [[{}, 1]])], { host: "1" }).resourceMetrics,
    ...batchOf([gauge("b", [[{}, 2]])], { host: "2" }).resourceMetrics,
  ]);
  assert.equal(await send(apart), apart);
  assert.equal(logger.lines.length, 0);
  const strangers = () => batchOf([gauge("a", [[{ vm: "x" }, 1]]), gauge("b", [[{ vm: "y" }, 2]])]);
  await send(strangers());
  await send(strangers());
  assert.deepEqual(
    logger.lines.map(({ level }) => level),
    ["warn"],
  );
});

test("what makes no sense is refused", () => {
  const issue = (rule: object) => {
    const { error } = metricsgeneration.config.safeParse({ rules: [{ name: "n", metric1: "a", ...rule }] });
    return `${error?.issues[0]?.path.at(-1)?.toString()} ${error?.issues[0]?.message}`;
  };
  assert.equal(issue({ type: "calculate", operation: "add" }), "metric2 is required for calculate");
  assert.equal(issue({ type: "calculate", metric2: "b" }), "operation is required for calculate");
  assert.equal(issue({ type: "scale" }), "scale_by is required for scale");
  assert.equal(issue({ type: "scale", scale_by: 1, metric1: "n" }), "name must not be that of metric1");
  assert.equal(issue({ type: "scale", scale_by: 1, metric2: "b" }), "metric2 must not be set for scale");
  assert.match(issue({ type: "scale", scale_by: 0 }), /^scale_by /);
});
