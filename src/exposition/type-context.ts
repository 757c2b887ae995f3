import { formatOpenMetricsFloat, parseGoLiteral } from "./go-number.ts";
import type { FamilyType } from "./types.ts";

/**
 * How the TYPE line last read changes the reading of label values: under a histogram `le` is canonical, under a
 * summary `quantile` is. Like in a Prometheus scrape that line counts for every series after it, whatever their names.
 * The numbers tag label blocks; 0 is free for what holds in every context.
 */
export const TypeContext = { PLAIN: 1, HISTOGRAM: 2, SUMMARY: 3 } as const;
export type TypeContext = (typeof TypeContext)[keyof typeof TypeContext];

export function typeContext(type: FamilyType): TypeContext {
  if (type === "histogram") return TypeContext.HISTOGRAM;
  return type === "summary" ? TypeContext.SUMMARY : TypeContext.PLAIN;
}

/** Whether a label's value can be read differently under another TYPE line. */
export function dependsOnContext(name: string, value: string): boolean {
  return (name === "le" || name === "quantile") && canonicalBound(value) !== value;
}

/** The value of a label under a context: "1" becomes "1.0" where it is a bucket bound or a quantile. */
export function labelValueIn(context: TypeContext, name: string, value: string): string {
  const bound =
    context === TypeContext.HISTOGRAM ? "le" : context === TypeContext.SUMMARY ? "quantile" : undefined;
  return name === bound ? canonicalBound(value) : value;
}

/** What is no number stays as it is. */
function canonicalBound(value: string): string {
  const number = parseGoLiteral(value);
  return number === undefined ? value : formatOpenMetricsFloat(number);
}
