import type { RegexMatch } from "../../regex/index.ts";
import { expandTemplate } from "../../regex/index.ts";
import type { Frame } from "../context/draft.ts";
import { isMap } from "../values/value-type.ts";
import { compileGlob } from "./glob.ts";
import {
  type Arg,
  defineFunction,
  type FunctionDefinition,
  literal,
  mapTarget,
  optional,
  string,
  type TextFunction,
  target,
  textFunction,
} from "./parameter.ts";
import { type Pattern, pattern } from "./pattern.ts";

/** Puts the replacement through the function and the format. Throws for a format without exactly one %s. */
function finisher(
  apply: TextFunction | undefined,
  format: string | undefined,
): (frame: Frame, text: string) => string {
  if (format !== undefined && (apply === undefined || !/^(?:[^%]|%%)*%s(?:[^%]|%%)*$/s.test(format))) {
    throw new Error(
      apply === undefined
        ? "replacement_format needs a function"
        : `replacement_format must have exactly one %s, got ${JSON.stringify(format)}`,
    );
  }
  return (frame, text) => {
    const applied = apply?.(frame, text) ?? text;
    if (format === undefined) return applied;
    return format.replace(/%[s%]/g, (verb) => (verb === "%s" ? applied : "%"));
  };
}

/** Replaces every match in a text; the replacement is a template. */
function patternReplacer(
  replacement: Arg<string>,
  apply: TextFunction | undefined,
  format: string | undefined,
): (frame: Frame, regex: Pattern, text: string) => string {
  const finish = finisher(apply, format);
  return (frame, regex, text) => {
    const template = replacement.get(frame);
    if (apply === undefined) return regex.replaceAll(text, template);
    return regex.replaceAll(text, ({ groups }: RegexMatch) =>
      finish(frame, expandTemplate(template, groups, regex.groupNames)),
    );
  };
}

const replacing = {
  replacement: string(),
  function: optional(textFunction()),
  replacement_format: optional(literal(string())),
};

const replacePattern = defineFunction({
  name: "replace_pattern",
  parameters: { target: target(), regex: pattern(), ...replacing },
  returns: "nil",
  build({ target: to, regex, replacement, function: apply, replacement_format: format }) {
    const replace = patternReplacer(replacement, apply, format);
    return (frame) => {
      const text = to.get(frame);
      if (typeof text !== "string") return;
      const result = replace(frame, regex.get(frame), text);
      if (result !== text) to.set(frame, result);
    };
  },
});

const replaceAllPatterns = defineFunction({
  name: "replace_all_patterns",
  parameters: { target: mapTarget(), mode: literal(string()), regex: pattern(), ...replacing },
  returns: "nil",
  build({ target: to, mode, regex, replacement, function: apply, replacement_format: format }) {
    if (mode !== "key" && mode !== "value") {
      throw new Error(`mode must be "key" or "value", got ${JSON.stringify(mode)}`);
    }
    const replace = patternReplacer(replacement, apply, format);
    return (frame) => {
      const map = to.getRaw(frame);
      if (!isMap(map)) return;
      const expression = regex.get(frame);
      const entries = Object.entries(map).map(([key, value]) => {
        if (mode === "key") return [replace(frame, expression, key), value] as const;
        return [key, typeof value === "string" ? replace(frame, expression, value) : value] as const;
      });
      if (entries.every(([key, value]) => Object.hasOwn(map, key) && map[key] === value)) return;
      to.setRaw(frame, Object.fromEntries(entries));
    };
  },
});

/** Globs are compiled when the statement is loaded where it spells them out. */
function glob(arg: Arg<string>): (frame: Frame) => (text: string) => boolean {
  if (arg.constant === undefined) return (frame) => compileGlob(arg.get(frame));
  const test = compileGlob(arg.constant.value);
  return () => test;
}

const replaceMatch = defineFunction({
  name: "replace_match",
  parameters: { target: target(), pattern: string(), ...replacing },
  returns: "nil",
  build({ target: to, pattern: globArg, replacement, function: apply, replacement_format: format }) {
    const matcher = glob(globArg);
    const finish = finisher(apply, format);
    return (frame) => {
      const text = to.get(frame);
      if (typeof text === "string" && matcher(frame)(text))
        to.set(frame, finish(frame, replacement.get(frame)));
    };
  },
});

const replaceAllMatches = defineFunction({
  name: "replace_all_matches",
  parameters: { target: mapTarget(), pattern: string(), ...replacing },
  returns: "nil",
  build({ target: to, pattern: globArg, replacement, function: apply, replacement_format: format }) {
    const matcher = glob(globArg);
    const finish = finisher(apply, format);
    return (frame) => {
      const map = to.getRaw(frame);
      if (!isMap(map)) return;
      const matches = matcher(frame);
      const entries = Object.entries(map);
      if (!entries.some(([, value]) => typeof value === "string" && matches(value))) return;
      const text = finish(frame, replacement.get(frame));
      to.setRaw(
        frame,
        Object.fromEntries(
          entries.map(([key, value]) => [key, typeof value === "string" && matches(value) ? text : value]),
        ),
      );
    };
  },
});

export const replacements: readonly FunctionDefinition[] = [
  replacePattern,
  replaceAllPatterns,
  replaceMatch,
  replaceAllMatches,
];
