import { isPermanent, PartialError, PermanentError, RetryableError } from "../../component/index.ts";
import { findRpcError, isRetryable, RpcError, rpcCodeName } from "../../grpc/index.ts";
import { decodeExportResponse, OtlpDecodeError } from "../../otlp/index.ts";

/**
 * What a failed call means for its request (OTLP specification, section "OTLP/gRPC Response"): some codes may be tried
 * again, no sooner than the server's RetryInfo says.
 */
export function callError(error: unknown, endpoint: string): Error {
  if (isPermanent(error)) return error as Error;
  if (!(error instanceof RpcError)) {
    return new RetryableError(`error exporting items to ${endpoint}`, { cause: error });
  }
  const message = `error exporting items to ${endpoint}: ${error.message}`;
  const { code, retryAfterMs } = error;
  if (!isRetryable(code, retryAfterMs)) return new PermanentError(message, { cause: error });
  return new RetryableError(message, { cause: error, retryAfterMs });
}

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
