import { EvaluationError } from "../ottl-error.ts";

export const months =
  "January February March April May June July August September October November December".split(" ");
export const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Directives that stand for others. */
const composed: Readonly<Record<string, string>> = {
  D: "%m/%d/%Y",
  x: "%m/%d/%Y",
  F: "%Y-%m-%d",
  T: "%H:%M:%S",
  X: "%H:%M:%S",
  r: "%I:%M:%S %P",
  R: "%H:%M",
  n: "\n",
  t: "\t",
  c: "%a %b %d %H:%M:%S %Y",
  h: "%b",
};

/**
 * A format with the directives that stand for others written out.
 * @throws EvaluationError for an unknown directive
 */
export function expandFormat(format: string): string {
  return format.replace(/%(.?)/gsu, (whole, directive: string) => {
    const text = composed[directive];
    if (text !== undefined) return text;
    if (directive !== "" && "%YymoqbBdegaAHIlpPMSLfszZijkw".includes(directive)) return whole;
    throw new EvaluationError(`unknown time directive ${JSON.stringify(whole)}`);
  });
}
