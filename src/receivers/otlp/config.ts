import { optionalSection, z } from "../../config/index.ts";
import { grpcServerShape } from "../../grpc/index.ts";
import { authSchema, httpServerShape, listenAddress } from "../../net/index.ts";
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

const grpcSchema = z.strictObject({
  endpoint: listenAddress()
    .default("localhost:4317")
    .describe("Address to listen on, `host:port`; `0.0.0.0:4317` is every IPv4 interface."),
  auth,
  include_metadata,
  ...grpcServerShape,
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
