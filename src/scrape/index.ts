export { FailureLog, type FailureTexts } from "./failure-log.ts";
export { failureFields, failureReason } from "./scrape-failure.ts";
export { firstDelay, ScrapeSchedule, type ScrapeScheduleOptions } from "./scrape-schedule.ts";
export { type Probe, ScrapeTarget, type ScrapeTargetOptions } from "./scrape-target.ts";
export { createScrapeTelemetry, type DropReason, type ScrapeTelemetry } from "./telemetry.ts";
