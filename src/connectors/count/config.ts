import { z } from "../../config/index.ts";
import { compileConditions, problemIssue } from "../../ottl/index.ts";

const conditionsSchema = (context: "metric" | "datapoint") =>
  z
    .array(z.string())
    .default([])
    .describe(`OTTL conditions in the context ${context}; one has to hold. Default: everything is counted.`)
    .check(({ value: conditions, issues }) => {
      for (const problem of compileConditions({ context, conditions }).problems) {
        issues.push(problemIssue(problem, [problem.index], conditions[problem.index] ?? ""));
      }
    });

const description = () => z.string().default("").describe("Description of the metric.");

const metricsSchema = z
  .record(
    z.string().min(1),
    z.strictObject({ description: description(), conditions: conditionsSchema("metric") }),
  )
  .default({ "metric.count": { description: "The number of metrics observed.", conditions: [] } })
  .describe("Counts of metrics, by the name that the count gets. `{}`: none.");

const datapointsSchema = z
  .record(
    z.string().min(1),
    z.strictObject({
      description: description(),
      conditions: conditionsSchema("datapoint"),
      attributes: z
        .array(
          z.strictObject({
            key: z.string().min(1).describe("Attribute of the point, else of its scope or resource."),
            default_value: z
              .union([z.string(), z.number(), z.boolean()])
              .optional()
              .describe("Where none has it. Without one such points are not counted."),
          }),
        )
        .default([])
        .describe("Attributes that the count gets, each combination of values a count of its own."),
    }),
  )
  .default({
    "metric.datapoint.count": {
      description: "The number of data points observed.",
      conditions: [],
      attributes: [],
    },
  })
  .describe("Counts of data points, by the name that the count gets. `{}`: none.");

export const configSchema = z.strictObject({ metrics: metricsSchema, datapoints: datapointsSchema });

export type Config = z.output<typeof configSchema>;
export type Attribute = Config["datapoints"][string]["attributes"][number];
