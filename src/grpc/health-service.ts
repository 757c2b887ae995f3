import { readFields, varintField } from "./protobuf-fields.ts";
import { RpcCode } from "./rpc-code.ts";
import { RpcError } from "./rpc-error.ts";

/** Paths of the methods of grpc.health.v1.Health: one answer to each question, and a stream of answers. */
export const HEALTH_CHECK = "/grpc.health.v1.Health/Check";
export const HEALTH_WATCH = "/grpc.health.v1.Health/Watch";

/** HealthCheckResponse.ServingStatus. `SERVICE_UNKNOWN` is for streams only. */
export const ServingStatus = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus];

/**
 * The name of the service that a HealthCheckRequest{service=1} asks for; "" is the server as a whole.
 * @throws RpcError InvalidArgument when the bytes are no such message
 */
export function decodeHealthRequest(message: Uint8Array): string {
  let service = "";
  let end = 0;
  for (const field of readFields(message)) {
    if (field.number === 1 && field.bytes !== undefined) service = Buffer.from(field.bytes).toString("utf8");
    end = field.end;
  }
  if (end !== message.length) {
    throw new RpcError(RpcCode.InvalidArgument, "the message is no grpc.health.v1.HealthCheckRequest");
  }
  return service;
}

/** HealthCheckResponse{status=1} */
export function encodeHealthResponse(status: ServingStatus): Uint8Array {
  return varintField(1, status);
}
