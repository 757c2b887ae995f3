import { type RpcCode, rpcCodeName } from "./rpc-code.ts";

/** A call that ended with another status than OK, whichever side of it we are. */
export class RpcError extends Error {
  /** Usually one of {@link RpcCode}; a server may send others. */
  readonly code: number;
  /** The message that came or goes with the code. */
  readonly details: string;
  /** What the server asked to wait for (google.rpc.RetryInfo), in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: RpcCode | number,
    details: string,
    options: { readonly retryAfterMs?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(
      `rpc error: code = ${rpcCodeName(code)} desc = ${details}`,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = "RpcError";
    this.code = code;
    this.details = details;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The status that lies behind an error: its own, or that of one of its causes. */
export function findRpcError(error: unknown): RpcError | undefined {
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    if (at instanceof RpcError) return at;
    seen.add(at);
  }
  return undefined;
}
