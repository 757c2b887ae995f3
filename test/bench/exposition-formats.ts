import { type ExpositionFormat, inspectBody, SeriesTable } from "../../src/exposition/index.ts";
import { type WrittenFamily, type WrittenMetric, writeBody } from "../exposition/protobuf-writer.ts";
import { BodySource } from "./body.ts";
import { cpuOf, median } from "./measure.ts";
import { parseWithSplitAndRegex } from "./split-regex-parser.ts";

/** One format's bodies with CPU microseconds a sample (user and system, all threads), medians. */
export interface FormatResult {
  readonly format: string;
  readonly samples: number;
  /** Of one body. */
  readonly bytes: number;
  readonly first: number;
  readonly steady: number;
}

export interface FormatBenchSettings {
  readonly vmis: number;
  readonly rounds: number;
}

interface Contender {
  readonly format: string;
  readonly samples: number;
  readonly bodies: readonly Buffer[];
  readonly parse: (body: Buffer) => unknown;
  readonly parseFirst: (body: Buffer) => unknown;
}

/**
 * The same scrapes in every format, interleaved in one process: OpenMetrics also with a `_created` line and an exemplar for
 * each counter, protobuf also as histograms. The yardstick is text by splitting and regular expressions.
 */
export async function benchFormats({ vmis, rounds }: FormatBenchSettings): Promise<readonly FormatResult[]> {
  const source = new BodySource(vmis);
  const texts = [source.next(), source.next(), source.next()];
  const all = [
    contender("text", "text", texts),
    contender(
      "openmetrics",
      "openmetrics",
      texts.map((text) => openMetricsOf(text, false)),
    ),
    contender(
      "openmetrics, _created and exemplars",
      "openmetrics",
      texts.map((text) => openMetricsOf(text, true)),
    ),
    contender("protobuf", "protobuf", texts.map(protobufOf)),
    contender(
      "protobuf, start times and exemplars",
      "protobuf",
      texts.map((text) => protobufOf(text, true)),
    ),
    contender("protobuf, classic histograms", "protobuf", histogramsOf(vmis)),
    splitAndRegex(texts, source.samples),
  ];
  for (let i = 0; i < 8; i++) for (const { bodies, parse } of all) for (const body of bodies) parse(body);
  const results = all.map((one) => ({ ...one, firsts: [] as number[], steadies: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { bodies, samples, parse, parseFirst, firsts, steadies } of results) {
      const repeats = Math.max(1, Math.round(60_000 / samples));
      firsts.push(await cpuOf(() => parseFirst(bodies[0]!), repeats));
      steadies.push(
        (await cpuOf(() => {
          for (const body of bodies) parse(body);
        }, 3 * repeats)) / bodies.length,
      );
    }
  }
  return results.map(({ format, samples, bodies, firsts, steadies }) => ({
    format,
    samples,
    bytes: bodies[0]!.length,
    first: median(firsts) / samples,
    steady: median(steadies) / samples,
  }));
}

function contender(name: string, format: ExpositionFormat, bodies: readonly Buffer[]): Contender {
  const table = new SeriesTable();
  let values = new Float64Array(0);
  const { samples } = new SeriesTable().parse(bodies[0]!, bodies[0]!.length, undefined, format);
  return {
    format: name,
    samples,
    bodies,
    parse(body) {
      values = table.parse(body, body.length, values, format).values as Float64Array<ArrayBuffer>;
    },
    parseFirst: (body) => new SeriesTable().parse(body, body.length, undefined, format),
  };
}

function splitAndRegex(bodies: readonly Buffer[], samples: number): Contender {
  const parse = (body: Buffer) => parseWithSplitAndRegex(body.toString());
  return { format: "split and regex", samples, bodies, parse, parseFirst: parse };
}

/** The text as OpenMetrics: counters are named without `_total`. */
function openMetricsOf(text: Buffer, rich: boolean): Buffer {
  const lines = text
    .toString()
    .replaceAll(/^(# \w+ \w+?)_total\b(.*)$/gm, "$1$2")
    .trimEnd()
    .split("\n");
  const rendered = rich ? lines.flatMap(withCreated) : lines;
  return Buffer.from(`${rendered.join("\n")}\n# EOF\n`);
}

function withCreated(line: string): readonly string[] {
  const [, name, rest, value] = /^(\w+)_total(\{.*\}) (\S+)$/.exec(line) ?? [];
  if (name === undefined) return [line];
  return [
    `${name}_total${rest} ${value} # {trace_id="0123456789abcdef0123456789abcdef"} 1 1700000000.5`,
    `${name}_created${rest} 1600000000.5`,
  ];
}

function protobufOf(text: Buffer, rich: unknown = false): Buffer {
  const families = inspectBody(text).families.map(({ name, type, help = "", samples }): WrittenFamily => {
    const metrics = samples.map(({ labels, value }): WrittenMetric => {
      if (type !== "counter") return { labels, gauge: value };
      if (rich !== true) return { labels, counter: { value } };
      const exemplar = {
        labels: { trace_id: "0123456789abcdef0123456789abcdef" },
        value: 1,
        timestamp: { seconds: 1_700_000_000 },
      };
      return { labels, counter: { value, start: { seconds: 1_600_000_000 }, exemplar } };
    });
    return { name, help, type: type === "counter" ? "counter" : "gauge", metrics };
  });
  return writeBody(...families);
}

/** Three scrapes of histograms with ten buckets, four for each VMI. */
function histogramsOf(vmis: number): readonly Buffer[] {
  return [1, 2, 3].map((scrape) =>
    writeBody({
      name: "request_duration_seconds",
      type: "histogram",
      metrics: Array.from({ length: vmis * 4 }, (_, i) => ({
        labels: { namespace: "tenant", name: `vm-${i >> 2}`, verb: `verb-${i & 3}` },
        histogram: {
          count: 1000 * scrape,
          sum: 12.5 * scrape,
          buckets: Array.from({ length: 10 }, (__, k) => ({
            count: 100 * k * scrape,
            bound: 0.001 * 4 ** k,
          })),
        },
      })),
    }),
  );
}

/** One line for people. */
export function formatFormatResult(
  { format, samples, bytes, first, steady }: FormatResult,
  yardstick: number,
): string {
  const rate = (microseconds: number) => `${(1 / microseconds).toFixed(2)} Msamples/cpu-s`;
  return `${format}: ${samples} samples, ${(bytes / samples).toFixed(0)} B each; steady ${rate(steady)} (split+regex ${(yardstick / steady).toFixed(1)}x), first ${rate(first)} (${(yardstick / first).toFixed(1)}x)`;
}

if (import.meta.main) {
  const results = await benchFormats({ vmis: Number(process.argv[2] ?? 300), rounds: 5 });
  const yardstick = results.at(-1)!.steady;
  for (const result of results) console.log(formatFormatResult(result, yardstick));
}
