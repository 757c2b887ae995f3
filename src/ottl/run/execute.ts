import type { CompiledStatement, Condition, StatementGroup } from "../compile/compile-group.ts";
import { type ContextName, depthOf } from "../context/context-name.ts";
import type { Frame, MetricDraft, PointDraft, ResourceDraft, ScopeDraft } from "../context/draft.ts";

/** Takes what went wrong for one item; throws to give up on the whole batch. */
export type OnError = (text: string, error: Error) => void;

/** Sees what statements do, where somebody wants to know. */
export interface Observer {
  /** Runs the statement and notes what it did. */
  run(statement: CompiledStatement, context: ContextName, frame: Frame): void;
}

export interface Execution {
  readonly frame: Frame;
  readonly onError: OnError;
  readonly observer?: Observer | undefined;
  /** Whether the cache lives on from item to item, as for statements that stand outside of groups. */
  readonly sharesCache: boolean;
}

/** Writing to the cache replaces it. */
const EMPTY_CACHE: Frame["cache"] = Object.freeze({});

/** Runs the statements of a group for each item of its context, one item after the other. */
export function executeGroup(
  group: StatementGroup,
  drafts: readonly ResourceDraft[],
  execution: Execution,
): void {
  forEachItem(group.context, drafts, execution.frame, () => executeItem(group, execution));
}

/** Runs the statements of a group for the item that the frame is at. */
export function executeItem({ conditions, statements, context }: StatementGroup, execution: Execution): void {
  const { frame, onError, observer } = execution;
  if (!execution.sharesCache) frame.cache = EMPTY_CACHE;
  if (conditions.length > 0 && !anyHolds(conditions, frame, onError)) return;
  for (const statement of statements) {
    const { addsMetrics } = statement.runEffects;
    if (addsMetrics && frame.metric.madeBy?.has(statement) === true) continue;
    const before = addsMetrics ? frame.scope.metrics.length : 0;
    try {
      if (statement.where !== undefined && !statement.where(frame)) continue;
      if (observer === undefined) statement.run(frame);
      else observer.run(statement, context, frame);
    } catch (error) {
      onError(statement.text, error as Error);
    }
    if (addsMetrics) markAdded(frame, before, statement);
  }
}

function markAdded({ scope, metric }: Frame, before: number, statement: CompiledStatement): void {
  for (const added of scope.metrics.slice(before))
    added.madeBy = new Set([...(metric.madeBy ?? []), statement]);
}

/** Conditions are alternatives; one that fails does not hold. */
export function anyHolds(conditions: readonly Condition[], frame: Frame, onError: OnError): boolean {
  for (const { text, test } of conditions) {
    try {
      if (test(frame)) return true;
    } catch (error) {
      onError(text, error as Error);
    }
  }
  return false;
}

/** Enters every item of a context in order; items that are added meanwhile come last. */
export function forEachItem(
  context: ContextName,
  drafts: readonly ResourceDraft[],
  frame: Frame,
  visit: () => void,
): void {
  const depth = depthOf(context);
  for (const resource of drafts) {
    frame.resource = resource;
    if (depth === 0) visit();
    else forEachScope(resource, depth, frame, visit);
  }
}

function forEachScope(resource: ResourceDraft, depth: number, frame: Frame, visit: () => void): void {
  for (const scope of resource.scopes) {
    frame.scope = scope;
    if (depth === 1) visit();
    else forEachMetric(scope, depth, frame, visit);
  }
}

function forEachMetric(scope: ScopeDraft, depth: number, frame: Frame, visit: () => void): void {
  // The list may grow while it is walked.
  for (let i = 0; i < scope.metrics.length; i++) {
    const metric = scope.metrics[i] as MetricDraft;
    frame.metric = metric;
    if (depth === 2) {
      visit();
      continue;
    }
    for (const point of metric.points as readonly PointDraft[]) {
      frame.point = point;
      visit();
    }
  }
}
