import type { HistogramSlots } from "../metrics/index.ts";

/**
 * Which slots of a layout belong to which stream. A stream is kept across layouts: it is known by (metric, series),
 * both of which are texts of the caller's making. Several slots may name the same stream when at most one of them is
 * present at a time (a total that moves from one series to another) or when their points have times of their own.
 */
export interface LayoutStreams {
  /** Width of the layout. */
  readonly width: number;
  readonly numbers: readonly NumberStreams[];
  readonly histograms: readonly HistogramStreams[];
  /** Exponential histograms: the slots of their counts. */
  readonly exponentials: readonly NumberStreams[];
}

/** Points of one metric. */
export interface NumberStreams {
  /** The metric and where it comes from. */
  readonly metric: string;
  /** Identity of each series within the metric: see `seriesKey`. */
  readonly series: readonly string[];
  readonly slots: Uint32Array;
}

/** Histograms of one metric; a summary is one without buckets. */
export interface HistogramStreams {
  readonly metric: string;
  readonly series: readonly string[];
  readonly histograms: readonly HistogramSlots[];
  /**
   * True: one point a histogram, which is there with count and all buckets or not at all. False: count, sum and each
   * bucket are points of their own.
   */
  readonly whole: boolean;
}

/** The metrics that have streams in the layout: two layouts that have none in common have no stream in common. */
export function metricsOfStreams({ numbers, histograms, exponentials }: LayoutStreams): ReadonlySet<string> {
  return new Set([...numbers, ...histograms, ...exponentials].map(({ metric }) => metric));
}
