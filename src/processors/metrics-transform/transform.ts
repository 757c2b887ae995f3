import type { Attributes, MetricLayout, Resource } from "../../metrics/index.ts";
import { joinPoints } from "../../reshape/index.ts";
import type { TransformConfig } from "./config.ts";
import { labelMatcher, type NameMatch, nameMatcher } from "./name-match.ts";
import { compileOperation, keepPoints, type Operation, remembered } from "./operation.ts";
import type { ValuePlan } from "./value-plan.ts";

/** Metrics of one scope while they are transformed. */
export interface ScopeDraft {
  readonly resource: Resource;
  metrics: readonly MetricLayout[];
  /** Takes what goes to another resource. */
  readonly moveTo: (resource: Resource, metrics: readonly MetricLayout[]) => void;
  /** Takes what could not be combined: names of the metrics, and what they do not have in common. */
  readonly onMismatch: (names: readonly string[], difference: string) => void;
}

export type Transform = (draft: ScopeDraft, plan: ValuePlan) => void;

interface Matched {
  readonly metric: MetricLayout;
  readonly match: NameMatch;
}

export function compileTransform(config: TransformConfig, version: string): Transform {
  const operations = config.operations.map((operation) => compileOperation(operation, version));
  const parts: Parts = {
    config,
    operations,
    matchName: nameMatcher(config),
    matchLabels: labelMatcher(config),
  };
  switch (config.action) {
    case "update":
      return (draft, plan) => update(draft, plan, parts);
    case "insert":
      return (draft, plan) => insert(draft, plan, parts);
    case "combine":
      return combine(parts);
    case "group":
      return group(parts);
  }
}

interface Parts {
  readonly config: TransformConfig;
  readonly operations: readonly Operation[];
  readonly matchName: (name: string) => NameMatch | undefined;
  readonly matchLabels: ((attributes: Attributes) => boolean) | undefined;
}

/** A metric of which only some points have the labels keeps its name and values; the labels of these points change. */
function update(
  draft: ScopeDraft,
  plan: ValuePlan,
  { config, operations, matchName, matchLabels }: Parts,
): void {
  draft.metrics = draft.metrics.flatMap((metric) => {
    const match = matchName(metric.descriptor.name);
    if (match === undefined || (matchLabels !== undefined && !metric.attributes.some(matchLabels)))
      return [metric];
    const isWhole =
      matchLabels === undefined || !plan.hasPoints(metric, (attributes) => !matchLabels(attributes));
    let result = isWhole ? rename(metric, config, match) : metric;
    for (const operation of operations) {
      if (operation.needsAllPoints && !isWhole) continue;
      result = isWhole ? operation.apply(result, plan) : operation.apply(result, plan, matchLabels);
    }
    return result.attributes.length === 0 ? [] : [result];
  });
}

function insert(draft: ScopeDraft, plan: ValuePlan, parts: Parts): void {
  const copies = take(draft.metrics, parts).map(({ metric, match }) => {
    const copy = rename(plan.copy(metric), parts.config, match);
    return applyAll(copy, parts.operations, plan);
  });
  draft.metrics = [...draft.metrics, ...copies.filter(({ attributes }) => attributes.length > 0)];
}

function combine(parts: Parts): Transform {
  const { config, operations } = parts;
  const cased = (value: string) => {
    if (config.submatch_case === undefined) return value;
    return config.submatch_case === "lower" ? value.toLowerCase() : value.toUpperCase();
  };
  const labelled = labeller();
  return (draft, plan) => {
    const taken = thereOf(take(draft.metrics, parts), plan);
    const [first] = taken;
    if (first === undefined) return;
    const difference = differenceOf(taken);
    if (difference !== undefined) {
      draft.onMismatch(
        taken.map(({ metric }) => metric.descriptor.name),
        difference,
      );
      return;
    }
    const joined = joinPoints(
      taken.map(({ metric, match }) => {
        if (match.labels.length === 0) return metric;
        const add = labelled(match.labels.map(([name, value]) => [name, cased(value)]));
        return { ...metric, attributes: metric.attributes.map(add) };
      }),
    );
    const named = rename(joined, config, first.match);
    const merged = plan.merge(named, named.attributes, config.aggregation_type ?? "sum");
    const result = applyAll(merged, operations, plan);
    draft.metrics = [...remaining(draft.metrics, parts), ...(result.attributes.length > 0 ? [result] : [])];
  };
}

function group(parts: Parts): Transform {
  const extra = parts.config.group_resource_labels ?? {};
  const resources = new WeakMap<Resource, Resource>();
  return (draft, plan) => {
    const moved = take(draft.metrics, parts)
      .map(({ metric, match }) => applyAll(rename(metric, parts.config, match), parts.operations, plan))
      .filter(({ attributes }) => attributes.length > 0);
    draft.metrics = remaining(draft.metrics, parts);
    if (moved.length === 0) return;
    const { resource } = draft;
    let target = resources.get(resource);
    if (target === undefined) {
      target = Object.freeze({
        ...resource,
        attributes: Object.freeze({ ...resource.attributes, ...extra }),
      });
      resources.set(resource, target);
    }
    draft.moveTo(target, moved);
  };
}

/** What is chosen: metrics with those of their points that have the labels. */
function take(metrics: readonly MetricLayout[], { matchName, matchLabels }: Parts): Matched[] {
  return metrics.flatMap((source) => {
    const match = matchName(source.descriptor.name);
    if (match === undefined) return [];
    const metric = matchLabels === undefined ? source : keepPoints(source, matchLabels);
    return metric.attributes.length === 0 ? [] : [{ metric, match }];
  });
}

/** What is left when that is taken away. */
function remaining(metrics: readonly MetricLayout[], { matchName, matchLabels }: Parts): MetricLayout[] {
  return metrics.flatMap((metric) => {
    if (matchName(metric.descriptor.name) === undefined) return [metric];
    if (matchLabels === undefined) return [];
    const rest = keepPoints(metric, (attributes) => !matchLabels(attributes));
    return rest.attributes.length === 0 ? [] : [rest];
  });
}

function applyAll(metric: MetricLayout, operations: readonly Operation[], plan: ValuePlan): MetricLayout {
  return operations.reduce((result, operation) => operation.apply(result, plan), metric);
}

function rename(
  metric: MetricLayout,
  { new_name: template }: TransformConfig,
  match: NameMatch,
): MetricLayout {
  const name = template ? match.expand(template) : "";
  if (name === "" || name === metric.descriptor.name) return metric;
  return { ...metric, descriptor: { ...metric.descriptor, name } };
}

/** What is to be combined: metrics without a point in the batch neither prevent it nor name the result. */
function thereOf(taken: readonly Matched[], plan: ValuePlan): readonly Matched[] {
  const isThere = ({ metric }: Matched) => plan.hasPoints(metric);
  if (differenceOf(taken) !== undefined) return taken.filter(isThere);
  const first = taken.findIndex(isThere);
  return first < 0 ? [] : taken.slice(first);
}

/** What keeps metrics from being one; undefined: nothing. */
function differenceOf([first, ...others]: readonly Matched[]): string | undefined {
  const different = (pick: (metric: MetricLayout) => unknown) =>
    first !== undefined && others.some(({ metric }) => pick(metric) !== pick(first.metric));
  if (different((metric) => metric.dataPointType)) return "kind";
  if (different((metric) => metric.aggregationTemporality)) return "temporality";
  if (different((metric) => metric.isMonotonic)) return "monotonicity";
  if (different((metric) => metric.descriptor.unit)) return "unit";
  return undefined;
}

/** Adds labels to attributes; the same ones to the same attributes give the same object. */
function labeller(): (
  added: readonly (readonly [string, string])[],
) => (attributes: Attributes) => Attributes {
  const byLabels = new Map<string, (attributes: Attributes) => Attributes>();
  return (added) => {
    const key = JSON.stringify(added);
    let add = byLabels.get(key);
    if (add === undefined) {
      const extra = Object.fromEntries(added);
      add = remembered((attributes) => ({ ...attributes, ...extra }));
      byLabels.set(key, add);
    }
    return add;
  };
}
