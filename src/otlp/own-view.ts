import { Batch, Column, type MetricsBatch } from "../metrics/index.ts";

/**
 * The plain objects of a batch for use within this call only: other than `batch.resourceMetrics` this does not take the
 * column's arrays out of reuse.
 */
export function ownView(batch: Batch): MetricsBatch {
  if (!batch.isColumnar) return batch.resourceMetrics;
  return Batch.fromColumns(batch.layout, new Column(batch.column)).resourceMetrics;
}
