export { type BodyPosition, ExpositionError, ExpositionLimitError } from "./exposition-error.ts";
export { inspectText } from "./inspect-text.ts";
export { checkLabelLimits, checkMetricName } from "./label-limits.ts";
export { SeriesTable } from "./series-table.ts";
export type {
  Admission,
  ExpositionLimits,
  FamilyMetadata,
  FamilyType,
  InspectedBody,
  InspectedFamily,
  InspectedSample,
  InterruptedBody,
  Labels,
  ParseResult,
  SeriesEntry,
  SeriesTableContract,
} from "./types.ts";
