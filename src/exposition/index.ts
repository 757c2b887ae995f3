export { type BodyPosition, ExpositionError, ExpositionLimitError } from "./exposition-error.ts";
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
