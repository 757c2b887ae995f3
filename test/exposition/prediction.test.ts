import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { SeriesTable } from "../../src/exposition/index.ts";
import { parse, seenSeries } from "./support.ts";

/** A series as some target may spell it; several of these are the same series. */
const spellings = [
  "a",
  "a{}",
  'a {x="1"}',
  'a \t{x="2"}',
  'a{x="1"}',
  'a{x="1",}',
  'a{x="1",y="2"}',
  'a{y="2",x="1"}',
  'a{ x="1" }',
  'a{x="1",empty=""}',
  'b{x="1",y="2"}',
  'b{x="a\\nb\\"c\\\\d\\e"}',
  'b{x="a\nb"}',
  'b{x="n\0l"}',
  'b{x="n\0\0\0\0\0\0\0\0\0\0l"}',
  `b{x="${"\x7f".repeat(17)}"}`,
  `b{x="${"long".repeat(20)}"}`,
  `b{x="${"long".repeat(20)}",y="${"more".repeat(20)}"}`,
  '{"b",x="1",y="2"}',
  '{"my.metric","l.x"="ü"}',
  'h_bucket{le="1"}',
  'h_bucket{le="1.0"}',
  'h_bucket{le="+Inf"}',
  'h_bucket{vm="x",le="0.5"}',
  "h_sum",
  "h_count",
  's{quantile="0"}',
  's{quantile="0.0",le="1"}',
];

const value = fc.oneof(
  fc.integer({ min: -10, max: 10 }).map(String),
  fc
    .double()
    .map((n) =>
      Number.isNaN(n)
        ? "NaN"
        : Object.is(n, -0)
          ? "-0"
          : n === Infinity
            ? "+Inf"
            : n === -Infinity
              ? "-Inf"
              : String(n),
    ),
);
/** A line in parts, so that a change can replace the value. */
interface Line {
  readonly head: string;
  readonly value: string;
  readonly tail: string;
}

const sampleLine: fc.Arbitrary<Line> = fc.record({
  head: fc
    .tuple(
      fc.constantFrom("", "", "", " \t"),
      fc.constantFrom(...spellings),
      fc.constantFrom(" ", " ", "\t "),
    )
    .map((parts) => parts.join("")),
  value,
  tail: fc.constantFrom("", "", "", " 17", "  1760000000123 "),
});
const otherLine: fc.Arbitrary<Line> = fc
  .oneof(
    { weight: 3, arbitrary: metadataText() },
    { weight: 1, arbitrary: fc.constantFrom("", "  ", "# a comment", "#") },
  )
  .map((head) => ({ head, value: "", tail: "" }));
const line = fc.oneof({ weight: 3, arbitrary: sampleLine }, { weight: 1, arbitrary: otherLine });

function metadataText(): fc.Arbitrary<string> {
  const name = fc.constantFrom("h", "s", "a", "my.metric");
  const type = fc.constantFrom("counter", "gauge", "histogram", "summary", "untyped");
  return fc.oneof(
    fc.tuple(name, type).map(([family, text]) => `# TYPE "${family}" ${text}`),
    name.map((family) => `# HELP "${family}" text`),
  );
}

/** How one body follows from the one before. */
const change = fc.oneof(
  fc.constant({ kind: "same" as const }),
  fc.record({
    kind: fc.constant("values" as const),
    values: fc.array(value, { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ kind: fc.constant("drop" as const), at: fc.nat(), count: fc.nat(4) }),
  fc.record({ kind: fc.constant("insert" as const), at: fc.nat(), lines: fc.array(line, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant("rotate" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("swap" as const), at: fc.nat(), other: fc.nat() }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function apply(lines: readonly Line[], step: Change): Line[] {
  const at = (n: number) => (lines.length === 0 ? 0 : n % lines.length);
  switch (step.kind) {
    case "same":
      return [...lines];
    case "values":
      return lines.map((item, i) =>
        item.value === "" ? item : { ...item, value: step.values[i % step.values.length]! },
      );
    case "drop":
      return lines.toSpliced(at(step.at), step.count);
    case "insert":
      return lines.toSpliced(at(step.at), 0, ...step.lines);
    case "rotate":
      return [...lines.slice(at(step.at)), ...lines.slice(0, at(step.at))];
    case "swap": {
      const copy = [...lines];
      const [a, b] = [at(step.at), at(step.other)];
      if (copy.length > 0) [copy[a], copy[b]] = [copy[b]!, copy[a]!];
      return copy;
    }
  }
}

/** What does not depend on metadata of earlier bodies, which a table remembers. */
function withoutFamily(table: SeriesTable, body: string | Buffer, into?: Float64Array) {
  const result = parse(table, body, into);
  const series = seenSeries(table, result).map(({ family: _, ...rest }) => rest);
  return { result, series };
}

describe("the predicted path", () => {
  test("equals a cold parse whatever changes between bodies", () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }),
        fc.array(change, { maxLength: 8 }),
        fc.boolean(),
        (start, changes, compacts) => {
          const table = new SeriesTable();
          let lines = start;
          let values: Float64Array | undefined;
          let before: string | undefined;
          for (const step of [{ kind: "same" } as const, ...changes]) {
            lines = apply(lines, step);
            const body = lines.map(({ head, value, tail }) => `${head}${value}${tail}\n`).join("");
            const warm = withoutFamily(table, body, values);
            const cold = withoutFamily(new SeriesTable(), body);
            assert.deepEqual(warm.series, cold.series);
            assert.equal(warm.result.samples, cold.result.samples);
            assert.equal(warm.result.duplicates, cold.result.duplicates);
            assert.equal(warm.result.missing, table.entries.length - warm.series.length);
            const keys = JSON.stringify(
              warm.series.map(({ name, labels, occurrence }) => [name, labels, occurrence]),
            );
            assert.equal(
              warm.result.sameSeries,
              before === undefined ? warm.series.length === 0 : keys === before,
            );
            before = keys;
            values = warm.result.values;
            if (compacts) table.compact(2);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test("reads all of an unchanged body", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(500), { minLength: 1, maxLength: 50 }),
        fc.array(value, { minLength: 1 }),
        (ids, values) => {
          const lines = ids.map((id, i) => `m${id % 7}{vm="vm-${id}"} ${values[i % values.length]}\n`);
          const table = new SeriesTable();
          parse(table, lines.join(""));
          assert.equal(parse(table, lines.join("")).predicted, lines.length);
          const fewer = lines.toSpliced(lines.length >> 1, 1);
          assert.ok(parse(table, fewer.join("")).predicted >= fewer.length - 1);
          assert.equal(parse(table, fewer.join("")).predicted, fewer.length);
          assert.ok(parse(table, lines.join("")).predicted >= lines.length - 2);
        },
      ),
    );
  });
});
