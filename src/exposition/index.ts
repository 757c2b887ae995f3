export { type BodyPosition, ExpositionError, ExpositionLimitError } from "./exposition-error.ts";
export { inspectText } from "./inspect-text.ts";
export { SeriesTable } from "./series-table.ts";
export type {
  ExpositionLimits,
  FamilyMetadata,
  FamilyType,
  InspectedBody,
  InspectedFamily,
  InspectedSample,
  Labels,
  ParseResult,
  SeriesEntry,
  SeriesTableContract,
} from "./types.ts";
