import type { Metric, MetricsBatch } from "../../../src/metrics/index.ts";

/** The job and the target of cases that scrape. */
export const JOB = "shop";

export const SCRAPED_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** How a scraped target is told from others, as `withoutScraper` leaves it. */
export const scrapedResource = {
  "service.name": JOB,
  "service.instance.id": "target",
  "url.scheme": "http",
};

/** What of a scrape depends on who scrapes and when: the target's address, the receiver's scope, times, durations. */
export function withoutScraper(batch: MetricsBatch): MetricsBatch {
  return batch.map(({ resource, scopeMetrics }) => {
    const {
      "server.address": _,
      "server.port": __,
      "service.instance.id": instance,
      ...attributes
    } = resource.attributes;
    const id =
      instance === undefined ? {} : { "service.instance.id": scrapedResource["service.instance.id"] };
    return {
      resource: { ...resource, attributes: { ...attributes, ...id } },
      scopeMetrics: scopeMetrics.map(({ metrics }) => ({
        scope: { name: "receiver" },
        metrics: metrics
          .filter(({ descriptor }) => descriptor.name !== "scrape_duration_seconds")
          .map(timeless),
      })),
    };
  });
}

function timeless(metric: Metric): Metric {
  const dataPoints = metric.dataPoints.map((point) => ({ ...point, startTime: [0, 0], endTime: [0, 0] }));
  return { ...metric, dataPoints } as unknown as Metric;
}
