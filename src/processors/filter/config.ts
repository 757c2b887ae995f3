import { z } from "../../config/index.ts";
import { compileConditions, contextNames, errorModes, problemIssue } from "../../ottl/index.ts";
import { compileRegex, RegexError } from "../../regex/index.ts";
import { ExpressionError, translateExpression } from "./legacy-expression.ts";

const conditionList = (what: string) =>
  z.array(z.string()).default([]).describe(`OTTL conditions; ${what} for which one holds are dropped.`);

const groupSchema = z.strictObject({
  context: z
    .enum(contextNames)
    .optional()
    .describe(
      "Items that are dropped, and what paths without a context mean. Inferred from the paths by default.",
    ),
  error_mode: z
    .enum(errorModes)
    .optional()
    .describe("For this group instead of the processor's `error_mode`."),
  conditions: z.array(z.string()).describe("OTTL conditions; items for which one holds are dropped."),
});

export type ConditionSource = string | z.output<typeof groupSchema>;

const matchTypes = ["strict", "regexp", "expr"] as const;

const matchSchema = (what: string) =>
  z
    .strictObject({
      match_type: z
        .enum(matchTypes)
        .describe(
          "`strict`: names and values are equal. `regexp`: they match a regular expression. `expr`: `expressions` are asked.",
        ),
      metric_names: z.array(z.string()).default([]).describe("Names, or regular expressions of names."),
      resource_attributes: z
        .array(
          z.strictObject({
            key: z.string().describe("Name of the attribute."),
            value: z
              .union([z.string(), z.number(), z.boolean()])
              .optional()
              .describe("Value, or regular expression of it. Without one any value matches."),
          }),
        )
        .default([])
        .describe("Attributes that a resource must have, all of them."),
      expressions: z
        .array(z.string())
        .default([])
        .describe(
          'For `expr`: comparisons of `MetricName`, `Label("x")` and `HasLabel("x")`. A metric matches if any of its points does.',
        ),
    })
    .optional()
    .describe(what);

export type MatchSource = NonNullable<z.output<ReturnType<typeof matchSchema>>>;

const metricsSchema = z
  .strictObject({
    resource: conditionList("resources"),
    metric: conditionList("metrics"),
    datapoint: conditionList("points"),
    include: matchSchema("Metrics that do not match are dropped. Asked before `exclude`."),
    exclude: matchSchema("Metrics that match are dropped."),
  })
  .optional()
  .describe("The older ways to write conditions. Not together with `metric_conditions`.");

export const configSchema = z
  .strictObject({
    error_mode: z
      .enum(errorModes)
      .default("ignore")
      .describe(
        "When a condition fails for an item. `ignore`: log it, and the item stays. `silent`: it stays. `propagate`: refuse the batch.",
      ),
    metric_conditions: z
      .array(z.union([z.string(), groupSchema]))
      .default([])
      .describe(
        "OTTL conditions, either plain ones (each finds its own context) or groups of them. What they hold for is dropped.",
      ),
    metrics: metricsSchema,
  })
  .check((context) => {
    const { metric_conditions: sources, metrics } = context.value;
    const fail = (path: PropertyKey[], message: string, hint?: string) =>
      context.issues.push({ code: "custom", input: undefined, path, message, params: { hint } });
    if (new Set(sources.map((source) => typeof source)).size > 1) {
      fail(["metric_conditions"], "plain conditions and groups cannot be mixed");
    }
    for (const [i, source] of sources.entries()) {
      for (const problem of compileConditions(groupOf(source)).problems) {
        const own = typeof source === "string" ? [] : ["conditions", problem.index];
        const list = groupOf(source).conditions;
        context.issues.push(
          problemIssue(problem, ["metric_conditions", i, ...own], list[problem.index] ?? ""),
        );
      }
    }
    if (metrics === undefined) return;
    if (sources.length > 0) {
      fail(
        ["metrics"],
        "cannot be combined with metric_conditions",
        "move these conditions to metric_conditions",
      );
    }
    for (const name of oldContexts) {
      for (const problem of compileConditions({ context: name, conditions: metrics[name] }).problems) {
        const text = metrics[name][problem.index] ?? "";
        context.issues.push(problemIssue(problem, ["metrics", name, problem.index], text));
      }
    }
    for (const side of ["include", "exclude"] as const) {
      const match = metrics[side];
      if (match === undefined) continue;
      if (oldContexts.some((name) => metrics[name].length > 0)) {
        fail(["metrics", side], "cannot be combined with conditions", "write it as a condition");
      }
      for (const { path, message, hint } of matchProblems(match))
        fail(["metrics", side, ...path], message, hint);
    }
  });

export type Config = z.output<typeof configSchema>;

export const oldContexts = ["resource", "metric", "datapoint"] as const;

/** What is compiled of a source. */
export function groupOf(source: ConditionSource): Exclude<ConditionSource, string> {
  return typeof source === "string" ? { conditions: [source] } : source;
}

interface MatchProblem {
  readonly path: PropertyKey[];
  readonly message: string;
  readonly hint?: string;
}

function matchProblems(match: MatchSource): MatchProblem[] {
  const { match_type: type, metric_names: names, resource_attributes: attributes, expressions } = match;
  const problems: MatchProblem[] = [];
  if (type === "expr" && names.length > 0) {
    problems.push({ path: ["metric_names"], message: "is not looked at with match_type expr" });
  }
  if (type !== "expr" && expressions.length > 0) {
    problems.push({ path: ["expressions"], message: "is looked at with match_type expr only" });
  }
  if (names.length === 0 && attributes.length === 0 && expressions.length === 0) {
    problems.push({ path: [], message: "needs metric_names, resource_attributes or expressions" });
  }
  for (const [i, expression] of expressions.entries()) {
    try {
      const [problem] = compileConditions({
        context: "datapoint",
        conditions: [translateExpression(expression)],
      }).problems;
      if (problem !== undefined) problems.push({ path: ["expressions", i], message: problem.error.problem });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const hint =
        'MetricName, Label("x"), HasLabel("x"), ==, !=, matches, contains, startsWith, endsWith, in, and, or and not are understood';
      problems.push({ path: ["expressions", i], message: error.message, hint });
    }
  }
  if (type === "regexp") {
    problems.push(...patternProblems(names, (i) => ["metric_names", i]));
    const values = attributes.map(({ value }) => String(value ?? ""));
    problems.push(...patternProblems(values, (i) => ["resource_attributes", i, "value"]));
  }
  return problems;
}

function patternProblems(
  patterns: readonly string[],
  pathOf: (index: number) => PropertyKey[],
): MatchProblem[] {
  return patterns.flatMap((pattern, i) => {
    try {
      compileRegex(pattern);
      return [];
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      return [{ path: pathOf(i), message: error.message }];
    }
  });
}
