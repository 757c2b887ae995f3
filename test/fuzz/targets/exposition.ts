import assert from "node:assert/strict";
import {
  checkOpenMetrics,
  detectFormat,
  ExpositionError,
  type ExpositionFormat,
  ExpositionLimitError,
  inspectBody,
  SeriesTable,
} from "../../../src/exposition/index.ts";
import { virtHandlerBody } from "../../exposition/fixture.ts";
import { writeBody } from "../../exposition/protobuf-writer.ts";
import { type FuzzTarget, magnitude, refusal } from "../target.ts";

const textTokens = [
  ...'{}"\\,=# \t\n\r\0',
  "# TYPE a counter\n",
  '# TYPE "b.c" histogram\n',
  "# HELP a x\\n\n",
  "# UNIT a_s s\n",
  "# EOF\n",
  ' # {trace_id="1"} 1 2',
  'le="0x1p-2"',
  'quantile="0.50"',
  '{"b.c","d.e"="f"} 1 2\n',
  "a_created 1\n",
  "NaN",
  "+Inf",
  "1e308",
  "1700000000000",
  "ü",
];

/** Reads with a table that knows a good body and has to know it afterwards, and with one that knows nothing. */
function tableTarget(
  format: ExpositionFormat,
  seeds: readonly Buffer[],
  tokens: readonly string[],
): FuzzTarget {
  const known = seeds[0]!;
  const table = newTable();
  const expected = read(table, known, format);
  return {
    name: format,
    seeds,
    tokens,
    run(input) {
      const warm = outcome(() => read(table, input, format));
      assert.deepEqual(
        warm,
        outcome(() => read(newTable(), input, format)),
        "warm and cold reading differ",
      );
      assert.deepEqual(read(table, known, format), expected, "the table was harmed");
      const inspected = outcome(() => inspectBody(input, format).samples);
      assert.equal(typeof inspected === "string", typeof warm === "string", "inspect differs");
      if (table.wasteful) table.compact(2);
      return typeof warm === "string" ? warm : magnitude(warm.length);
    },
  };
}

function newTable(): SeriesTable {
  return new SeriesTable({ labelLimit: 100 }, undefined, { native: true, classicToo: true });
}

/** What a body says, whatever was read before it. */
function read(table: SeriesTable, body: Buffer, format: ExpositionFormat): readonly string[] {
  const { values, seen, timestamps, exemplars, natives, startTimes } = table.parse(
    body,
    body.length,
    undefined,
    format,
  );
  const series: string[] = [];
  for (const { slot, name, labels, occurrence } of table.entries) {
    if (seen[slot] !== 1) continue;
    const time = timestamps?.[slot] ?? Number.NaN;
    const start = startTimes?.[slot] ?? 0n;
    const more = [exemplars?.get(slot), natives?.get(slot), start];
    series.push(
      `${name} ${JSON.stringify(Object.entries(labels).sort())} ${occurrence} ${values[slot]} ${time} ${JSON.stringify(more, bigints)}`,
    );
  }
  return series.sort();
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

function outcome<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return refusal(error, ExpositionError, ExpositionLimitError);
  }
}

const openMetrics = Buffer.from(`# TYPE a counter
# UNIT a_s s
a_total{x="1"} 5 1.5 # {trace_id="1",b="c"} 0.5 2
a_created{x="1"} 1
# TYPE h histogram
h_bucket{le="1"} 1 # {} 1
h_bucket{le="+Inf"} 2
h_count 2
h_sum 3
# TYPE s summary
s{quantile="0.5"} 1
s_count 1
# TYPE i info
i_info{v="1"} 1
{"b.c","d.e"="f"} 1
# EOF
`);

const protobuf = writeBody(
  {
    name: "a_total",
    help: "h",
    unit: "s",
    metrics: [
      {
        labels: { x: "1" },
        counter: { value: 5, start: { seconds: 5 }, exemplar: { labels: { t: "1" }, value: 1 } },
      },
      { labels: { x: "2" }, counter: { value: 6 }, timestampMs: 7 },
    ],
  },
  { name: "g", type: "gauge", metrics: [{ gauge: 1 }, { labels: { b: "\0" }, gauge: 2 }] },
  { name: "s", type: "summary", metrics: [{ summary: { count: 1, sum: 2, quantiles: [[0.5, 1]] } }] },
  {
    name: "h",
    type: "histogram",
    metrics: [
      {
        histogram: {
          count: 5,
          sum: 1,
          buckets: [{ count: 1, bound: 1 }],
          schema: 3,
          zeroCount: 1,
          positive: { spans: [[0, 2]], deltas: [1, 1], packed: true },
          negative: { spans: [[-3, 1]], deltas: [1] },
          exemplars: [{ value: 1, timestamp: { seconds: 1 } }],
        },
      },
    ],
  },
);

export const expositionTargets: readonly FuzzTarget[] = [
  tableTarget(
    "text",
    [Buffer.from(virtHandlerBody), Buffer.from('a{le="1"} 1 5\na{le="1"} 2 6\n')],
    textTokens,
  ),
  tableTarget("openmetrics", [openMetrics], textTokens),
  tableTarget("protobuf", [protobuf], ["\n", "\x12", "\x1a", "\x22", "\x3a", "\x80", "\xff", "\x09", "\x00"]),
  {
    name: "openmetrics-strict",
    seeds: [openMetrics],
    tokens: textTokens,
    run(input) {
      const violations = checkOpenMetrics(input);
      // What a scrape refuses breaks the specification too, but for label names that come twice, which only break a rule.
      const refused = typeof outcome(() => inspectBody(input, "openmetrics").samples) === "string";
      assert.ok(!refused || violations.length > 0, "a scrape is stricter");
      return violations[0]?.rule ?? "fine";
    },
  },
  {
    name: "detect-format",
    seeds: [openMetrics, protobuf, Buffer.from(virtHandlerBody)],
    tokens: textTokens,
    run: (input) => detectFormat(input),
  },
];
