/** From the outermost to the innermost; each sees itself and what is around it. */
export const contextNames = ["resource", "scope", "metric", "datapoint"] as const;
export type ContextName = (typeof contextNames)[number];

/** How far inside: 0 for resource. */
export function depthOf(context: ContextName): number {
  return contextNames.indexOf(context);
}

/** Other ways to write a context. */
export const contextAliases: Readonly<Record<string, ContextName>> = { instrumentation_scope: "scope" };
