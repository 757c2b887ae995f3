export { Batch } from "./batch.ts";
export {
  ABSENT,
  Column,
  type ColumnInit,
  NO_START,
  NO_START_WORD,
  type PointExtras,
  PRESENT,
  Presence,
  STALE,
} from "./column.ts";
export { ColumnBuffers, withLength } from "./column-buffers.ts";
export { addCounts, subtractCounts } from "./counts.ts";
export { addExponential, mergeExponential, subtractExponential } from "./exponential-histogram.ts";
export { freezeObjects } from "./freeze.ts";
export {
  type ExponentialHistogramMetricLayout,
  type HistogramMetricLayout,
  type HistogramSlots,
  type Layout,
  type MetricLayout,
  memoise,
  metricsOf,
  type NumberMetricLayout,
  pointSlot,
  type ResourceLayout,
  type ScopeLayout,
  type SummaryMetricLayout,
  type SummarySlots,
} from "./layout.ts";
export { LayoutKeeper } from "./layout-keeper.ts";
export { toSdk } from "./sdk.ts";
export { hrTimeToNs, msToNs, nsToHrTime, wordsOf } from "./time.ts";
export * from "./types.ts";
