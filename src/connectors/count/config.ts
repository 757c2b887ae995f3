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
  .optional()
  .describe("Counts of metrics, by the name that the count gets.");

const datapointsSchema = z
  .record(
    z.string().min(1),
    z.strictObject({
      description: description(),
      conditions: conditionsSchema("datapoint"),
      attributes: z
        .array(
          z.strictObject({
            key: z.string().min(1).describe("Attribute of the point, else of its resource."),
            default_value: z
              .union([z.string(), z.number(), z.boolean()])
              .optional()
              .describe("Where neither has it. Without one such points are not counted."),
          }),
        )
        .default([])
        .describe("Attributes that the count gets, each combination of values a count of its own."),
    }),
  )
  .optional()
  .describe("Counts of data points, by the name that the count gets.");

export interface Config {
  readonly metrics: NonNullable<z.output<typeof metricsSchema>>;
  readonly datapoints: NonNullable<z.output<typeof datapointsSchema>>;
}

export type Attribute = Config["datapoints"][string]["attributes"][number];

export const configSchema = z
  .strictObject({ metrics: metricsSchema, datapoints: datapointsSchema })
  .transform(
    ({ metrics, datapoints }): Config =>
      metrics === undefined && datapoints === undefined
        ? DEFAULTS
        : { metrics: metrics ?? {}, datapoints: datapoints ?? {} },
  );

const DEFAULTS: Config = {
  metrics: { "metric.count": { description: "The number of metrics observed.", conditions: [] } },
  datapoints: {
    "metric.datapoint.count": {
      description: "The number of data points observed.",
      conditions: [],
      attributes: [],
    },
  },
};
