import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  checkOpenMetrics,
  ExpositionError,
  type ExpositionFormat,
  ExpositionLimitError,
  inspectBody,
  SeriesTable,
} from "../../src/exposition/index.ts";
import { virtHandlerBody } from "./fixture.ts";
import { varint, writeBody } from "./protobuf-writer.ts";
import { seenSeries } from "./support.ts";

const openMetrics = `# TYPE a counter
# HELP a Help \\" \\n.
# UNIT a_seconds seconds
a_total{x="1",y="\\\\"} 5 1700000000.5 # {trace_id="0123",b="c"} 0.5 1700000000
a_total{x="ü"} 6
a_created{x="1",y="\\\\"} 1600000000
# TYPE h histogram
h_bucket{le="1"} 1 # {} 1
h_bucket{le="+Inf"} 2
h_count 2
h_sum -NaN
{"b.c","d.e"="f"} 1e300
# EOF
`.replace("-NaN", "NaN");

const protobuf = writeBody(
  {
    name: "a_total",
    help: "Help.",
    unit: "s",
    metrics: [
      { labels: { x: "1" }, counter: { value: 5, start: { seconds: 5, nanos: 7 } } },
      {
        labels: { x: "ü", y: "" },
        counter: { value: 6, exemplar: { labels: { a: "b" }, value: 1, timestamp: { seconds: 9 } } },
      },
    ],
  },
  { name: "g", type: "gauge", metrics: [{ gauge: 1.5 }, { labels: { a: "\0" }, gauge: 2, timestampMs: 77 }] },
  { name: "s", type: "summary", metrics: [{ summary: { count: 3, sum: 1, quantiles: [[0.5, 1]] } }] },
  {
    name: "h",
    type: "histogram",
    metrics: [
      {
        histogram: {
          count: 4,
          sum: 2,
          buckets: [{ count: 1, bound: 1, exemplar: { value: 1 } }],
          schema: 3,
          zeroCount: 1,
          positive: {
            spans: [
              [-1, 2],
              [4, 1],
            ],
            deltas: [1, 0, -1],
            packed: true,
          },
          negative: { spans: [[0, 1]], deltas: [1] },
        },
      },
    ],
  },
);

const good: Readonly<Record<ExpositionFormat, Buffer>> = {
  text: Buffer.from(virtHandlerBody),
  openmetrics: Buffer.from(openMetrics),
  protobuf,
};

const newTable = () => new SeriesTable({}, undefined, { native: true, classicToo: true });

function read(table: SeriesTable, body: Buffer, format: ExpositionFormat): unknown {
  const result = table.parse(body, body.length, undefined, format);
  const { exemplars, natives, startTimes } = result;
  const bySlot = table.entries.map(({ slot, name, labels }) =>
    result.seen[slot] === 1
      ? [name, labels, exemplars?.get(slot), natives?.get(slot), startTimes?.[slot] ?? 0n]
      : [],
  );
  // Families remember what other bodies said.
  const series = seenSeries(table, result).map(({ family: _, ...rest }) => rest);
  return [
    series,
    bySlot
      .filter(({ length }) => length > 0)
      .map((entry) => JSON.stringify(entry, bigints))
      .sort(),
  ];
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

const outcome = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof ExpositionError, String(error));
    return error.message;
  }
};

for (const format of ["text", "openmetrics", "protobuf"] as const) {
  describe(`damaged ${format}`, () => {
    const body = good[format];

    /** Warm and cold reading say the same of it, and the good body is then read as ever. */
    function survives(table: SeriesTable, expected: unknown, damaged: Buffer): void {
      const warm = outcome(() => read(table, damaged, format));
      const cold = outcome(() => read(newTable(), damaged, format));
      assert.deepEqual(warm, cold);
      const inspected = outcome(() => inspectBody(damaged, format));
      assert.equal(typeof inspected, typeof cold);
      if (typeof cold === "string") assert.equal(inspected, cold);
      if (format === "openmetrics") checkOpenMetrics(damaged);
      assert.deepEqual(read(table, body, format), expected);
    }

    test("cut at any byte", () => {
      const table = newTable();
      const expected = read(table, body, format);
      for (let length = 0; length < body.length; length++)
        survives(table, expected, body.subarray(0, length));
    });

    test("with flipped bits", () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(7)), { minLength: 1, maxLength: 3 }),
          (flips) => {
            const table = newTable();
            const expected = read(table, body, format);
            const damaged = Buffer.from(body);
            for (const [at, bit] of flips) damaged[at] = damaged[at]! ^ (1 << bit);
            survives(table, expected, damaged);
          },
        ),
        { numRuns: 400 },
      );
    });

    test("of random bytes", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          const random = Buffer.from(bytes);
          assert.deepEqual(
            outcome(() => read(newTable(), random, format)),
            outcome(() => read(newTable(), random, format)),
          );
        }),
      );
    });
  });
}

const MEGABYTE = 2 ** 20;

/** Parses with a table that knows a good body, which must then be read as ever. */
function refusedOrRead(format: ExpositionFormat, body: Buffer, table = newTable()): unknown {
  const expected = read(table, good[format], format);
  let error: unknown;
  try {
    table.parse(body, body.length, undefined, format);
  } catch (thrown) {
    error = thrown;
  }
  assert.deepEqual(read(table, good[format], format), expected);
  return error;
}

describe("input of absurd size", () => {
  test("a line of 10 MB that is none is refused, its text cut", () => {
    for (const format of ["text", "openmetrics"] as const) {
      for (const line of ["x".repeat(10 * MEGABYTE), `a{b="${"x".repeat(10 * MEGABYTE)}`]) {
        const error = refusedOrRead(format, Buffer.from(line));
        assert.ok(error instanceof ExpositionError);
        assert.ok(error.text.length <= 120 && error.message.length < 200);
      }
    }
  });

  test("a label value of 10 MB is read, or refused by its limit", () => {
    const value = "x".repeat(10 * MEGABYTE);
    const bodies = {
      text: Buffer.from(`a{b="${value}"} 1\n`),
      openmetrics: Buffer.from(`a{b="${value}"} 1\n# EOF\n`),
      protobuf: writeBody({ name: "a", type: "gauge", metrics: [{ labels: { b: value }, gauge: 1 }] }),
    } as const;
    for (const format of ["text", "openmetrics", "protobuf"] as const) {
      assert.equal(refusedOrRead(format, bodies[format]), undefined);
      const limited = new SeriesTable({ labelValueLengthLimit: 100 });
      const error = refusedOrRead(format, bodies[format], limited);
      assert.ok(error instanceof ExpositionLimitError);
      assert.equal(error.limit, "label_value_length_limit");
      assert.ok(error.message.length < 200);
    }
  });

  test("very many labels of one series are read, a million are refused by the limit", () => {
    const labels = (count: number) => Array.from({ length: count }, (_, i) => `l${i}="v"`).join(",");
    const many = labels(150_000);
    assert.equal(refusedOrRead("text", Buffer.from(`a{${many}} 1\n`)), undefined);
    assert.equal(refusedOrRead("openmetrics", Buffer.from(`a{${many}} 1\n# EOF\n`)), undefined);
    const limited = new SeriesTable({ labelLimit: 64 });
    const error = refusedOrRead("text", Buffer.from(`a{${labels(1_000_000)}} 1\n`), limited);
    assert.ok(error instanceof ExpositionLimitError);
    assert.equal(error.limit, "label_limit");
  });

  test("lengths in protobuf that no body has are refused before anything is allocated", () => {
    for (const length of [2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]) {
      const family = Buffer.concat([Buffer.from([0x22]), varint(length), Buffer.from([0])]);
      for (const body of [varint(length), Buffer.concat([varint(family.length), family])]) {
        assert.ok(refusedOrRead("protobuf", body) instanceof ExpositionError);
      }
    }
  });

  test("groups in groups in protobuf do not exhaust the stack", () => {
    const deep = Buffer.alloc(MEGABYTE, Buffer.from([0xfb, 0x01]));
    const body = Buffer.concat([varint(deep.length), deep]);
    assert.ok(refusedOrRead("protobuf", body) instanceof ExpositionError);
  });

  test("a span of four billion buckets is refused: it does not match what is there", () => {
    const positive = { spans: [[0, 2 ** 32 - 1]] as const, deltas: [1] };
    const body = writeBody({
      name: "h",
      type: "histogram",
      metrics: [{ histogram: { count: 1, positive } }],
    });
    assert.ok(refusedOrRead("protobuf", body) instanceof ExpositionError);
  });

  test("samples beyond the limit are counted but not learnt", () => {
    const many = (line: (i: number) => string) => Array.from({ length: 1000 }, (_, i) => line(i)).join("");
    const metrics = Array.from({ length: 1000 }, (_, i) => ({ labels: { x: String(i) }, gauge: i }));
    const bodies = {
      text: Buffer.from(many((i) => `a{x="${i}"} 1\n`)),
      openmetrics: Buffer.from(`${many((i) => `a{x="${i}"} 1\n`)}# EOF\n`),
      protobuf: writeBody({ name: "a", type: "gauge", metrics }),
    } as const;
    for (const format of ["text", "openmetrics", "protobuf"] as const) {
      const table = new SeriesTable({ sampleLimit: 100 });
      assert.throws(
        () => table.parse(bodies[format], bodies[format].length, undefined, format),
        /the body has 1000 samples; sample_limit allows 100/,
      );
      assert.equal(table.entries.length, 100);
    }
  });
});
