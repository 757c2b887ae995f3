import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ExpositionError, inspectBody, SeriesTable } from "../../src/exposition/index.ts";
import { parse } from "./support.ts";

/** The value both ways of reading see, the predicted one included. */
function readValue(text: string): number {
  const body = Buffer.from(`foo ${text}\nbar 0\n`);
  const inspected = inspectBody(body).families[0]?.samples[0]?.value;
  const table = new SeriesTable();
  const first = parse(table, body).values[0];
  const result = parse(table, body);
  assert.equal(result.predicted, 2);
  assert.ok(
    Object.is(inspected, first) && Object.is(first, result.values[0]),
    `${inspected}, ${first}, ${result.values[0]}`,
  );
  return first!;
}

function bound(value: string): string | undefined {
  const body = `# TYPE foo histogram\nfoo_bucket{le="${value}"} 1\n`;
  return inspectBody(Buffer.from(body)).families[0]?.samples[0]?.labels["le"];
}

describe("a sample value", () => {
  test("is what Go's ParseFloat reads", () => {
    const cases: readonly (readonly [string, number])[] = [
      ["0", 0],
      ["-0", -0],
      ["+1", 1],
      ["007", 7],
      ["1.", 1],
      [".5", 0.5],
      ["-.5e1", -5],
      ["1e3", 1000],
      ["1E+3", 1000],
      ["1e-3", 0.001],
      ["9.223372036854776e+18", 2 ** 63],
      ["9007199254740993", 9007199254740992],
      ["9007199254740991", 9007199254740991],
      ["0.1234567890123456789", 0.12345678901234568],
      ["5e-324", 5e-324],
      ["1e-999", 0],
      ["-1e-999", -0],
      ["0e999", 0],
      ["1.7976931348623157e308", Number.MAX_VALUE],
      ["1e22", 1e22],
      ["1e23", 1e23],
      ["123456789012345678901234567890", 1.2345678901234568e29],
      ["inf", Infinity],
      ["+Inf", Infinity],
      ["-INF", -Infinity],
      ["Infinity", Infinity],
      ["-infinity", -Infinity],
      ["NaN", NaN],
      ["nan", NaN],
      ["NAN", NaN],
    ];
    for (const [text, expected] of cases)
      assert.ok(Object.is(readValue(text), expected), `${text} gave ${readValue(text)}`);
  });

  test("is refused where Go's ParseFloat fails, on the predicted path too", () => {
    const table = new SeriesTable();
    parse(table, "foo 1\nbar 2\n");
    for (const text of [
      "1e999",
      "-1e999",
      "1.7976931348623159e308",
      "+nan",
      "-NaN",
      "infi",
      "infinit",
      "0x10",
      "0x1p-2",
      "1_000",
      "1p2",
      "1e",
      "1e+",
      "e1",
      ".",
      "-",
      "+",
      "--1",
      "1.2.3",
      "true",
      "1,5",
      "½",
      "1f",
      "'1'",
    ]) {
      assert.throws(() => inspectBody(Buffer.from(`foo ${text}\nbar 2\n`)), ExpositionError, text);
      assert.throws(() => parse(table, `foo ${text}\nbar 2\n`), ExpositionError, text);
    }
  });

  test("is correctly rounded for every double in every spelling", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20), (value, digits) => {
        for (const text of [
          String(value),
          value.toExponential(),
          value.toPrecision(digits + 1),
          Object.is(value, -0) ? "-0" : value.toFixed(digits),
        ]) {
          if (!Number.isFinite(Number(text))) continue;
          assert.ok(Object.is(readValue(text), Number(text)), text);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("is correctly rounded for any digits and exponent", () => {
    const number = fc.tuple(
      fc.constantFrom("", "-", "+"),
      fc.stringMatching(/^\d{1,20}$/),
      fc.stringMatching(/^(\.\d{0,20})?$/),
      fc.stringMatching(/^([eE][+-]?\d{1,3})?$/),
    );
    fc.assert(
      fc.property(number, (parts) => {
        const text = parts.join("");
        if (Number.isFinite(Number(text))) assert.ok(Object.is(readValue(text), Number(text)), text);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("le of a histogram and quantile of a summary", () => {
  test("take the form that OpenMetrics prescribes", () => {
    const cases: readonly (readonly [string, string])[] = [
      ["1", "1.0"],
      ["1.0", "1.0"],
      ["0", "0.0"],
      ["-0", "0.0"],
      ["-1", "-1.0"],
      ["10", "10.0"],
      ["0.5", "0.5"],
      ["0.50", "0.5"],
      ["1e3", "1000.0"],
      ["100000", "100000.0"],
      ["1000000", "1e+06"],
      ["1234567", "1.234567e+06"],
      ["123456.5", "123456.5"],
      ["0.0001", "0.0001"],
      ["0.00001", "1e-05"],
      ["1e-08", "1e-08"],
      ["9.999999999999999e-06", "9.999999999999999e-06"],
      ["1e100", "1e+100"],
      ["+Inf", "+Inf"],
      ["inf", "+Inf"],
      ["-infinity", "-Inf"],
      ["nan", "NaN"],
    ];
    for (const [exposed, canonical] of cases) assert.equal(bound(exposed), canonical, exposed);
  });

  test("stay as they are where they are no number", () => {
    for (const text of ["", "x", "1__0", "1e999", "+nan"]) assert.equal(bound(text), text);
  });

  test("follow the TYPE line last read, whatever its name, as in Prometheus", () => {
    const body = [
      'a{le="1",quantile="1"} 1',
      "# TYPE h histogram",
      'h_bucket{le="1",quantile="1"} 1',
      'b{le="1",quantile="1"} 1',
      "# TYPE s summary",
      's{le="1",quantile="1"} 1',
      "# TYPE g gauge",
      'g{le="1",quantile="1"} 1',
    ]
      .map((line) => `${line}\n`)
      .join("");
    const labels = inspectBody(Buffer.from(body)).families.flatMap(({ samples }) =>
      samples.map((s) => s.labels),
    );
    const expected = [
      ["1", "1"],
      ["1.0", "1"],
      ["1.0", "1"],
      ["1", "1.0"],
      ["1", "1"],
    ];
    assert.deepEqual(labels.map(({ le, quantile }) => [le, quantile]).sort(), expected.sort());
    const table = new SeriesTable();
    parse(table, body);
    assert.equal(parse(table, body).predicted, 5);
    assert.deepEqual(
      table.entries.map(({ labels }) => [labels["le"], labels["quantile"]]),
      [
        ["1", "1"],
        ["1.0", "1"],
        ["1.0", "1"],
        ["1", "1.0"],
        ["1", "1"],
      ],
    );
  });
});

describe("bounds of buckets, which are read as Go reads literals", () => {
  for (const [text, expected] of [
    ["0x1p-2", "0.25"],
    ["-0X1.8P1", "-3.0"],
    ["0x_1p4", "16.0"],
    ["0x.8p0", "0.5"],
    ["1_0", "10.0"],
    ["1_0.2_5e0_0", "10.25"],
    ["1e-400", "0.0"],
    ["+infinity", "+Inf"],
    ...["0x10", "1__0", "_1", "1_", "1_.5", "0x1._8p0", "1e400", "0x1p9999", "-nan"].map((same) => [
      same,
      same,
    ]),
  ] as const) {
    test(`${text} becomes ${text === expected ? "nothing else" : expected}`, () => {
      const [family] = inspectBody(Buffer.from(`# TYPE h histogram\nh_bucket{le="${text}"} 1\n`)).families;
      assert.equal(family?.samples[0]?.labels["le"], expected);
    });
  }
});
