import {
  componentId,
  duration,
  enabledSection,
  endpointUrl,
  headers,
  opaque,
  optionalSection,
  z,
} from "../../src/config/index.ts";

/** A component with one option of every sort. */
export const exampleSchema = z
  .strictObject({
    collection_interval: duration({ min: 100 }).prefault("30s").describe("Time between two scrapes."),
    timeout: duration({ max: 60_000 }).optional().describe("Time for one scrape."),
    targets: z
      .array(
        z.strictObject({
          metrics_endpoint: endpointUrl().describe("Where the metrics are."),
          healthz_endpoint: endpointUrl()
            .nullable()
            .optional()
            .describe("Where the health is; null for none."),
          labels: z.record(z.string(), z.string()).default({}).describe("Extra attributes."),
        }),
      )
      .min(1)
      .describe("What is scraped."),
    min_version: z.enum(["1.0", "1.1", "1.2", "1.3"]).default("1.2").describe("Lowest TLS version."),
    encoding: z.enum(["proto", "json"]).default("proto").describe("Body format, `proto` | `json`."),
    headers: headers().prefault({}).describe("Sent with every request."),
    token: opaque().optional().describe("Bearer token."),
    storage: componentId().optional().describe("Storage extension."),
    sample_limit: z.int().min(0).default(0).describe("0 for none."),
    ratio: z.number().gt(0).max(1).default(1).describe("Share that is kept."),
    insecure: z.boolean().default(false).describe("No verification."),
    tls: z
      .strictObject({ ca_file: z.string().min(1).optional().describe("CA.") })
      .optional()
      .describe("TLS."),
    queue: enabledSection(
      z.strictObject({
        size: z.int().min(1).default(1000).describe("Items."),
        age: duration().prefault("5m").describe("Age."),
      }),
    ).describe("The queue."),
    batch: optionalSection(z.strictObject({ size: z.int().default(8192).describe("Points.") })).describe(
      "Batching.",
    ),
  })
  .check(({ value, issues }) => {
    if (value.timeout === undefined || value.timeout <= value.collection_interval) return;
    issues.push({
      code: "custom",
      input: value,
      path: ["timeout"],
      message: "must not be above collection_interval",
    });
  });
