import { isPermanent, RetryableError } from "../../component/index.ts";
import { findRpcError, isRetryable, RpcCode } from "../../grpc/index.ts";
import { OtlpDecodeError } from "../../otlp/index.ts";
import { clientText } from "./client-text.ts";

/** For a refusal that may be over soon, where nobody knows when. */
export const RETRY_AFTER_MS = 1000;

/** What the sender of a request that was not taken is told. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  /** The least time to wait; undefined: trying again does not help. */
  readonly retryAfterMs: number | undefined;
}

/**
 * The gRPC status for an error of the pipeline. One that comes from a backend behind it keeps its code, as far as that
 * says the same about trying again as the error does.
 */
export function refusalOf(error: unknown): Refusal {
  const message = clientText(error);
  if (error instanceof OtlpDecodeError) {
    return { code: RpcCode.InvalidArgument, message, retryAfterMs: undefined };
  }
  const rpc = findRpcError(error);
  const permanent = isPermanent(error);
  const knownMs = (error instanceof RetryableError ? error.retryAfterMs : undefined) ?? rpc?.retryAfterMs;
  const retryAfterMs = permanent ? undefined : (knownMs ?? RETRY_AFTER_MS);
  if (rpc !== undefined && isRetryable(rpc.code, permanent ? undefined : knownMs) !== permanent) {
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
