import { isPermanent, PartialError, PermanentError, RetryableError } from "../../component/index.ts";
import type { KnownError } from "../../delivery/index.ts";
import { findRpcError, isRetryable, RpcCode, RpcError, rpcCodeName } from "../../grpc/index.ts";
import { decodeExportResponse, OtlpDecodeError } from "../../otlp/index.ts";

/** The server refused the credentials. */
export function isUnauthenticated(error: unknown): boolean {
  return error instanceof RpcError && error.code === RpcCode.Unauthenticated;
}

/**
 * What a failed call means for its request (OTLP specification, section "OTLP/gRPC Response"): some codes may be tried
 * again, no sooner than the server's RetryInfo says.
 * @param canRenew whether the next attempt may bring other credentials
 */
export function callError(error: unknown, endpoint: string, canRenew = false): Error {
  if (isPermanent(error)) return error as Error;
  if (!(error instanceof RpcError)) {
    return new RetryableError(`error exporting items to ${endpoint}`, { cause: error });
  }
  const message = `error exporting items to ${endpoint}: ${error.message}`;
  const { code, retryAfterMs } = error;
  const isRetried = isRetryable(code, retryAfterMs) || (canRenew && isUnauthenticated(error));
  if (!isRetried) return new PermanentError(message, { cause: error });
  return new RetryableError(message, { cause: error, retryAfterMs });
}

/** What servers usually answer. */
export const KNOWN_ERRORS: readonly KnownError[] = [
  RpcCode.InvalidArgument,
  RpcCode.PermissionDenied,
  RpcCode.ResourceExhausted,
  RpcCode.Unimplemented,
  RpcCode.Internal,
  RpcCode.Unavailable,
  RpcCode.Unauthenticated,
].map((code) => ({ type: rpcCodeName(code), permanent: !isRetryable(code, undefined) }));

/** `error.type` of an error that came of a call: the name of its code. */
export function errorTypeOf(error: unknown): string | undefined {
  const found = findRpcError(error);
  return found && rpcCodeName(found.code);
}

/**
 * Looks for a partial success in the answer.
 * @throws PartialError, PermanentError for an answer that is not OTLP's
 */
export function checkAnswer(answer: Uint8Array, endpoint: string): void {
  let rejected: number;
  let reason: string;
  try {
    const response = decodeExportResponse(answer);
    rejected = Math.max(0, response.rejectedDataPoints);
    reason = response.errorMessage;
  } catch (cause) {
    if (!(cause instanceof OtlpDecodeError)) throw cause;
    throw new PermanentError(`the response of ${endpoint} cannot be decoded`, { cause });
  }
  if (rejected === 0 && reason === "") return;
  const text = reason === "" ? "the backend gave no reason" : reason;
  throw new PartialError(`${endpoint} rejected ${rejected} data points: ${text}`, rejected);
}
