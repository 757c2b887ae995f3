export { failureReason } from "./scrape-failure.ts";
export { firstDelay, ScrapeSchedule, type ScrapeScheduleOptions } from "./scrape-schedule.ts";
export { type Probe, ScrapeTarget, type ScrapeTargetOptions } from "./scrape-target.ts";
export { createScrapeTelemetry, type ScrapeTelemetry } from "./telemetry.ts";
