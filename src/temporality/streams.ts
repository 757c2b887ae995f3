import type { HistogramSlots } from "../metrics/index.ts";

/**
 * Which slots of a layout hold running totals, and which stream each belongs to. A stream keeps its total across
 * layouts: it is known by (metric, series), both of which are texts of the caller's making. Several slots may name the
 * same stream when at most one of them is present at a time: a total that moves from one series to another.
 */
export interface CumulativeStreams {
  /** Width of the layout. */
  readonly width: number;
  readonly numbers: readonly NumberStreams[];
  readonly histograms: readonly HistogramStreams[];
  /**
   * True when all other points of the layout are gauges, whose start time means nothing: the deltas' common start can
   * then be the column's.
   */
  readonly restIsGauges: boolean;
}

/** Sums of one metric. */
export interface NumberStreams {
  /** The metric and where it comes from. */
  readonly metric: string;
  /** Identity of each series within the metric: see `seriesKey`. */
  readonly series: readonly string[];
  readonly slots: Uint32Array;
}

/** Histograms of one metric. */
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
