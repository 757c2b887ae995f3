import type { Attributes } from "../metrics/index.ts";
import type { OwnGauge } from "./layout-builder.ts";

/** What Prometheus reports on every scrape, failed ones included. */
export interface ScrapeReport {
  readonly up: boolean;
  readonly durationSeconds: number;
  /** Sample lines read; those before the error when the body was refused. */
  readonly samplesScraped: number;
  readonly samplesPostRelabeling: number;
  /** Series that the scrape before did not have. */
  readonly seriesAdded: number;
}

/** The report's gauges, with the Collector's texts and units. */
export function reportGauges(attributes: Attributes): readonly OwnGauge[] {
  const gauges: readonly (readonly [name: string, description: string, unit: string])[] = [
    ["up", "The scraping was successful", ""],
    ["scrape_duration_seconds", "Duration of the scrape", "s"],
    ["scrape_samples_scraped", "The number of samples the target exposed", ""],
    [
      "scrape_samples_post_metric_relabeling",
      "The number of samples remaining after metric relabeling was applied",
      "",
    ],
    ["scrape_series_added", "The approximate number of new series in this scrape", ""],
  ];
  return gauges.map(([name, description, unit]) => ({ name, description, unit, attributes }));
}

/** The values of {@link reportGauges}, in its order. */
export function reportValues(report: ScrapeReport): readonly number[] {
  return [
    report.up ? 1 : 0,
    report.durationSeconds,
    report.samplesScraped,
    report.samplesPostRelabeling,
    report.seriesAdded,
  ];
}
