import { endpointUrl, headers, refusing, z } from "../../config/index.ts";

const file = (what: string) => z.string().min(1).optional().describe(what);

const pullSchema = z.strictObject({
  exporter: z
    .strictObject({
      prometheus: z
        .strictObject({
          host: z.string().default("localhost").describe("Address to listen on."),
          port: z.int().min(0).max(65535).default(8888).describe("Port to listen on; 0 takes a free one."),
          without_type_suffix: z
            .boolean()
            .default(true)
            .describe("Leave `_total` off the names of counters."),
          without_units: z.boolean().default(true).describe("Leave units off the names."),
          without_scope_info: z.boolean().default(true).describe("Leave out the `otel_scope_*` labels."),
        })
        .describe("Prometheus text and OpenMetrics, at /metrics."),
    })
    .describe("In which form they are served."),
});

const periodicSchema = z.strictObject({
  interval: z.int().positive().default(60_000).describe("Milliseconds between two exports."),
  timeout: z.int().positive().default(30_000).describe("Milliseconds that one export may take."),
  exporter: z
    .strictObject({
      otlp: z
        .strictObject({
          protocol: z
            .enum(["http/protobuf", "http/json"])
            .default("http/protobuf")
            .describe("Encoding of the requests."),
          endpoint: endpointUrl().describe(
            "URL that the metrics are posted to, such as http://localhost:4318/v1/metrics.",
          ),
          headers: headers().optional().describe("Headers of each request."),
          compression: z
            .enum(["gzip", "none"])
            .default("none")
            .describe("How the bodies of the requests are compressed."),
          certificate: file(
            "PEM file with the certificate authorities of the backend; default: the system's.",
          ),
          client_certificate: file("PEM file with the certificate that the collector shows …"),
          client_key: file("… and PEM file with its key."),
        })
        .describe("OTLP over HTTP."),
    })
    .describe("Where they are sent."),
});

export const readerSchema = z
  .strictObject({
    pull: pullSchema.optional().describe("Serves the metrics to whoever asks."),
    periodic: periodicSchema.optional().describe("Sends the metrics at an interval."),
  })
  .refine((reader) => (reader.pull === undefined) !== (reader.periodic === undefined), {
    message: "must be either a pull or a periodic reader",
  });

/** `service::telemetry::metrics`: how the collector's own metrics get out, as in the Collector. */
export const selfMetricsSchema = refusing(
  z.strictObject({
    level: z
      .enum(["none", "basic", "normal", "detailed"])
      .default("normal")
      .describe(
        "How much is measured; `none` serves and sends nothing, `detailed` has the histograms as well.",
      ),
    readers: z
      .array(readerSchema)
      .optional()
      .describe("Who reads them; default: a pull reader on localhost:8888 that serves /metrics."),
  }),
  {
    address: "write `readers: [{ pull: { exporter: { prometheus: { host, port } } } }]`",
    views: "`level` says how much is measured; drop what is too much where it is scraped",
  },
);

export type SelfMetricsConfig = z.output<typeof selfMetricsSchema>;
export type PullConfig = z.output<typeof pullSchema>["exporter"]["prometheus"];
export type ReaderConfig = z.output<typeof readerSchema>;
export type PeriodicConfig = z.output<typeof periodicSchema>;

const LIST = "attributes";
const attributeSchema = z.strictObject({
  name: z.string().min(1),
  value: z.union([z.string(), z.number(), z.boolean()]),
});

/** Both forms of the Collector: `key: value`, and `attributes` with a list of names and values. */
export const resourceSchema = z
  .record(z.string(), z.unknown())
  .default({})
  .transform((resource, context): Readonly<Record<string, string | null>> => {
    const result: Record<string, string | null> = {};
    const fail = (path: (string | number)[], message: string) =>
      context.issues.push({ code: "custom", input: resource, path, message });
    for (const [key, value] of Object.entries(resource)) {
      if (typeof value === "string" || value === null) result[key] = value;
      else if (key !== LIST || !Array.isArray(value)) fail([key], "expected a string or null");
      else {
        value.forEach((item: unknown, i) => {
          const { data } = attributeSchema.safeParse(item);
          if (data === undefined) fail([key, i], "expected a name and a value, a string, number or boolean");
          else result[data.name] = String(data.value);
        });
      }
    }
    return result;
  })
  .describe(
    "Resource attributes of the collector's own telemetry, or `attributes: [{ name, value }]`; null removes a default one.",
  );
