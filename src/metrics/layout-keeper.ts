import { isDeepStrictEqual } from "node:util";
import { Batch } from "./batch.ts";
import type { HistogramSlots, Layout, MetricLayout, SummarySlots } from "./layout.ts";

/**
 * Puts batches that were made as plain objects under the layout of the batch before, where they have the same series:
 * what comes next keeps what it has prepared for that layout.
 */
export class LayoutKeeper {
  #last: Layout | undefined;

  keep(batch: Batch): Batch {
    const { layout, column } = batch;
    if (this.#last !== undefined && isSameLayout(this.#last, layout)) {
      return Batch.fromColumns(this.#last, column);
    }
    this.#last = layout;
    return batch;
  }
}

function isSameLayout(a: Layout, b: Layout): boolean {
  return (
    a.width === b.width &&
    isSameList(
      a.resources,
      b.resources,
      (left, right) =>
        isEqual(left.resource, right.resource) &&
        isSameList(
          left.scopes,
          right.scopes,
          (one, other) =>
            isEqual(one.scope, other.scope) && isSameList(one.metrics, other.metrics, isSameMetric),
        ),
    )
  );
}

function isSameMetric(a: MetricLayout, b: MetricLayout): boolean {
  if (a === b) return true;
  return (
    a.dataPointType === b.dataPointType &&
    a.aggregationTemporality === b.aggregationTemporality &&
    a.isMonotonic === b.isMonotonic &&
    isEqual(a.descriptor, b.descriptor) &&
    isEqual(a.metadata, b.metadata) &&
    isSameList(a.attributes, b.attributes, isEqual) &&
    ("slots" in a
      ? "slots" in b && isSameList(a.slots, b.slots, Object.is)
      : "series" in b && isSameList<HistogramSlots | SummarySlots>(a.series, b.series, isSameSeries))
  );
}

function isSameSeries(a: HistogramSlots | SummarySlots, b: HistogramSlots | SummarySlots): boolean {
  if (a.count !== b.count || a.sum !== b.sum) return false;
  if ("buckets" in a) {
    return (
      "buckets" in b &&
      isSameList(a.bounds, b.bounds, Object.is) &&
      isSameList(a.buckets, b.buckets, Object.is)
    );
  }
  return (
    "values" in b &&
    isSameList(a.quantiles, b.quantiles, Object.is) &&
    isSameList(a.values, b.values, Object.is)
  );
}

function isSameList<Item>(
  a: ArrayLike<Item>,
  b: ArrayLike<Item>,
  isSame: (left: Item, right: Item) => boolean,
): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSame(a[i] as Item, b[i] as Item)) return false;
  return true;
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || isDeepStrictEqual(a, b);
}
