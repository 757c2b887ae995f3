import type { ExpositionLimits } from "../../exposition/index.ts";
import { defaultProtocols, nativeHistogramProtocols, type ScrapeProtocol } from "../../scrape/index.ts";
import type { GlobalConfig, JobConfig } from "./config.ts";

const DEFAULT_TIMEOUT_MS = 10_000;

/** A job with what it takes from `global`. */
export interface JobSettings {
  readonly config: JobConfig;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly bodyLimitBytes: number;
  readonly targetLimit: number;
  readonly limits: ExpositionLimits;
  readonly extraReport: boolean;
  /** Whether names beyond Prometheus' old character set are refused. */
  readonly legacyNames: boolean;
  readonly escaping: "allow-utf-8" | "underscores" | "dots" | "values";
  /** The most wanted first. */
  readonly protocols: readonly ScrapeProtocol[];
  readonly nativeHistograms: boolean;
  readonly classicHistogramsToo: boolean;
  readonly externalLabels: Readonly<Record<string, string>>;
}

export function jobSettings(config: JobConfig, global: GlobalConfig): JobSettings {
  const intervalMs = config.scrape_interval ?? global.scrape_interval;
  const legacyNames =
    (config.metric_name_validation_scheme ?? global.metric_name_validation_scheme) === "legacy";
  // A job that chooses its own validation does not take the escaping of global with it.
  const inherited =
    config.metric_name_validation_scheme === undefined ? global.metric_name_escaping_scheme : undefined;
  const nativeHistograms = config.scrape_native_histograms ?? global.scrape_native_histograms ?? false;
  return {
    config,
    intervalMs,
    timeoutMs: config.scrape_timeout ?? Math.min(global.scrape_timeout ?? DEFAULT_TIMEOUT_MS, intervalMs),
    bodyLimitBytes: config.body_size_limit || global.body_size_limit,
    targetLimit: config.target_limit || global.target_limit,
    limits: {
      sampleLimit: config.sample_limit || global.sample_limit,
      labelLimit: config.label_limit || global.label_limit,
      labelNameLengthLimit: config.label_name_length_limit || global.label_name_length_limit,
      labelValueLengthLimit: config.label_value_length_limit || global.label_value_length_limit,
    },
    extraReport: config.extra_scrape_metrics ?? global.extra_scrape_metrics ?? false,
    legacyNames,
    escaping:
      config.metric_name_escaping_scheme ?? inherited ?? (legacyNames ? "underscores" : "allow-utf-8"),
    protocols:
      config.scrape_protocols ??
      global.scrape_protocols ??
      (nativeHistograms ? nativeHistogramProtocols : defaultProtocols),
    nativeHistograms,
    classicHistogramsToo:
      config.always_scrape_classic_histograms ?? global.always_scrape_classic_histograms ?? false,
    externalLabels: global.external_labels,
  };
}
