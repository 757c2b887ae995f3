import {
  type Condition,
  type ConditionGroup,
  compileConditions,
  handwrittenCondition,
  type ItemView,
} from "../../ottl/index.ts";
import { compileRegex } from "../../regex/index.ts";
import type { MatchSource } from "./config.ts";
import { translateExpression } from "./legacy-expression.ts";

type Matches = (view: ItemView) => boolean;

/** The conditions for the oldest way to say what is kept (include) and what is dropped (exclude). */
export function matchGroups(
  include: MatchSource | undefined,
  exclude: MatchSource | undefined,
): ConditionGroup[] {
  const resources: Condition[] = [];
  const metrics: Condition[] = [];
  for (const [side, match] of [["include", include] as const, ["exclude", exclude] as const]) {
    if (match === undefined) continue;
    const isKept = side === "include";
    const drop = (matches: Matches): Matches => (isKept ? (view) => !matches(view) : matches);
    const byResource = resourceMatcher(match);
    const byName = nameMatcher(match);
    if (byResource !== undefined) {
      resources.push(handwrittenCondition(`${side} resource_attributes`, "resource", drop(byResource)));
    }
    if (byName !== undefined)
      metrics.push(handwrittenCondition(`${side} metric_names`, "metric", drop(byName)));
    if (match.expressions.length > 0) {
      metrics.push(handwrittenCondition(`${side} expressions`, "points", drop(expressionMatcher(match))));
    }
  }
  return [
    { context: "resource", conditions: resources },
    { context: "metric", conditions: metrics },
  ];
}

function textMatcher(
  type: MatchSource["match_type"],
  patterns: readonly string[],
): (text: string) => boolean {
  if (type !== "regexp") {
    const known = new Set(patterns);
    return (text) => known.has(text);
  }
  const regexes = patterns.map((pattern) => compileRegex(pattern));
  return (text) => regexes.some((regex) => regex.test(text));
}

function nameMatcher({ match_type, metric_names }: MatchSource): Matches | undefined {
  if (metric_names.length === 0) return undefined;
  const matches = textMatcher(match_type, metric_names);
  return ({ metricName }) => matches(metricName);
}

function resourceMatcher({ match_type, resource_attributes }: MatchSource): Matches | undefined {
  if (resource_attributes.length === 0) return undefined;
  const tests = resource_attributes.map(({ key, value }) => {
    const matches = value === undefined ? () => true : textMatcher(match_type, [String(value)]);
    return ({ resourceAttributes }: ItemView) =>
      Object.hasOwn(resourceAttributes, key) && matches(String(resourceAttributes[key]));
  });
  return (view) => tests.every((matches) => matches(view));
}

function expressionMatcher({ expressions }: MatchSource): Matches {
  const { group, problems } = compileConditions({
    context: "datapoint",
    conditions: expressions.map(translateExpression),
  });
  // The schema has compiled the same text before.
  if (group === undefined) throw problems[0]?.error ?? new Error("expressions do not compile");
  return ({ anyPoint }) => anyPoint(group.conditions);
}
