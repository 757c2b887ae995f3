import { duration, optionalSection, z } from "../../config/index.ts";
import { authSchema, httpServerShape, listenAddress, tlsServerSchema } from "../../net/index.ts";
import { METRICS_PATH } from "../../otlp/index.ts";

const auth = authSchema
  .optional()
  .describe("Extension that decides which requests are taken, such as `basicauth` or `bearertokenauth`.");

const include_metadata = z
  .boolean()
  .default(false)
  .describe(
    "Whether the headers of a request stay with its data, for `headers_setter` and others that read them.",
  );

const httpSchema = z.strictObject({
  endpoint: listenAddress()
    .default("localhost:4318")
    .describe("Address to listen on, `host:port`; `0.0.0.0:4318` is every IPv4 interface."),
  metrics_url_path: z
    .string()
    .startsWith("/", "expected a path such as /v1/metrics")
    .default(METRICS_PATH)
    .describe("Path that takes metrics."),
  auth,
  include_metadata,
  ...httpServerShape,
});

const never = (what: string) => duration().prefault("0s").describe(`${what} 0s = never.`);

const serverParametersSchema = z.strictObject({
  max_connection_idle: never("A connection without calls is closed after this time."),
  max_connection_age: never(
    "A connection is closed after this time, so that clients spread anew over the replicas.",
  ),
  max_connection_age_grace: never("Time for the calls of a connection that was too old, then it is cut off."),
  time: duration({ min: 1 })
    .prefault("2h")
    .describe("A connection that was silent for so long is asked whether it still lives …"),
  timeout: duration({ min: 1 })
    .prefault("20s")
    .describe("… and closed when it does not answer in this time."),
});

const grpcSchema = z.strictObject({
  endpoint: listenAddress()
    .default("localhost:4317")
    .describe("Address to listen on, `host:port`; `0.0.0.0:4317` is every IPv4 interface."),
  auth,
  include_metadata,
  tls: optionalSection(tlsServerSchema).describe("Serve with TLS."),
  max_recv_msg_size_mib: z
    .number()
    .positive()
    .default(4)
    .describe("Largest message in MiB, as it comes and again when it is decompressed."),
  max_concurrent_streams: z
    .int()
    .min(0)
    .default(0)
    .describe("Calls that one connection may have under way at a time; 0 = no limit."),
  keepalive: optionalSection(
    z.strictObject({
      server_parameters: serverParametersSchema
        .prefault({})
        .describe("How connections are watched and renewed."),
    }),
  ).describe("Life of the connections. Off: they live for as long as the client wants."),
});

export type HttpProtocolConfig = z.output<typeof httpSchema>;
export type GrpcProtocolConfig = z.output<typeof grpcSchema>;

export const configSchema = z.strictObject({
  protocols: z
    .strictObject({
      http: optionalSection(httpSchema).describe(
        "OTLP over HTTP, protobuf and JSON. On when the key is there.",
      ),
      grpc: optionalSection(grpcSchema).describe("OTLP over gRPC. On when the key is there."),
    })
    .prefault({ http: undefined, grpc: undefined })
    .check((context) => {
      const { http, grpc } = context.value;
      if (http !== undefined || grpc !== undefined) return;
      context.issues.push({
        code: "custom",
        input: context.value,
        message: "must specify at least one protocol when using the OTLP receiver",
        params: { hint: "write `http:` or `grpc:`, even with nothing behind it" },
      });
    })
    .describe("What to listen for."),
});

export type OtlpReceiverConfig = z.output<typeof configSchema>;
