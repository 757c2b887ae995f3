import type { ServerAuthenticator } from "../../component/index.ts";
import { EXPORT_METRICS, type GrpcServerSettings, RpcError, type ServerKeepalive } from "../../grpc/index.ts";
import { decodeMetrics, encodeExportResponse } from "../../otlp/index.ts";
import { authenticateCall } from "./authenticated-call.ts";
import type { GrpcProtocolConfig } from "./config.ts";
import type { Intake } from "./intake.ts";
import { refusalOf } from "./refusal.ts";
import { ipAddress, metadataOf } from "./request-metadata.ts";

/** The server of OTLP over gRPC (OTLP specification, section "OTLP/gRPC"). */
export function grpcServerSettings(
  config: GrpcProtocolConfig,
  intake: Intake,
  authenticator: ServerAuthenticator | undefined,
): Omit<GrpcServerSettings, "logger" | "now"> {
  const { endpoint, tls, max_recv_msg_size_mib, max_concurrent_streams, keepalive, include_metadata } =
    config;
  return {
    endpoint,
    tls,
    maxMessageBytes: Math.floor(max_recv_msg_size_mib * 1024 * 1024),
    maxConcurrentStreams: max_concurrent_streams === 0 ? undefined : max_concurrent_streams,
    keepalive: keepalive === undefined ? undefined : keepaliveOf(keepalive.server_parameters),
    methods: {
      async [EXPORT_METRICS](message, metadata, peer) {
        // Before anything is waited for: a connection that is gone has no address.
        const address = ipAddress(peer().replace(/:\d+$/, ""));
        const auth = authenticator && (await authenticateCall(authenticator, metadata()));
        const client = {
          address,
          auth,
          metadata: include_metadata ? metadataOf(metadata()) : undefined,
        };
        try {
          return encodeExportResponse(await intake.take("grpc", client, () => decodeMetrics(message)));
        } catch (error) {
          const { code, message: details, retryAfterMs } = refusalOf(error);
          throw new RpcError(code, details, { retryAfterMs, cause: error });
        }
      },
    },
  };
}

function keepaliveOf(
  parameters: NonNullable<GrpcProtocolConfig["keepalive"]>["server_parameters"],
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
