import type { Counter, Meter, MeterAttributes } from "../telemetry/index.ts";
import { usualFailures } from "./scrape-failure.ts";

/** What scraping counts about itself, shared by all targets of a receiver. */
export interface ScrapeTelemetry {
  readonly scraped: (points: number) => void;
  readonly errored: (points: number) => void;
  readonly accepted: (points: number) => void;
  readonly refused: (points: number, errorType: (typeof errorTypes)[number]) => void;
  readonly failed: (reason: string) => void;
  readonly skipped: (scrapes: number) => void;
  readonly dropped: (points: number, reason: DropReason) => void;
  /** The last scrape of a target, until it is forgotten. */
  readonly target: (target: string, scrape: TargetScrape) => void;
  readonly forgetTarget: (target: string) => void;
}

export interface TargetScrape {
  readonly durationSeconds: number;
  readonly samples: number;
  /** Series that are known, absent ones included. */
  readonly series: number;
  /** Share of samples that came where the scrape before had them, and took the fast path; 0 to 1. */
  readonly predictedShare: number;
}

/** Why single samples of a good body were left out. */
export type DropReason = (typeof dropReasons)[number];

const dropReasons = ["duplicate", "out_of_order", "future", "malformed"] as const;

const errorTypes = ["permanent", "retryable"] as const;

/** @param attributes go on every counter; they name the receiver */
export function createScrapeTelemetry(
  meter: Meter,
  attributes: { readonly receiver: string },
): ScrapeTelemetry {
  /** `all`: attribute sets that are there from the start, at 0, so that `rate()` sees the first loss. */
  const counter = (name: string, unit: string, description: string, all: readonly MeterAttributes[]) => {
    const created = meter.createCounter(name, { unit, description });
    for (const each of all) created.add(0, each);
    return adder(created);
  };
  const scraper: MeterAttributes = { ...attributes, scraper: attributes.receiver };
  const transport: MeterAttributes = { ...attributes, transport: "http" };
  const scraped = counter(
    "otelcol_scraper_scraped_metric_points",
    "{datapoint}",
    "Number of metric points successfully scraped.",
    [scraper],
  );
  const errored = counter(
    "otelcol_scraper_errored_metric_points",
    "{datapoint}",
    "Number of metric points that were unable to be scraped.",
    [scraper],
  );
  const accepted = counter(
    "otelcol_receiver_accepted_metric_points",
    "{datapoint}",
    "Number of metric points successfully pushed into the pipeline.",
    [transport],
  );
  const refused = counter(
    "otelcol_receiver_refused_metric_points",
    "{datapoint}",
    "Number of metric points that could not be pushed into the pipeline.",
    errorTypes.map((errorType) => ({ ...transport, "error.type": errorType })),
  );
  const failed = counter(
    "otelcol_scraper_failed_scrapes",
    "{scrape}",
    "Number of scrapes that failed, by reason.",
    usualFailures.map((reason) => ({ ...scraper, reason })),
  );
  const skipped = counter(
    "otelcol_scraper_skipped_scrapes",
    "{scrape}",
    "Number of scrapes left out because the one before was still under way.",
    [scraper],
  );
  const dropped = counter(
    "otelcol_scraper_dropped_metric_points",
    "{datapoint}",
    "Number of points of good scrapes that were left out, by reason.",
    dropReasons.map((reason) => ({ ...scraper, reason })),
  );
  const targets = new Map<string, TargetScrape>();
  observeTargets(meter, scraper, targets);
  return {
    scraped: (points) => scraped(points, scraper),
    errored: (points) => errored(points, scraper),
    accepted: (points) => accepted(points, transport),
    refused: (points, errorType) => refused(points, { ...transport, "error.type": errorType }),
    failed: (reason) => failed(1, { ...scraper, reason }),
    skipped: (scrapes) => skipped(scrapes, scraper),
    dropped: (points, reason) => dropped(points, { ...scraper, reason }),
    target: (target, scrape) => void targets.set(target, scrape),
    forgetTarget: (target) => void targets.delete(target),
  };
}

/** Gauges of each target that is scraped, and of no other: a target that has gone shows no last values for good. */
function observeTargets(
  meter: Meter,
  attributes: MeterAttributes,
  targets: ReadonlyMap<string, TargetScrape>,
): void {
  const gauge = (name: string, unit: string, description: string, read: (scrape: TargetScrape) => number) => {
    meter
      .createObservableGauge(`otelcol_scraper_target_${name}`, { unit, description })
      .addCallback((result) => {
        for (const [target, scrape] of targets) result.observe(read(scrape), { ...attributes, target });
      });
  };
  gauge("scrape_duration", "s", "Time that the last scrape took.", (scrape) => scrape.durationSeconds);
  gauge("samples", "{datapoint}", "Samples in the last body.", (scrape) => scrape.samples);
  gauge("series", "{series}", "Series that are remembered.", (scrape) => scrape.series);
  gauge(
    "predicted_ratio",
    "1",
    "Share of the last body's samples that took the fast path of the parser.",
    (scrape) => scrape.predictedShare,
  );
}

function adder(counter: Counter): (amount: number, attributes: MeterAttributes) => void {
  return (amount, attributes) => {
    if (amount > 0) counter.add(amount, attributes);
  };
}
