import { type Layout, type NumberMetricLayout, ValueType } from "../../metrics/index.ts";
import type {
  Frame,
  MetricDraft,
  PointData,
  PointDraft,
  ResourceDraft,
  ScopeDraft,
} from "../context/draft.ts";
import { draftLayout, isNumberMetric } from "./draft-layout.ts";

/** Points of one metric that something is to be done to. */
export interface SelectedPoints {
  readonly resource: ResourceDraft;
  readonly scope: ScopeDraft;
  readonly metric: MetricDraft;
  readonly layout: NumberMetricLayout;
  readonly indices: readonly number[];
}

export interface Selection {
  /** Points of gauges and sums with floating-point numbers. */
  readonly points: readonly SelectedPoints[];
  /** Whether other points were chosen too, whose values are not simply a float in a slot. */
  readonly hasOthers: boolean;
}

/**
 * The points of a layout that a test by names and attributes chooses.
 * @param ignoresComposites whether histograms and the like need not be looked at
 */
export function select(
  layout: Layout,
  frame: Frame,
  test: (frame: Frame) => boolean,
  ignoresComposites: boolean,
): Selection {
  const points: SelectedPoints[] = [];
  let hasOthers = false;
  for (const [r, resource] of draftLayout(layout).entries()) {
    frame.resource = resource;
    for (const [s, scope] of resource.scopes.entries()) {
      frame.scope = scope;
      for (const [m, metric] of scope.metrics.entries()) {
        const original = layout.resources[r]?.scopes[s]?.metrics[m];
        if (original === undefined) continue;
        const isNumber = isNumberMetric(original);
        if (!isNumber && ignoresComposites) continue;
        frame.metric = metric;
        const indices = metric.points.flatMap((point, i) => {
          frame.point = point;
          return test(frame) ? [i] : [];
        });
        if (indices.length === 0) continue;
        if (isNumber && original.descriptor.valueType === ValueType.DOUBLE) {
          points.push({ resource, scope, metric, layout: original, indices });
        } else hasOthers = true;
      }
    }
  }
  return { points, hasOthers };
}

/** A point of a column: the same object for one after the other. */
export class PointCursor implements PointDraft {
  attributes: PointDraft["attributes"] = {};
  readonly origin = undefined;
  readonly data: PointData & { value: number } = { startTime: [0, 0], endTime: [0, 0], value: 0 };
}
