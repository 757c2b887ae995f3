export { FailureLog, type FailureTexts } from "./failure-log.ts";
export type { MappedSeries, SeriesMapping } from "./mapped-table.ts";
export { failureFields, failureReason, ScrapeRefusal, usualFailures } from "./scrape-failure.ts";
export { type PoolTarget, ScrapePool, type ScrapePoolOptions, type TargetHooks } from "./scrape-pool.ts";
export {
  defaultProtocols,
  nativeHistogramProtocols,
  type ScrapeFormats,
  type ScrapeProtocol,
} from "./scrape-request.ts";
export { firstDelay, ScrapeSchedule, type ScrapeScheduleOptions } from "./scrape-schedule.ts";
export { type BodySource, type Probe, ScrapeTarget, type ScrapeTargetOptions } from "./scrape-target.ts";
export { createScrapeTelemetry, type DropReason, type ScrapeTelemetry } from "./telemetry.ts";
