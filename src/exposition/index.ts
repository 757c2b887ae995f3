export { detectFormat } from "./detect-format.ts";
export {
  type BodyPosition,
  type ByteOffset,
  ExpositionError,
  ExpositionLimitError,
} from "./exposition-error.ts";
export { inspectBody } from "./inspect-body.ts";
export { checkLabelLimits, checkMetricName } from "./label-limits.ts";
export { formatOfMediaType, mediaTypes } from "./media-type.ts";
export { SeriesTable } from "./series-table.ts";
export { checkOpenMetrics } from "./strict/check-open-metrics.ts";
export { type OpenMetricsRule, rules as openMetricsRules, type Violation } from "./strict/violation.ts";
export type {
  Admission,
  Exemplar,
  ExpositionFormat,
  ExpositionLimits,
  FamilyMetadata,
  FamilyType,
  HistogramOptions,
  InspectedBody,
  InspectedFamily,
  InspectedSample,
  InterruptedBody,
  Labels,
  NativeBuckets,
  NativeHistogram,
  ParseResult,
  SeriesEntry,
  SeriesTableContract,
} from "./types.ts";
