import { compileRegex, type Regex } from "../../regex/index.ts";
import { EvaluationError } from "../ottl-error.ts";
import type { ValueParameter } from "./parameter.ts";

export type Pattern = Regex;

/** Patterns that come from the data; a statement that spells its pattern out compiles it once, when it is loaded. */
const recent = new Map<string, Pattern>();
const MAX_RECENT = 200;

/** A regular expression in RE2's syntax. */
export const pattern = (): ValueParameter<Pattern> & { readonly optional: false } => ({
  form: "value",
  optional: false,
  types: ["string"],
  expected: "a regular expression",
  convert: (source) => compile(source as string),
});

/** @throws EvaluationError */
function compile(source: string): Pattern {
  let regex = recent.get(source);
  if (regex === undefined) {
    try {
      regex = compileRegex(source);
    } catch (error) {
      throw new EvaluationError((error as Error).message, { cause: error });
    }
    if (recent.size >= MAX_RECENT) recent.clear();
    recent.set(source, regex);
  }
  return regex;
}
