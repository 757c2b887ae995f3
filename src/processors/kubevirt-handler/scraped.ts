import type { MetricLayout } from "../../metrics/index.ts";
import { isCanConnect } from "./sets/can-connect.ts";

/** What receivers say about a scrape; it is not part of it and goes on as it is. */
const REPORTS = new Set([
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
]);

export function isReport({ descriptor }: MetricLayout): boolean {
  return REPORTS.has(descriptor.name);
}

/** Whether the metric was exposed, rather than made by the receiver. */
export function isScraped(metric: MetricLayout): boolean {
  return !isReport(metric) && !isCanConnect(metric.descriptor.name);
}
