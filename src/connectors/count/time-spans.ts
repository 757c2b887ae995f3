import { ABSENT, type Batch, metricsOf, pointSlot } from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";

/** Nanoseconds since the Unix epoch. */
export interface TimeSpan {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/**
 * From the earliest to the latest time of the points of a resource, given by its text; from `nowNs` to `nowNs` where they
 * have none.
 */
export function timeSpans(batch: Batch, nowNs: bigint): (resourceKey: string) => TimeSpan {
  const { layout, column } = batch;
  const shared = column.timeNs === 0n ? nowNs : column.timeNs;
  const common = { startNs: shared, endNs: shared };
  if (column.times === undefined) return () => common;
  const spans = new Map<string, TimeSpan>();
  for (const { resource, metric } of metricsOf(layout)) {
    const key = seriesKey(resource.attributes);
    const known = spans.get(key);
    let [start, end] = [known?.startNs, known?.endNs];
    for (let i = 0; i < metric.attributes.length; i++) {
      const slot = pointSlot(metric, i);
      if (column.presence.at(slot) === ABSENT) continue;
      const time = column.timeAt(slot);
      if (time === 0n) continue;
      if (start === undefined || time < start) start = time;
      if (end === undefined || time > end) end = time;
    }
    if (start !== undefined && end !== undefined) spans.set(key, { startNs: start, endNs: end });
  }
  return (key) => spans.get(key) ?? { startNs: nowNs, endNs: nowNs };
}
