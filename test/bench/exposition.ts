import { createRequire } from "node:module";
import { SeriesTable } from "../../src/exposition/index.ts";
import { BodySource } from "./body.ts";
import { parseWithSplitAndRegex } from "./split-regex-parser.ts";

const parsePrometheusTextFormat: (text: string) => unknown = createRequire(import.meta.url)(
  "parse-prometheus-text-format",
);

/** CPU microseconds (user and system, all threads) a sample, medians; memory is not measured here. */
export interface ExpositionResult {
  readonly vmis: number;
  readonly samples: number;
  readonly bytes: number;
  readonly first: number;
  readonly steady: number;
  readonly splitRegex: number;
  /** Absent where it would take too long. */
  readonly npmParser?: number;
}

export interface ExpositionBenchSettings {
  readonly vmis: number;
  /** Rounds in which every parser is measured once (steady: several times). */
  readonly rounds: number;
  readonly withNpmParser: boolean;
}

/** Measures all parsers on the same bodies, interleaved in one process, so that their ratios can be trusted. */
export function benchExposition({ vmis, rounds, withNpmParser }: ExpositionBenchSettings): ExpositionResult {
  const source = new BodySource(vmis);
  const bodies = [source.next(), source.next(), source.next()];
  const { samples } = source;
  const table = new SeriesTable();
  let values = new Float64Array(0);
  const steadyRound = () => {
    for (const body of bodies)
      values = table.parse(body, body.length, values).values as Float64Array<ArrayBuffer>;
  };
  // Until the table knows the series and the compiler the loop.
  for (let i = 0; i < 20; i++) steadyRound();

  const first: number[] = [];
  const steady: number[] = [];
  const splitRegex: number[] = [];
  const npmParser: number[] = [];
  const repeats = Math.max(1, Math.round(60_000 / samples));
  for (let round = 0; round < rounds; round++) {
    const body = bodies[round % bodies.length]!;
    steady.push(cpuOf(steadyRound, 5 * repeats) / bodies.length);
    first.push(cpuOf(() => new SeriesTable().parse(body, body.length), repeats));
    splitRegex.push(cpuOf(() => parseWithSplitAndRegex(body.toString()), repeats));
    if (withNpmParser) npmParser.push(cpuOf(() => parsePrometheusTextFormat(body.toString()), 1));
  }
  return {
    vmis,
    samples,
    bytes: bodies[0]!.length,
    first: median(first) / samples,
    steady: median(steady) / samples,
    splitRegex: median(splitRegex) / samples,
    ...(withNpmParser && { npmParser: median(npmParser) / samples }),
  };
}

/** One line for people. */
export function formatExpositionResult(result: ExpositionResult): string {
  const { vmis, bytes, samples, first, steady, splitRegex, npmParser } = result;
  const rate = (microseconds: number) => `${(1 / microseconds).toFixed(2)} Msamples/cpu-s`;
  const times = (other: number | undefined, own: number) =>
    other === undefined ? "-" : `${(other / own).toFixed(1)}x`;
  return [
    `${vmis} VMIs, ${samples} samples, ${(bytes / samples).toFixed(0)} B a line:`,
    `steady ${rate(steady)} (split+regex ${times(splitRegex, steady)}, npm ${times(npmParser, steady)});`,
    `first ${rate(first)} (split+regex ${times(splitRegex, first)}, npm ${times(npmParser, first)});`,
    `split+regex ${rate(splitRegex)};`,
    npmParser === undefined ? "npm not run" : `npm ${rate(npmParser)}`,
  ].join(" ");
}

function cpuOf(work: () => unknown, repeats: number): number {
  globalThis.gc?.();
  const before = process.cpuUsage();
  for (let i = 0; i < repeats; i++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / repeats;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

if (import.meta.main) {
  for (const [vmis, rounds] of [
    [100, 5],
    [1_000, 3],
    [10_000, 1],
  ] as const) {
    console.log(formatExpositionResult(benchExposition({ vmis, rounds, withNpmParser: vmis < 10_000 })));
  }
}
