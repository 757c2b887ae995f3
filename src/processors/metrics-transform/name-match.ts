import type { Attributes } from "../../metrics/index.ts";
import { compileRegex, expandTemplate } from "../../regex/index.ts";
import { attributeText } from "../../reshape/index.ts";
import type { TransformConfig } from "./config.ts";

export interface NameMatch {
  /** Fills a new name with the groups of the match. */
  expand(template: string): string;
  /** Named groups that matched something, with what it is. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** How a transform chooses metrics by name. */
export function nameMatcher({
  include,
  match_type,
}: TransformConfig): (name: string) => NameMatch | undefined {
  if (match_type === "strict") {
    const match: NameMatch = { expand: (name) => name, labels: [] };
    return (name) => (name === include ? match : undefined);
  }
  const regex = compileRegex(include);
  return (name) => {
    const match = regex.match(name);
    if (match === undefined) return undefined;
    return {
      expand: (template) => expandTemplate(template, match.groups, regex.groupNames),
      labels: [...regex.groupNames].flatMap(([label, index]) => {
        const value = match.groups[index];
        return !value ? [] : [[label, value] as const];
      }),
    };
  };
}

/** How a transform chooses points by their labels; undefined: all of them. A label that is not there is empty. */
export function labelMatcher({
  experimental_match_labels: labels,
  match_type,
}: TransformConfig): ((attributes: Attributes) => boolean) | undefined {
  const tests = Object.entries(labels).map(([label, wanted]) => {
    const regex = match_type === "regexp" ? compileRegex(wanted) : undefined;
    return { label, matches: (value: string) => regex?.test(value) ?? value === wanted };
  });
  if (tests.length === 0) return undefined;
  return (attributes) =>
    tests.every(({ label, matches }) =>
      matches(Object.hasOwn(attributes, label) ? attributeText(attributes[label]) : ""),
    );
}
