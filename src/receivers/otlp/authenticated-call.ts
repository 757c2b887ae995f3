import {
  type AuthData,
  AuthenticationError,
  requestHeaders,
  type ServerAuthenticator,
} from "../../component/index.ts";
import { type CallMetadata, RpcCode, RpcError } from "../../grpc/index.ts";
import { clientText } from "./client-text.ts";
import { RETRY_AFTER_MS } from "./refusal.ts";

/**
 * Lets a call through that the authenticator lets through; gives what that knows of the sender.
 * @throws RpcError Unauthenticated, or Unavailable when the authenticator cannot tell
 */
export async function authenticateCall(
  authenticator: ServerAuthenticator,
  metadata: CallMetadata,
): Promise<AuthData | undefined> {
  try {
    return (await authenticator.authenticate(requestHeaders(metadata))) ?? undefined;
  } catch (cause) {
    if (cause instanceof AuthenticationError) {
      throw new RpcError(RpcCode.Unauthenticated, cause.message, { cause });
    }
    throw new RpcError(RpcCode.Unavailable, `the call cannot be authenticated: ${clientText(cause)}`, {
      retryAfterMs: RETRY_AFTER_MS,
      cause,
    });
  }
}
