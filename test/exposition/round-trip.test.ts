import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type ExpositionFormat, inspectBody, SeriesTable } from "../../src/exposition/index.ts";
import { type WrittenFamily, writeBody } from "./protobuf-writer.ts";

/** A family as a program might expose it, in whatever format. */
interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly help: string;
  readonly metrics: readonly Metric[];
}

interface Metric {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Bounds or quantiles with their counts or values. */
  readonly parts: readonly (readonly [at: number, value: number])[];
  readonly timestampMs: number | undefined;
}

const word = fc.constantFrom("a", "b_c", "d1", "vm", "_x");
const value = fc.oneof(fc.double(), fc.constantFrom(0, 1, -1, 2 ** 53, 1e-300, NaN, Infinity, -Infinity));
const labelValue = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }).filter((text) => text !== ""),
  fc.constantFrom('"', "\\", "\n", "\\n", '} 1 # {"', "é", "\0", "=,"),
);
const metric: fc.Arbitrary<Metric> = fc.record({
  labels: fc.dictionary(word, labelValue, { maxKeys: 3 }),
  value,
  parts: fc.uniqueArray(fc.tuple(fc.constantFrom(0, 0.25, 0.5, 1, 2.5, 1e-9, 1e21), fc.nat(1000)), {
    maxLength: 4,
    selector: ([at]) => at,
  }),
  timestampMs: fc.option(
    fc.nat(2 ** 40).map((n) => n + 1),
    { nil: undefined, freq: 5 },
  ),
});
const families: fc.Arbitrary<readonly Family[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom("m_one", "m_two", "m_three", "m_four"),
    type: fc.constantFrom("counter", "gauge", "histogram", "summary"),
    help: fc.string({ unit: "binary", maxLength: 10 }),
    metrics: fc.uniqueArray(metric, {
      maxLength: 4,
      selector: ({ labels }) => JSON.stringify(Object.entries(labels).sort()),
    }),
  }),
  { maxLength: 4, selector: ({ name }) => name },
);

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestampMs: number | undefined;
}

/** The samples of a family; numbers of parts are exact in every format. */
function samplesOf({ name, type, metrics }: Family): readonly Sample[] {
  return metrics.flatMap(({ labels, value: own, parts, timestampMs }) => {
    const sample = (suffix: string, of: number, more = {}) => ({
      name: name + suffix,
      labels: { ...labels, ...more },
      value: of,
      timestampMs,
    });
    if (type === "gauge" || type === "counter") return [sample("", own)];
    const [label, suffix] = type === "summary" ? ["quantile", ""] : ["le", "_bucket"];
    return [
      sample("_count", parts.length),
      sample("_sum", own),
      ...parts.map(([at, count]) => sample(suffix, count, { [label]: bound(at) })),
      ...(type === "histogram" ? [sample(suffix, parts.length, { le: "+Inf" })] : []),
    ];
  });
}

/** As the formats spell bounds canonically. */
function bound(at: number): string {
  const known: Readonly<Record<string, string>> = { "1e-9": "1e-09", "1e+21": "1e+21" };
  return known[String(at)] ?? (Number.isInteger(at) ? `${at}.0` : String(at));
}

function asText(list: readonly Family[], format: "text" | "openmetrics"): Buffer {
  const isOpen = format === "openmetrics";
  const helpEscapes = isOpen ? /[\\\n"]/g : /[\\\n]/g;
  const lines = list.flatMap((family) => [
    `# HELP ${family.name} ${escaped(family.help, helpEscapes)}`,
    `# TYPE ${family.name} ${family.type}`,
    ...samplesOf(family).map(({ name, labels, value: of, timestampMs }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text, /[\\\n"]/g)}"`);
      const stamp = timestampMs === undefined ? "" : ` ${isOpen ? seconds(timestampMs) : timestampMs}`;
      return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${goNumber(of)}${stamp}`;
    }),
  ]);
  if (isOpen) lines.push("# EOF");
  return Buffer.from(`${lines.join("\n")}\n`);
}

function escaped(text: string, what: RegExp): string {
  return text.replaceAll(what, (c) => (c === "\n" ? "\\n" : `\\${c}`));
}

/** Whole seconds with three digits behind: read as a double and cut, they may lose a millisecond, so they get half a one. */
function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}5`;
}

function goNumber(of: number): string {
  if (Number.isNaN(of)) return "NaN";
  return Number.isFinite(of) ? (Object.is(of, -0) ? "-0" : String(of)) : of > 0 ? "+Inf" : "-Inf";
}

function asProtobuf(list: readonly Family[]): Buffer {
  return writeBody(
    ...list.map(
      ({ name, type, help, metrics }): WrittenFamily => ({
        name,
        type,
        help,
        metrics: metrics.map(({ labels, value: own, parts, timestampMs }) => {
          const base = { labels, ...(timestampMs !== undefined && { timestampMs }) };
          const count = parts.length;
          if (type === "gauge") return { ...base, gauge: own };
          if (type === "counter") return { ...base, counter: { value: own } };
          if (type === "summary") return { ...base, summary: { count, sum: own, quantiles: parts } };
          const buckets = parts.map(([at, of]) => ({ bound: at, count: of }));
          return { ...base, histogram: { count, sum: own, buckets } };
        }),
      }),
    ),
  );
}

function render(list: readonly Family[], format: ExpositionFormat): Buffer {
  return format === "protobuf" ? asProtobuf(list) : asText(list, format);
}

const key = ({ name, labels, value: of, timestampMs }: Sample) =>
  JSON.stringify([name, Object.entries(labels).sort(), goNumber(of), timestampMs ?? null]);

const formats = ["text", "openmetrics", "protobuf"] as const;

describe("what is written is read again", () => {
  test("in every format, in one table that meets them in any order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(families, fc.constantFrom(...formats)), { minLength: 1, maxLength: 5 }),
        (bodies) => {
          const table = new SeriesTable();
          for (const [list, format] of bodies) {
            const body = render(list, format);
            const expected = list.flatMap(samplesOf).map(key).sort();
            for (const repeat of ["first", "again"]) {
              const { values, seen, timestamps, samples, metadataChanged } = table.parse(
                body,
                body.length,
                undefined,
                format,
              );
              const read = table.entries
                .filter(({ slot }) => seen[slot] === 1)
                .map(({ slot, name, labels }) => {
                  const time = timestamps?.[slot] ?? Number.NaN;
                  const timestampMs = Number.isNaN(time) ? undefined : time;
                  return key({ name, labels, value: values[slot]!, timestampMs });
                });
              assert.deepEqual(read.sort(), expected);
              assert.equal(samples, expected.length);
              if (repeat === "again") assert.equal(metadataChanged, false);
            }
            for (const { name, type, metrics } of list) {
              if (metrics.length > 0) assert.equal(table.families.get(name)?.type, type);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("in every format by inspect, with help texts", () => {
    fc.assert(
      fc.property(families, fc.constantFrom(...formats), (list, format) => {
        const { families: read } = inspectBody(render(list, format), format);
        const wanted = format === "protobuf" ? list.filter(({ metrics }) => metrics.length > 0) : list;
        for (const { name, help, type } of wanted) {
          const family = read.find((one) => one.name === name);
          assert.equal(family?.type, type);
          // Text of blanks only is none in Prometheus text.
          if (/^[ \t\0]*$/.test(help) && format === "text") continue;
          assert.equal(family.help ?? "", help);
        }
        const samples = read.flatMap((family) => family.samples);
        assert.deepEqual(
          samples.map((sample) => key({ ...sample, timestampMs: sample.timestampMs })).sort(),
          list.flatMap(samplesOf).map(key).sort(),
        );
      }),
      { numRuns: 300 },
    );
  });
});
