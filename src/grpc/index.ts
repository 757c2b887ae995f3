export { GrpcClient, type GrpcClientSettings, type UnaryCall } from "./grpc-client.ts";
export {
  type CallMetadata,
  GrpcServer,
  type GrpcServerSettings,
  type ServerKeepalive,
} from "./grpc-server.ts";
export { compressMessage, MESSAGE_ENCODINGS, type MessageEncoding } from "./message-encoding.ts";
export { EXPORT_METRICS } from "./metrics-service.ts";
export { isRetryable, RpcCode, rpcCodeName } from "./rpc-code.ts";
export { findRpcError, RpcError } from "./rpc-error.ts";
