import { Batch, type Column, type Layout, type MetricLayout } from "../../metrics/index.ts";

/**
 * Why a metric of the source has no place in the mapped layout:
 * - `undocumented`: nothing documented is made of it, and `metrics: documented` leaves out the rest;
 * - `wrong_type`: `extra_metrics` gives it a type that it is not of;
 * - `excluded`: by `exclude_metrics` or `exclude_metrics_by_labels`.
 */
export type LeftOutReason = "undocumented" | "wrong_type" | "excluded";

/** What a layout does not pass on, by reason: each a layout over the same slots, of which only the points are counted. */
export type LeftOut = ReadonlyMap<LeftOutReason, Layout>;

export function leftOutLayout(metrics: readonly MetricLayout[], width: number): Layout {
  return { width, resources: [{ resource: { attributes: {} }, scopes: [{ scope: { name: "" }, metrics }] }] };
}

/** The points of a column that are left out. Counted once for each presence: see `Batch.pointCount`. */
export function* countLeftOut(leftOut: LeftOut, column: Column): Iterable<readonly [LeftOutReason, number]> {
  for (const [reason, layout] of leftOut) yield [reason, Batch.fromColumns(layout, column).pointCount];
}
