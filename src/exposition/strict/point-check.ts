import type { FamilyType } from "../types.ts";
import type { OpenMetricsRule } from "./violation.ts";

/** One sample, as far as its point is concerned. */
export interface CheckedSample {
  /** Of its name, behind that of the family. */
  readonly suffix: string;
  readonly value: number;
  /** `le` or `quantile` as a number. */
  readonly at: number | undefined;
  /** Where it starts. */
  readonly offset: number;
}

export type Report = (rule: OpenMetricsRule, offset: number, message: string) => void;

/** Checks the samples of one metric point against each other, once all of them are there. */
export function checkPoint(type: FamilyType, samples: readonly CheckedSample[], report: Report): void {
  const [first] = samples;
  if (first === undefined) return;
  if (type === "counter" && !samples.some(({ suffix }) => suffix === "_total")) {
    report("counter-total", first.offset, "the counter has no _total");
  }
  if (type === "histogram" || type === "gaugehistogram") checkHistogram(type, samples, first.offset, report);
}

function checkHistogram(
  type: "histogram" | "gaugehistogram",
  samples: readonly CheckedSample[],
  offset: number,
  report: Report,
): void {
  const [countSuffix, sumSuffix] = type === "histogram" ? ["_count", "_sum"] : ["_gcount", "_gsum"];
  const buckets = samples.filter(({ suffix, at }) => suffix === "_bucket" && at !== undefined);
  const count = samples.find(({ suffix }) => suffix === countSuffix);
  const sum = samples.find(({ suffix }) => suffix === sumSuffix);
  for (const [i, bucket] of buckets.entries()) {
    const before = buckets[i - 1];
    if (before === undefined) continue;
    if (!(bucket.at! > before.at!)) {
      report("bucket-order", bucket.offset, `bucket le=${bucket.at} comes after le=${before.at}`);
    } else if (bucket.value < before.value) {
      report(
        "bucket-cumulative",
        bucket.offset,
        `bucket le=${bucket.at} has ${bucket.value}, less than the ${before.value} of le=${before.at}`,
      );
    }
  }
  const infinite = buckets.find(({ at }) => at === Infinity);
  if (infinite === undefined) report("bucket-infinite", offset, "the histogram has no +Inf bucket");
  if ((count === undefined) !== (sum === undefined)) {
    const [there, lacking] = count === undefined ? [sumSuffix, countSuffix] : [countSuffix, sumSuffix];
    report("count-and-sum", offset, `the histogram has a ${there} but no ${lacking}`);
  }
  if (count !== undefined && infinite !== undefined && count.value !== infinite.value) {
    const message = `the count is ${count.value}, the +Inf bucket has ${infinite.value}`;
    report("count-infinite", count.offset, message);
  }
  if (sum === undefined) return;
  const negative = buckets.some(({ at }) => at! < 0);
  if (type === "histogram" && negative) {
    report("bucket-negative-sum", sum.offset, "the histogram has negative bounds and a sum");
  }
  if (type === "gaugehistogram" && !negative && sum.value < 0) {
    report("bucket-negative-sum", sum.offset, "the sum is negative, but no bound is");
  }
}
