import { duration, formatDuration, z } from "../config/index.ts";

/** From one step to the next, unless it says when it is. */
export const STEP_MS = 30_000;

const expectation = {
  expect: z
    .string()
    .nullable()
    .optional()
    .describe("What arrives, as `formatMetrics` prints it. Empty: nothing."),
  expect_file: z.string().optional().describe("A file that holds it, relative to the test file."),
  match: z
    .enum(["exact", "subset"])
    .default("exact")
    .describe("`exact`: this and nothing else. `subset`: at least this."),
  tolerance: z.number().min(0).default(0).describe("By how much of itself a number may differ."),
  times: z
    .boolean()
    .default(false)
    .describe("Compare the times of points too, as distances from the first step's."),
  exporter: z
    .string()
    .optional()
    .describe("Whose data is looked at. Default: the first exporter of the first pipeline."),
};

/** One of two would be silently left out. */
function onlyOneOf<Value extends object>(...options: readonly (keyof Value & string)[]) {
  return ({ value, issues }: z.core.ParsePayload<Value>) => {
    const given = options.filter((option) => value[option] !== undefined);
    for (const option of given.slice(1))
      issues.push({
        code: "custom",
        input: value,
        path: [option],
        message: `must not be set beside ${given[0]}`,
      });
  };
}

const attributes = z.record(z.string(), z.unknown());

const stepSchema = z
  .strictObject({
    name: z.string().optional().describe("What this step shows; printed when it fails."),
    at: duration().optional().describe("Time since the first step. Default: 30s after the step before."),
    receiver: z
      .string()
      .optional()
      .describe("Where the input enters. Default: the first receiver of the first pipeline."),
    scrape: z.string().nullable().optional().describe("Body of a scrape; null: the target does not answer."),
    scrape_file: z.string().optional().describe("File with the body, relative to the test file."),
    content_type: z
      .string()
      .default("text/plain; version=0.0.4")
      .describe("Content type of the body, which says in which format it is."),
    otlp: z.record(z.string(), z.unknown()).optional().describe("Metrics as OTLP/JSON, instead of a scrape."),
    otlp_file: z.string().optional().describe("File with OTLP/JSON, relative to the test file."),
    ...expectation,
  })
  .check(onlyOneOf("expect", "expect_file"))
  .check(onlyOneOf("scrape", "scrape_file", "otlp", "otlp_file"))
  .describe("Input and what comes of it.");

export const pipelineTestSchema = z.strictObject({
  name: z.string().optional().describe("What the test shows."),
  config: z
    .union([z.string(), z.array(z.string()), z.record(z.string(), z.unknown())])
    .describe(
      "The configuration: a file relative to the test file, several that are merged, or the thing itself.",
    ),
  env: z
    .record(z.string(), z.coerce.string())
    .default({})
    .describe("Environment variables that the configuration sees."),
  resource: attributes
    .default({
      "service.name": "virt-handler",
      "service.instance.id": "10.244.0.38:8443",
      "server.address": "10.244.0.38",
      "server.port": "8443",
      "url.scheme": "https",
    })
    .describe("Resource attributes of scraped metrics."),
  steps: z
    .array(stepSchema)
    .min(1)
    .check(({ value: steps, issues }) => {
      let now = Number.NEGATIVE_INFINITY;
      for (const [i, { at }] of steps.entries()) {
        if (at !== undefined && at < now)
          issues.push({
            code: "custom",
            input: at,
            path: [i, "at"],
            message: `must not be before the step above, which is at ${formatDuration(now)}`,
          });
        now = at ?? Math.max(0, now + STEP_MS);
      }
    })
    .describe("In the order of time."),
  finally: z
    .strictObject(expectation)
    .check(onlyOneOf("expect", "expect_file"))
    .optional()
    .describe("What comes out when the pipeline is shut down."),
});

export type PipelineTest = z.output<typeof pipelineTestSchema>;
export type Expectation = NonNullable<PipelineTest["finally"]>;
export type Step = PipelineTest["steps"][number];
