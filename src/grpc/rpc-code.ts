/** The status codes of gRPC (google.rpc.Code) by the names that Go prints. */
export const RpcCode = {
  OK: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;
export type RpcCode = (typeof RpcCode)[keyof typeof RpcCode];

const names = new Map<number, string>(Object.entries(RpcCode).map(([name, code]) => [code, name]));

export function rpcCodeName(code: number): string {
  return names.get(code) ?? `Code(${code})`;
}

/** Codes after which the same request may be sent again (OTLP specification, section "Failures" of OTLP/gRPC). */
const RETRYABLE: ReadonlySet<number> = new Set([
  RpcCode.Canceled,
  RpcCode.DeadlineExceeded,
  RpcCode.Aborted,
  RpcCode.OutOfRange,
  RpcCode.Unavailable,
  RpcCode.DataLoss,
]);

/** `ResourceExhausted` is retryable only when the server says after how long: `retryAfterMs`. */
export function isRetryable(code: number, retryAfterMs: number | undefined): boolean {
  return RETRYABLE.has(code) || (code === RpcCode.ResourceExhausted && retryAfterMs !== undefined);
}
