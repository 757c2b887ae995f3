import { CollectorError } from "../errors/index.ts";
import type { AuthData } from "./client.ts";
import type { Component, Host } from "./component.ts";

/** Header values under lower-case names. */
export type RequestHeaders = Readonly<Record<string, string>>;

/** Of the headers (HTTP) or metadata (gRPC) of a request: fields that came more than once are one with a comma. */
export function requestHeaders(
  fields: Iterable<readonly [name: string, value: string | readonly string[] | undefined]>,
): RequestHeaders {
  return Object.fromEntries([...fields].map(([name, value]) => [name, [value ?? []].flat().join(", ")]));
}

/** An extension that authenticates the requests of clients: exporters and receivers name it as `auth::authenticator`. */
export interface ClientAuthenticator extends Component {
  /**
   * The headers to send in place of `headers`; asked before each request, so that credentials may change.
   * @throws any error: the request is not sent, and counts as one that failed and may be tried again
   */
  authorize(headers: RequestHeaders): RequestHeaders | Promise<RequestHeaders>;
  /**
   * A server refused what `authorize` gave (401, UNAUTHENTICATED): nothing that is kept of it serves again, it is read or
   * asked for anew. Only where this method is there can a request that was refused so be better the next time, and is
   * sent again.
   */
  refused?(): void;
}

/** An extension that decides which requests a server answers. */
export interface ServerAuthenticator extends Component {
  /**
   * Returns what is known of the sender, if anything: `auth` of the {@link Client}.
   * @throws AuthenticationError when the request is to be refused with 401
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: one that knows nothing need not say so
  authenticate(headers: RequestHeaders): AuthData | void | Promise<AuthData | void>;
}

/** The sender of a request is not who may send it. The message goes to the sender and tells nothing of what is right. */
export class AuthenticationError extends CollectorError {
  /** For the header WWW-Authenticate. */
  readonly challenge: string;

  constructor(message: string, challenge: string) {
    super("AUTH", message);
    this.challenge = challenge;
  }
}

/** @throws CollectorError AUTH when there is no such extension, or it authenticates no clients */
export function findClientAuthenticator(host: Host, id: string): ClientAuthenticator {
  return find<ClientAuthenticator>(host, id, "authorize", "client");
}

/** @throws CollectorError AUTH when there is no such extension, or it authenticates no requests to servers */
export function findServerAuthenticator(host: Host, id: string): ServerAuthenticator {
  return find<ServerAuthenticator>(host, id, "authenticate", "server");
}

function find<Authenticator extends Component>(
  host: Host,
  id: string,
  method: string,
  side: "client" | "server",
): Authenticator {
  const extension = host.extension(id);
  if (extension === undefined) {
    throw new CollectorError(
      "AUTH",
      `failed to resolve authenticator "${id}": there is no such running extension`,
    );
  }
  // Extensions that can do both, such as basicauth, may be set up for one only.
  if (!(method in extension) || typeof (extension as never)[method] !== "function") {
    throw new CollectorError("AUTH", `extension "${id}" is not set up as a ${side} authenticator`);
  }
  return extension as Authenticator;
}
