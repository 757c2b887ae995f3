import { isPermanent, RetryableError } from "../../component/index.ts";
import { errorText } from "../../errors/index.ts";
import { findRpcError, isRetryable, RpcCode } from "../../grpc/index.ts";
import { OtlpDecodeError } from "../../otlp/index.ts";

/** What the sender of a request that was not taken is told. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  /** The least time to wait, where the refusing side knows one. */
  readonly retryAfterMs: number | undefined;
}

/**
 * The gRPC status for an error of the pipeline. One that comes from a backend behind it keeps its code, as far as that
 * says the same about trying again as the error does.
 */
export function refusalOf(error: unknown): Refusal {
  const message = errorText(error);
  if (error instanceof OtlpDecodeError) {
    return { code: RpcCode.InvalidArgument, message, retryAfterMs: undefined };
  }
  const rpc = findRpcError(error);
  const permanent = isPermanent(error);
  const retryAfterMs = permanent
    ? undefined
    : ((error instanceof RetryableError ? error.retryAfterMs : undefined) ?? rpc?.retryAfterMs);
  if (rpc !== undefined && isRetryable(rpc.code, retryAfterMs) !== permanent) {
    return { code: rpc.code, message, retryAfterMs };
  }
  return { code: permanent ? RpcCode.Internal : RpcCode.Unavailable, message, retryAfterMs };
}

/** The HTTP status for a gRPC code (OTLP specification, section "OTLP/HTTP Response", as the Collector maps them). */
export function httpStatusOf(code: number): number {
  switch (code) {
    case RpcCode.InvalidArgument:
      return 400;
    case RpcCode.Unauthenticated:
      return 401;
    case RpcCode.PermissionDenied:
      return 403;
    case RpcCode.Unimplemented:
      return 404;
    case RpcCode.ResourceExhausted:
      return 429;
    default:
      return isRetryable(code, undefined) ? 503 : 500;
  }
}
