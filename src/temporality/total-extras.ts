import type { PointExtras } from "../metrics/index.ts";
import type { Pass } from "./pass.ts";

/** What holds for a total but not for a difference goes: exact counts, the smallest and the largest value ever seen. */
export function dropTotals(pass: Pass, extras: ReadonlyMap<number, PointExtras>): void {
  for (const [slot, extra] of extras) if (pass.plan.mask[slot] === 1) pass.setExtras(slot, bare(extra));
}

export function bare(extras: PointExtras): PointExtras {
  const { integer: _, min: __, max: ___, exactCounts: ____, exponential: _____, ...kept } = extras;
  return kept;
}
