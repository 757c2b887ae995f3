import type { IncomingMessage, ServerResponse } from "node:http";
import { AuthenticationError, type ServerAuthenticator } from "../../component/index.ts";

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The handler behind an authenticator: a request that it refuses is answered with 401 before its body is read. */
export function authenticated(authenticator: ServerAuthenticator, handle: Handle): Handle {
  return async (request, response) => {
    try {
      await authenticator.authenticate(headersOf(request));
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      response
        .writeHead(401, { "Content-Type": "text/plain; charset=utf-8", "WWW-Authenticate": error.challenge })
        .end(`401 unauthorized: ${error.message}`);
      return;
    }
    await handle(request, response);
  };
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}
