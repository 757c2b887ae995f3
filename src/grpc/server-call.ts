import type { Metadata, ServerErrorResponse } from "@grpc/grpc-js";
import { shownError } from "../config/index.ts";
import type { GrpcLibrary } from "./grpc-library.ts";
import { encodeRetryStatus } from "./retry-info.ts";
import { RpcCode } from "./rpc-code.ts";
import { RpcError } from "./rpc-error.ts";

/** Text values that came with a call under lower-case names; binary ones (`-bin`) are not there. */
export type CallMetadata = ReadonlyMap<string, readonly string[]>;

export function textMetadata(metadata: Metadata): CallMetadata {
  const texts = new Map<string, readonly string[]>();
  for (const [name, values] of Object.entries(metadata.toJSON())) {
    const text = values.filter((value) => typeof value === "string");
    if (text.length > 0) texts.set(name, text);
  }
  return texts;
}

/** The status that a call ends with after what its method threw: an RpcError's own, for anything else `Unknown`. */
export function errorResponse(
  grpc: GrpcLibrary,
  error: unknown,
): Partial<ServerErrorResponse> & { readonly code: number } {
  if (!(error instanceof RpcError)) return { code: RpcCode.Unknown, details: shownError(error) };
  const { code, details, retryAfterMs } = error;
  if (retryAfterMs === undefined) return { code, details };
  const metadata = new grpc.Metadata();
  metadata.set("grpc-status-details-bin", encodeRetryStatus(code, details, retryAfterMs));
  return { code, details, metadata };
}
