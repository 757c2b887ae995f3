/** Prometheus' character sets of before UTF-8 names. */
const legacyLabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const legacyMetricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

export function isLegacyLabelName(name: string): boolean {
  return legacyLabelName.test(name);
}

export function isLegacyMetricName(name: string): boolean {
  return legacyMetricName.test(name);
}

/** Labels that mean something to the scraper and are not part of a series. */
export const Label = {
  NAME: "__name__",
  JOB: "job",
  INSTANCE: "instance",
  ADDRESS: "__address__",
  SCHEME: "__scheme__",
  METRICS_PATH: "__metrics_path__",
  INTERVAL: "__scrape_interval__",
  TIMEOUT: "__scrape_timeout__",
  NATIVE_HISTOGRAMS: "__scrape_native_histograms__",
  CLASSIC_HISTOGRAMS: "__always_scrape_classic_histograms__",
} as const;

export const PARAM_PREFIX = "__param_";
export const META_PREFIX = "__meta_";
/** Labels with such a name do not get into series. */
export const RESERVED_PREFIX = "__";
