export { GrpcClient, type GrpcClientSettings, type UnaryCall } from "./grpc-client.ts";
export { GrpcServer, type GrpcServerSettings } from "./grpc-server.ts";
export { type GrpcServerConfig, grpcServerOptions, grpcServerShape } from "./grpc-server-config.ts";
export {
  decodeHealthRequest,
  encodeHealthResponse,
  HEALTH_CHECK,
  HEALTH_WATCH,
  ServingStatus,
} from "./health-service.ts";
export { compressMessage, MESSAGE_ENCODINGS, type MessageEncoding } from "./message-encoding.ts";
export { EXPORT_METRICS } from "./metrics-service.ts";
export { isRetryable, RpcCode, rpcCodeName } from "./rpc-code.ts";
export { findRpcError, RpcError } from "./rpc-error.ts";
export type { CallMetadata } from "./server-call.ts";
export type { StreamCall, StreamMethod } from "./server-streams.ts";
