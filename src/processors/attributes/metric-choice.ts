import type { Resource } from "../../metrics/index.ts";
import { compileRegex } from "../../regex/index.ts";
import { attributeText } from "../../reshape/index.ts";
import type { Config, Match } from "./config.ts";

/** Whether the configuration wants a metric worked on. */
export type MetricChoice = (name: string, resource: Resource) => boolean;

export function metricChoice({ include, exclude }: Pick<Config, "include" | "exclude">): MetricChoice {
  const included = include === undefined ? () => true : matcher(include);
  const excluded = exclude === undefined ? () => false : matcher(exclude);
  return (name, resource) => included(name, resource) && !excluded(name, resource);
}

function matcher({ match_type, metric_names, resources }: Match): MetricChoice {
  const test = (wanted: string): ((text: string) => boolean) => {
    if (match_type === "strict") return (text) => text === wanted;
    const regex = compileRegex(wanted);
    return (text) => regex.test(text);
  };
  const names = metric_names.map(test);
  const attributes = resources.map(({ key, value }) => ({
    key,
    matches: value === undefined ? () => true : test(String(value)),
  }));
  return (name, { attributes: own }) =>
    (names.length === 0 || names.some((matches) => matches(name))) &&
    attributes.every(({ key, matches }) => Object.hasOwn(own, key) && matches(attributeText(own[key])));
}
