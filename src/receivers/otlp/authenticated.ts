import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type AuthData,
  AuthenticationError,
  requestHeaders,
  type ServerAuthenticator,
} from "../../component/index.ts";
import { RETRY_AFTER_MS } from "./refusal.ts";

type Handle = (request: IncomingMessage, response: ServerResponse, auth?: AuthData) => Promise<void>;

/** The handler behind an authenticator: a request that it refuses is answered with 401 before its body is read. */
export function authenticated(authenticator: ServerAuthenticator, handle: Handle): Handle {
  return async (request, response) => {
    let auth: AuthData | undefined;
    try {
      auth = (await authenticator.authenticate(requestHeaders(Object.entries(request.headers)))) ?? undefined;
    } catch (error) {
      if (!(error instanceof AuthenticationError)) {
        // Not the sender's fault, who should keep the data. The server logs what it is.
        response.writeHead(503, { "Retry-After": String(RETRY_AFTER_MS / 1000) }).end();
        throw error;
      }
      response
        .writeHead(401, { "Content-Type": "text/plain; charset=utf-8", "WWW-Authenticate": error.challenge })
        .end(`401 unauthorized: ${error.message}`);
      return;
    }
    await handle(request, response, auth);
  };
}
