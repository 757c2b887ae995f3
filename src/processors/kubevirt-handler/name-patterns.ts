import { compileRegex, RegexError } from "../../regex/index.ts";

const PLAIN_NAME = /^[\w:]+$/;

/** A name at the source without `_total`: what options call a metric. */
export function optionName(name: string): string {
  return name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
}

/** What is wrong with a pattern; undefined when it is good. */
export function regexProblem(pattern: string): string | undefined {
  if (PLAIN_NAME.test(pattern)) return undefined;
  try {
    compileRegex(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof RegexError) return error.message;
    throw error;
  }
}

export interface NameLookup<Item> {
  /** By plain names; a counter's may be written with `_total` or without. */
  exact(name: string): Item | undefined;
  /** By the first regular expression that matches anywhere, in either form of the name. */
  pattern(name: string): Item | undefined;
}

export function nameLookup<Item>(
  entries: readonly (readonly [pattern: string, item: Item])[],
): NameLookup<Item> {
  const exact = new Map(entries.filter(([pattern]) => PLAIN_NAME.test(pattern)));
  const patterns = entries
    .filter(([pattern]) => !PLAIN_NAME.test(pattern))
    .map(([pattern, item]) => ({ regex: compileRegex(pattern), item }));
  return {
    exact: (name) => exact.get(name) ?? exact.get(optionName(name)),
    pattern: (name) => patterns.find(({ regex }) => regex.test(name) || regex.test(optionName(name)))?.item,
  };
}
