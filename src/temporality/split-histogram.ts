import type { Pass } from "./pass.ts";
import type { SplitPlan } from "./stream-plans.ts";

/**
 * Whether any single bucket, the last one up to infinity included, counts less than before.
 * @param continues whether a point of that time can be counted from a total of the last one
 */
export function splitFell(
  { column, table }: Pass,
  { slots, ids, buckets }: SplitPlan,
  continues: (lastNs: bigint, timeNs: bigint) => boolean,
): boolean {
  const { totals, times } = table;
  const { values } = column;
  const timeNs = column.timeAt(slots[buckets] as number);
  let below = -1;
  for (let i = 0; i <= buckets; i++) {
    const id = ids[i] as number;
    const total = values[slots[i] as number] as number;
    if (!Number.isFinite(total) || !continues(times[id] as bigint, timeNs)) continue;
    let rise = total - (totals[id] as number);
    // Totals of different times do not make the count of a single bucket.
    if (below >= 0 && times[ids[below] as number] === times[id]) {
      rise -= (values[slots[below] as number] as number) - (totals[ids[below] as number] as number);
    }
    if (rise < 0) return true;
    below = i;
  }
  return false;
}
