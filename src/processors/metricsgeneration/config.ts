import { z } from "../../config/index.ts";

const operations = ["add", "subtract", "multiply", "divide", "percent"] as const;
export type Calculation = (typeof operations)[number];

const ruleSchema = z
  .strictObject({
    name: z.string().min(1).describe("Name of the new metric."),
    unit: z.string().default("").describe("Its unit."),
    type: z
      .enum(["calculate", "scale"])
      .describe("`calculate`: of metric1 and metric2. `scale`: of metric1 and `scale_by`."),
    metric1: z
      .string()
      .min(1)
      .describe("Name of the first metric, a gauge or sum. The new one is of its kind."),
    metric2: z
      .string()
      .min(1)
      .optional()
      .describe("For `calculate`: name of the second metric, a gauge or sum."),
    operation: z
      .enum(operations)
      .optional()
      .describe(
        "What to do with both. `percent`: metric1 / metric2 * 100. Default, for `scale` only: `multiply`.",
      ),
    scale_by: z.number().positive().optional().describe("For `scale`: the number, in most cases a factor."),
  })
  .check(({ value: rule, issues }) => {
    const [needed, useless] =
      rule.type === "calculate"
        ? ([["metric2", "operation"], ["scale_by"]] as const)
        : ([["scale_by"], ["metric2"]] as const);
    for (const source of ["metric1", "metric2"] as const) {
      if (rule.name !== rule[source]) continue;
      issues.push({ code: "custom", input: rule, path: ["name"], message: `must not be that of ${source}` });
    }
    for (const option of needed) {
      if (rule[option] !== undefined) continue;
      issues.push({ code: "custom", input: rule, path: [option], message: `is required for ${rule.type}` });
    }
    for (const option of useless) {
      if (rule[option] === undefined) continue;
      issues.push({
        code: "custom",
        input: rule,
        path: [option],
        message: `must not be set for ${rule.type}`,
      });
    }
  });

export const configSchema = z.strictObject({
  rules: z
    .array(ruleSchema)
    .min(1)
    .describe("Metrics to make, in their order; a rule may use what those before have made."),
});

export type Config = z.output<typeof configSchema>;
export type Rule = Config["rules"][number];
