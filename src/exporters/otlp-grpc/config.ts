import { duration, enabledSection, headers, optionalSection, z } from "../../config/index.ts";
import { retrySchema, sendingQueueSchema, storageWarnings, timeoutSchema } from "../../delivery/index.ts";
import { MESSAGE_ENCODINGS } from "../../grpc/index.ts";
import { authSchema, tlsClientSchema } from "../../net/index.ts";
import { parseTarget } from "./target.ts";

/** In gRPC this section decides whether TLS is used, and it is unless it says otherwise. */
const tlsSchema = tlsClientSchema.safeExtend({
  insecure: z
    .boolean()
    .default(false)
    .describe(
      "No TLS at all, unless there is a CA or the endpoint's scheme is https. Without this section TLS is used.",
    ),
});

const keepaliveSchema = z.strictObject({
  time: duration({ min: 1 })
    .prefault("10s")
    .describe("A connection that was silent for so long is asked whether it still lives …"),
  timeout: duration({ min: 1 })
    .prefault("10s")
    .describe("… and closed when it does not answer in this time."),
  permit_without_stream: z
    .boolean()
    .default(false)
    .describe("Ask while no request is under way too. Servers may close connections that ask too often."),
});

export const configSchema = z.strictObject({
  endpoint: z
    .string()
    .check((context) => {
      if (parseTarget(context.value) !== undefined) return;
      context.issues.push({
        code: "custom",
        input: context.value,
        message: `expected host:port, got ${JSON.stringify(context.value)}`,
        params: { hint: "http://, https:// and dns:/// may stand before it; a socket file is unix:path" },
      });
    })
    .describe(
      "The backend as `host:port`. `https://` before it forces TLS, `dns:///` is the default; `unix:path` is a socket file. `http://` changes nothing: `tls::insecure` decides.",
    ),
  compression: z
    .enum([...MESSAGE_ENCODINGS, "none"])
    .default("gzip")
    .describe("Compression of the requests. zstd is smaller and cheaper, but not every backend takes it."),
  timeout: timeoutSchema("5s"),
  tls: tlsSchema.prefault({}).describe("TLS towards the backend; used unless `insecure` is true."),
  headers: headers().prefault({}).describe("Metadata of each request. They may hold credentials."),
  auth: authSchema
    .optional()
    .describe("Extension that authenticates the requests. What it sets goes before `headers`."),
  keepalive: optionalSection(keepaliveSchema).describe("Notice dead connections by asking them."),
  balancer_name: z
    .enum(["round_robin", "pick_first"])
    .default("round_robin")
    .describe(
      "How requests are spread over the addresses that the host's name has, such as the pods behind a headless service.",
    ),
  wait_for_ready: z
    .boolean()
    .default(false)
    .describe("A request waits for a connection, up to `timeout`, instead of failing while there is none."),
  authority: z.string().min(1).optional().describe("Value of the :authority header. Default: the endpoint."),
  user_agent: z
    .string()
    .min(1)
    .optional()
    .describe("Start of the user-agent header. Default: this collector's name and version."),
  sending_queue: enabledSection(sendingQueueSchema).describe("Queue of requests, encoded and compressed."),
  retry_on_failure: enabledSection(retrySchema).describe(
    "When and for how long failed requests are sent again.",
  ),
});

export type OtlpGrpcConfig = z.output<typeof configSchema>;

/** Whether the connection is a TLS one. */
export function usesTls({ tls, endpoint }: OtlpGrpcConfig): boolean {
  const hasCa = tls.ca_file !== undefined || tls.ca_pem !== undefined;
  return !tls.insecure || hasCa || parseTarget(endpoint)?.forcesTls === true;
}

export function configWarnings(config: OtlpGrpcConfig) {
  if (!config.endpoint.startsWith("http://") || !usesTls(config)) return storageWarnings(config);
  return [
    {
      path: ["endpoint"],
      message: "the scheme is http, but TLS is used all the same; `tls::insecure: true` switches it off",
    },
    ...storageWarnings(config),
  ];
}
