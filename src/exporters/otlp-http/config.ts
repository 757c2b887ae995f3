import { duration, enabledSection, endpointUrl, z } from "../../config/index.ts";
import { retrySchema, sendingQueueSchema, timeoutSchema } from "../../delivery/index.ts";
import { httpClientShape } from "../../net/index.ts";
import { METRICS_PATH } from "../../otlp/index.ts";
import { RETRYABLE_STATUSES } from "./response.ts";

/** Compression levels that zlib and zstd take. */
const LEVELS = { gzip: [-1, 9], zstd: [-7, 22] } as const;

export const configSchema = z
  .strictObject({
    endpoint: endpointUrl()
      .optional()
      .describe(
        `Base URL of the backend; \`${METRICS_PATH}\` is appended. This or \`metrics_endpoint\` is required.`,
      ),
    metrics_endpoint: endpointUrl()
      .optional()
      .describe("URL to which metrics are posted, used as it is. Goes before `endpoint`."),
    encoding: z
      .enum(["proto", "json"])
      .default("proto")
      .describe("Encoding of the requests: protobuf or JSON."),
    compression: z
      .enum(["gzip", "zstd", "none"])
      .default("gzip")
      .describe("Compression of the requests. zstd is smaller and cheaper, but not every backend takes it."),
    compression_params: z
      .strictObject({
        level: z
          .int()
          .default(1)
          .describe("gzip: -1 (zlib's default, 6) to 9; zstd: -7 to 22. Higher is smaller and dearer."),
      })
      .prefault({})
      .describe("How to compress."),
    timeout: timeoutSchema("30s"),
    tls: httpClientShape.tls,
    headers: httpClientShape.headers,
    auth: httpClientShape.auth,
    proxy_url: httpClientShape.proxy_url,
    idle_conn_timeout: duration({ min: 1 })
      .prefault("90s")
      .describe("How long an idle connection is kept for the next request."),
    sending_queue: enabledSection(sendingQueueSchema).describe(
      "Queue of requests, encoded and compressed, in memory or in a storage.",
    ),
    retry_on_failure: enabledSection(retrySchema).describe(
      "When and for how long failed requests are sent again.",
    ),
    retryable_status_codes: z
      .array(z.int().min(300).max(599))
      .default([...RETRYABLE_STATUSES])
      .describe(
        "HTTP statuses after which a request is sent again; after any other error status it is dropped. Failures below HTTP are always retried.",
      ),
  })
  .check((context) => {
    const { endpoint, metrics_endpoint, compression, compression_params } = context.value;
    if (endpoint === undefined && metrics_endpoint === undefined) {
      context.issues.push({
        code: "custom",
        input: context.value,
        message: "at least one endpoint must be specified",
        params: { hint: "set endpoint or metrics_endpoint" },
      });
    }
    if (compression === "none") return;
    const [least, most] = LEVELS[compression];
    const { level } = compression_params;
    if (level >= least && level <= most) return;
    context.issues.push({
      code: "custom",
      input: level,
      path: ["compression_params", "level"],
      message: `${compression} has levels from ${least} to ${most}, got ${level}`,
    });
  });

export type OtlpHttpConfig = z.output<typeof configSchema>;
