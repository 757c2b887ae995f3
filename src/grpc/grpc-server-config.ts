import { duration, optionalSection, z } from "../config/index.ts";
import { tlsServerSchema } from "../net/index.ts";
import type { GrpcServerSettings, ServerKeepalive } from "./grpc-server.ts";

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

/** The options of everything that is a gRPC server, to be spread into a component's schema beside its `endpoint`. */
export const grpcServerShape = {
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
} as const;

/** The values of {@link grpcServerShape}. */
export type GrpcServerConfig = z.output<z.ZodObject<typeof grpcServerShape>>;

/** What the options say to the server. */
export function grpcServerOptions(
  config: GrpcServerConfig,
): Pick<GrpcServerSettings, "tls" | "maxMessageBytes" | "maxConcurrentStreams" | "keepalive"> {
  const { tls, max_recv_msg_size_mib, max_concurrent_streams, keepalive } = config;
  return {
    tls,
    maxMessageBytes: Math.floor(max_recv_msg_size_mib * 1024 * 1024),
    maxConcurrentStreams: max_concurrent_streams === 0 ? undefined : max_concurrent_streams,
    keepalive: keepalive === undefined ? undefined : keepaliveOf(keepalive.server_parameters),
  };
}

function keepaliveOf(
  parameters: NonNullable<GrpcServerConfig["keepalive"]>["server_parameters"],
): ServerKeepalive {
  const orNever = (ms: number) => (ms === 0 ? undefined : ms);
  return {
    maxIdleMs: orNever(parameters.max_connection_idle),
    maxAgeMs: orNever(parameters.max_connection_age),
    maxAgeGraceMs: orNever(parameters.max_connection_age_grace),
    timeMs: parameters.time,
    timeoutMs: parameters.timeout,
  };
}
