import type { Attributes } from "../../metrics/index.ts";
import type { Condition } from "../compile/compile-group.ts";
import type { Frame } from "../context/draft.ts";
import { Effects } from "../context/effects.ts";

/** An item as a condition that is written in TypeScript sees it. */
export interface ItemView {
  readonly resourceAttributes: Attributes;
  /** In the metric context. */
  readonly metricName: string;
  /** In the metric context: whether one of the conditions holds for any point, by its names and attributes. */
  readonly anyPoint: (conditions: readonly Condition[]) => boolean;
}

/**
 * A condition that is no OTTL but runs among others.
 * @param reads the innermost that it looks at: `points` for the attributes of the metric's points
 */
export function handwrittenCondition(
  text: string,
  reads: "resource" | "metric" | "points",
  holds: (view: ItemView) => boolean,
): Condition {
  const effects = new Effects();
  effects.reads.add(reads === "points" ? "datapoint" : reads);
  effects.spansPoints = reads === "points";
  return { text, effects, test: (frame) => holds(viewOf(frame)) };
}

function viewOf(frame: Frame): ItemView {
  return {
    get resourceAttributes() {
      return frame.resource.resource.attributes;
    },
    get metricName() {
      return frame.metric.descriptor.name;
    },
    anyPoint: (conditions) =>
      frame.metric.points.some((point) => {
        frame.point = point;
        return conditions.some(({ test }) => test(frame));
      }),
  };
}
