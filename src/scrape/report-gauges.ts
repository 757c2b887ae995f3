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
  /** Decoded; -1 when the body was too large, 0 when there was none. */
  readonly bodyBytes: number;
}

export interface ReportOptions {
  /** Prometheus' `extra_scrape_metrics`. */
  readonly extra: boolean;
  readonly timeoutSeconds: number;
  /** 0 = none. */
  readonly sampleLimit: number;
}

type GaugeText = readonly [name: string, description: string, unit: string];

const standard: readonly GaugeText[] = [
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

const additional: readonly GaugeText[] = [
  ["scrape_timeout_seconds", "The configured timeout of the scrape", "s"],
  ["scrape_sample_limit", "The configured sample limit of the target, 0 for none", ""],
  [
    "scrape_body_size_bytes",
    "The uncompressed size of the scrape response, -1 where it exceeded the limit, 0 where the scrape failed",
    "By",
  ],
];

/** The report's gauges, with the Collector's texts and units. */
export function reportGauges(attributes: Attributes, { extra }: ReportOptions): readonly OwnGauge[] {
  return [...standard, ...(extra ? additional : [])].map(([name, description, unit]) => ({
    name,
    description,
    unit,
    attributes,
  }));
}

/** The values of {@link reportGauges}, in its order. */
export function reportValues(report: ScrapeReport, options: ReportOptions): readonly number[] {
  const values = [
    report.up ? 1 : 0,
    report.durationSeconds,
    report.samplesScraped,
    report.samplesPostRelabeling,
    report.seriesAdded,
  ];
  return options.extra ? [...values, options.timeoutSeconds, options.sampleLimit, report.bodyBytes] : values;
}
