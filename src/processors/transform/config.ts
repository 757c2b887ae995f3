import { z } from "../../config/index.ts";
import { compileStatements, contextNames, errorModes, problemIssue } from "../../ottl/index.ts";

const statements = z
  .array(z.string())
  .describe("Statements, run one after the other for each item of the context.");

const groupSchema = z.strictObject({
  context: z
    .enum(contextNames)
    .optional()
    .describe(
      "Items that the statements run for, and what paths without a context mean. Inferred from the paths by default: the innermost context that is named.",
    ),
  error_mode: z
    .enum(errorModes)
    .optional()
    .describe("For this group instead of the processor's `error_mode`."),
  conditions: z
    .array(z.string())
    .default([])
    .describe("Items for which none of these holds are left alone. Without conditions all items are taken."),
  statements,
});

/** A group as it is written, or one statement. */
export type StatementSource = string | z.output<typeof groupSchema>;

export const configSchema = z
  .strictObject({
    error_mode: z
      .enum(errorModes)
      .default("ignore")
      .describe(
        "When a statement fails for an item. `ignore`: log it and go on with the next statement. `silent`: go on. `propagate`: refuse the batch.",
      ),
    metric_statements: z
      .array(z.union([z.string(), groupSchema]))
      .default([])
      .describe("OTTL statements, either plain ones (each finds its own context) or groups of them."),
    trace: z
      .boolean()
      .default(false)
      .describe(
        "Once every ten seconds, log for each statement how many items it matched and changed, with one item before and after. Not in the Collector.",
      ),
  })
  .check((context) => {
    const { metric_statements: sources } = context.value;
    if (new Set(sources.map((source) => typeof source)).size > 1) {
      context.issues.push({
        code: "custom",
        input: sources,
        path: ["metric_statements"],
        message: "plain statements and groups cannot be mixed",
        params: { hint: "write the plain ones as { statements: [...] }" },
      });
    }
    for (const [i, source] of sources.entries()) {
      for (const problem of compileStatements(groupOf(source)).problems) {
        const own = typeof source === "string" ? [] : [problem.list, problem.index];
        const list = typeof source === "string" ? [source] : source[problem.list];
        context.issues.push(
          problemIssue(problem, ["metric_statements", i, ...own], list[problem.index] ?? ""),
        );
      }
    }
  });

export type Config = z.output<typeof configSchema>;

/** What is compiled of a source. */
export function groupOf(source: StatementSource): Exclude<StatementSource, string> {
  return typeof source === "string" ? { conditions: [], statements: [source] } : source;
}
