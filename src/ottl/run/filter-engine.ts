import { Batch, ColumnBuffers, LayoutKeeper } from "../../metrics/index.ts";
import type { Condition, ConditionGroup } from "../compile/compile-group.ts";
import { type ContextName, depthOf } from "../context/context-name.ts";
import { type Frame, newFrame, type ResourceDraft } from "../context/draft.ts";
import { parseCondition } from "../syntax/parse.ts";
import { draftObjects, objectsOf } from "./draft-objects.ts";
import { PointDropper } from "./drop-points.ts";
import { anyHolds, type OnError } from "./execute.ts";
import { LayoutStep } from "./layout-step.ts";
import { readsOnlyPlainFields } from "./reads.ts";

export interface FilterGroup {
  readonly group: ConditionGroup;
  readonly onError: OnError;
}

export interface FilterOptions {
  /** Items for which any condition holds are dropped; groups run from the outer contexts to the inner ones. */
  readonly groups: readonly FilterGroup[];
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

interface FilterStep {
  readonly context: ContextName;
  readonly conditions: readonly Condition[];
  readonly onError: OnError;
  readonly layout?: LayoutStep;
  readonly needsAllPresent?: boolean;
  readonly points?: PointDropper;
}

/**
 * Drops items for which a condition holds, and what is empty then. Conditions on names and attributes run once for each
 * layout, those on values of points mask slots of the column.
 */
export class FilterEngine {
  readonly #steps: readonly FilterStep[];
  readonly #frame: Frame;
  readonly #buffers = new ColumnBuffers();
  readonly #keeper = new LayoutKeeper();

  constructor({ groups, now }: FilterOptions) {
    const frame = newFrame(() => BigInt(Math.round(now() * 1000)) * 1000n, Math.random);
    this.#frame = frame;
    this.#steps = groups
      .toSorted((a, b) => depthOf(a.group.context) - depthOf(b.group.context))
      .flatMap(({ group, onError }) => planFilter(group, onError, frame));
  }

  /** Undefined when nothing is left. */
  run(batch: Batch): Batch | undefined {
    let current: Batch | undefined = batch;
    for (const [i, step] of this.#steps.entries()) {
      const isReady: boolean = current.isColumnar && canUseColumns(step, current);
      if (!isReady) return this.#objects(current, this.#steps.slice(i));
      current =
        step.points === undefined
          ? (step.layout as LayoutStep).apply(current, this.#buffers)
          : step.points.apply(current, step.onError);
      if (current === undefined || current.layout.resources.length === 0) return undefined;
    }
    return current;
  }

  #objects(batch: Batch, steps: readonly FilterStep[]): Batch | undefined {
    const drafts = draftObjects(batch.resourceMetrics);
    for (const { context, conditions, onError } of steps)
      dropItems(context, conditions, drafts, this.#frame, onError);
    const objects = objectsOf(drafts);
    if (objects.length === 0) return undefined;
    const result = Batch.from(objects);
    return batch.isColumnar ? this.#keeper.keep(result) : result;
  }
}

function canUseColumns({ layout, points, needsAllPresent }: FilterStep, batch: Batch): boolean {
  if (points !== undefined) return true;
  return layout !== undefined && !(needsAllPresent === true && batch.column.presence.states !== undefined);
}

/** Conditions are alternatives, so those on names can run apart from those on values. */
function planFilter({ context, conditions }: ConditionGroup, onError: OnError, frame: Frame): FilterStep[] {
  const byName = conditions.filter(({ effects }) => effects.isLayoutOnly);
  const byValue = conditions.filter(({ effects }) => !effects.isLayoutOnly);
  const steps: FilterStep[] = [];
  if (byName.length > 0) {
    steps.push({
      context,
      conditions: byName,
      onError,
      layout: new LayoutStep((drafts) => dropItems(context, byName, drafts, frame, onError)),
      needsAllPresent: byName.some(({ effects }) => effects.spansPoints),
    });
  }
  if (byValue.length > 0) {
    const isPlain = byValue.every(({ text }) => readsOnlyPlainFields(parseCondition(text)));
    const points = context === "datapoint" && isPlain ? new PointDropper(byValue, frame) : undefined;
    steps.push({ context, conditions: byValue, onError, ...(points !== undefined && { points }) });
  }
  return steps;
}

/** Takes the items for which a condition holds out of the drafts. */
function dropItems(
  context: ContextName,
  conditions: readonly Condition[],
  drafts: ResourceDraft[],
  frame: Frame,
  onError: OnError,
): void {
  const holds = () => {
    frame.cache = {};
    return anyHolds(conditions, frame, onError);
  };
  const depth = depthOf(context);
  const keptResources = drafts.filter((resource) => {
    frame.resource = resource;
    if (depth === 0) return !holds();
    resource.scopes = resource.scopes.filter((scope) => {
      frame.scope = scope;
      if (depth === 1) return !holds();
      scope.metrics = scope.metrics.filter((metric) => {
        frame.metric = metric;
        if (depth === 2) return !holds();
        metric.points = metric.points.filter((point) => {
          frame.point = point;
          return !holds();
        });
        return metric.points.length > 0;
      });
      return scope.metrics.length > 0;
    });
    return resource.scopes.length > 0;
  });
  drafts.splice(0, drafts.length, ...keptResources);
}
