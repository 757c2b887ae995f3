import {
  AggregationTemporality,
  DataPointType,
  type Layout,
  type MetricLayout,
} from "../../metrics/index.ts";
import { mapLayout } from "../../reshape/index.ts";
import type { Config } from "./config.ts";

/** A layout taken apart; undefined: there is nothing of the kind. */
export interface SplitLayout {
  /** Metrics of which only the latest points matter. */
  readonly thinned: Layout | undefined;
  /** The others. */
  readonly passed: Layout | undefined;
}

export function splitLayout(layout: Layout, passThrough: Config["pass_through"]): SplitLayout {
  const part = (wanted: boolean): Layout | undefined => {
    const result = mapLayout(layout, {
      metric: (metric) => (isThinned(metric, passThrough) === wanted ? metric : undefined),
    });
    return result.resources.length === 0 ? undefined : result;
  };
  return { thinned: part(true), passed: part(false) };
}

/** Later points of these say all that earlier ones did: what is left out between them is not lost. */
function isThinned(metric: MetricLayout, passThrough: Config["pass_through"]): boolean {
  const isCumulative = metric.aggregationTemporality === AggregationTemporality.CUMULATIVE;
  switch (metric.dataPointType) {
    case DataPointType.GAUGE:
      return !passThrough.gauge;
    case DataPointType.SUMMARY:
      return !passThrough.summary;
    case DataPointType.SUM:
      return isCumulative && metric.isMonotonic;
    default:
      return isCumulative;
  }
}
