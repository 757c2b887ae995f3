import type { FamilyType } from "../types.ts";

/** Suffixes of the samples of each type. */
const suffixes: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ["_total", "_created"],
  summary: ["", "_count", "_sum", "_created"],
  histogram: ["_bucket", "_count", "_sum", "_created"],
  gaugehistogram: ["_bucket", "_gcount", "_gsum"],
  info: ["_info"],
  gauge: [""],
  stateset: [""],
  unknown: [""],
};

/** The names that samples of a family may have. */
export function sampleNames(family: string, type: FamilyType): readonly string[] {
  return suffixes[type].map((suffix) => family + suffix);
}

/** The names that a family takes: those of its samples, and its own. */
export function takenNames(family: string, type: FamilyType): readonly string[] {
  return [...new Set([family, ...sampleNames(family, type)])];
}
