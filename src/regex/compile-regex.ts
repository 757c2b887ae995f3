import { RE2JS, RE2JSException } from "re2js";
import { CollectorError } from "../errors/index.ts";
import { expandTemplate } from "./expand-template.ts";
import { nativeRegex } from "./native-regex.ts";

/** A pattern that RE2 does not take; the message says where it is wrong. */
export class RegexError extends CollectorError {
  readonly pattern: string;

  constructor(pattern: string, options: { readonly cause: Error }) {
    const reason = options.cause.message.replace(/^error parsing regexp: /, "");
    super("CONFIG_INVALID", `invalid regular expression ${JSON.stringify(pattern)}: ${reason}`, options);
    this.pattern = pattern;
  }
}

/** Where a pattern matched; `groups[0]` is the whole, a group that took no part is undefined. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | undefined)[];
}

/** A compiled pattern with RE2's syntax and semantics. Every operation is linear in the length of the text. */
export interface Regex {
  readonly source: string;
  /** Names of the capturing groups with their numbers. */
  readonly groupNames: ReadonlyMap<string, number>;
  test(text: string): boolean;
  /** The leftmost match at or after `from` (UTF-16 units). */
  match(text: string, from?: number): RegexMatch | undefined;
  /**
   * Replaces every match as Go's `ReplaceAllString` does.
   * @param replacement a template (`$1`, `${1}`, `${name}`, `$$`), or a function that gives the text for a match
   */
  replaceAll(text: string, replacement: string | ((match: RegexMatch) => string)): string;
}

export interface RegexOptions {
  /** Match the whole text only, as Prometheus' relabelling does. */
  readonly anchored?: boolean;
}

/**
 * @param pattern RE2 syntax, without the named group spelling `(?<name>…)` being a problem: RE2 takes both
 * @throws RegexError
 */
export function compileRegex(pattern: string, options: RegexOptions = {}): Regex {
  let compiled: RE2JS;
  try {
    // The pattern alone first: `)(` must not become valid by being wrapped.
    compiled = RE2JS.compile(pattern);
    if (options.anchored) compiled = RE2JS.compile(`^(?:${pattern})$`);
  } catch (error) {
    if (error instanceof RE2JSException) throw new RegexError(pattern, { cause: error });
    throw error;
  }
  const native = nativeRegex(pattern, options.anchored ?? false);
  const groupNames = new Map(Object.entries(compiled.namedGroups()));
  const find = native === undefined ? re2Match(compiled) : nativeMatch(native);
  return {
    source: pattern,
    groupNames,
    test: native === undefined ? (text) => compiled.test(text) : (text) => nativeTest(native, text),
    match: (text, from = 0) => find(text, from),
    replaceAll: (text, replacement) =>
      replaceAll(
        text,
        find,
        typeof replacement === "function"
          ? replacement
          : (match) => expandTemplate(replacement, match.groups, groupNames),
      ),
  };
}

type Find = (text: string, from: number) => RegexMatch | undefined;

function re2Match(regex: RE2JS): Find {
  return (text, from) => {
    const matcher = regex.matcher(text);
    if (!matcher.find(from)) return undefined;
    const groups: (string | undefined)[] = [];
    for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? undefined);
    return { start: matcher.start(), end: matcher.end(), groups };
  };
}

function nativeMatch(regex: RegExp): Find {
  return (text, from) => {
    regex.lastIndex = from;
    const match = regex.exec(text);
    return match === null
      ? undefined
      : { start: match.index, end: match.index + match[0].length, groups: [...match] };
  };
}

function nativeTest(regex: RegExp, text: string): boolean {
  regex.lastIndex = 0;
  return regex.test(text);
}

/** An empty match directly behind the one before does not count. */
function replaceAll(text: string, find: Find, replace: (match: RegexMatch) => string): string {
  let result = "";
  let lastEnd = 0;
  let position = 0;
  while (position <= text.length) {
    const match = find(text, position);
    if (match === undefined) break;
    result += text.slice(lastEnd, match.start);
    if (match.end > lastEnd || match.start === 0) result += replace(match);
    lastEnd = match.end;
    const width = (text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1;
    position = Math.max(match.end, position + width);
  }
  return result + text.slice(lastEnd);
}
