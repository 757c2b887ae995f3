import type { ServerAuthenticator } from "../../component/index.ts";
import { EXPORT_METRICS, type GrpcServerSettings, grpcServerOptions, RpcError } from "../../grpc/index.ts";
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
  const { endpoint, include_metadata } = config;
  return {
    endpoint,
    ...grpcServerOptions(config),
    methods: {
      async [EXPORT_METRICS](message, metadata, peer, gone) {
        // Before anything is waited for: a connection that is gone has no address.
        const address = ipAddress(peer().replace(/:\d+$/, ""));
        const auth = authenticator && (await authenticateCall(authenticator, metadata()));
        const client = {
          address,
          auth,
          metadata: include_metadata ? metadataOf(metadata()) : undefined,
          gone: gone(),
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
