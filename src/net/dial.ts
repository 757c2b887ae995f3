import { request as httpRequest } from "node:http";
import { isIP, connect as netConnect, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { connect as tlsConnect } from "node:tls";
import { errorText } from "../errors/index.ts";
import { TransportError } from "./http-error.ts";
import { plainHost } from "./proxy.ts";
import type { TlsSettings } from "./tls-material.ts";

const TCP_KEEP_ALIVE_MS = 30_000;

export interface DialOptions {
  /** The server to talk to; its scheme decides about TLS. */
  readonly origin: URL;
  readonly proxy: URL | undefined;
  readonly tls: TlsSettings;
  /** For hosts that are not the configured one: no client certificate, no `server_name_override`. */
  readonly anonymous: boolean;
  /** Ends the attempt; once dialled, the socket is the caller's. */
  readonly signal: AbortSignal;
}

/**
 * Opens a connection that is ready for HTTP/1.1 to the origin, through a tunnel of the proxy for https. For http
 * with a proxy the connection ends at the proxy, which takes requests in absolute form.
 * @throws TransportError "connect" or "tls", by the step that failed
 */
export async function dial(options: DialOptions): Promise<Socket> {
  const { origin, proxy, tls, signal } = options;
  const secure = origin.protocol === "https:";
  const anonymousTls = { ...tls, context: tls.anonymousContext, serverName: undefined };
  let socket = await connectTcp(proxy ?? origin, signal);
  if (proxy?.protocol === "https:") socket = await handshake(socket, anonymousTls, proxy, signal);
  if (!secure) return socket;
  if (proxy !== undefined) socket = await tunnel(socket, origin, proxy, signal);
  return handshake(socket, options.anonymous ? anonymousTls : tls, origin, signal);
}

/** `Basic …` for the user name and password in a URL; undefined when it has none. */
export function basicCredentials(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const text = `${decoded(url.username)}:${decoded(url.password)}`;
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

/** The URL parser lets a stray "%" pass; it then stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function connectTcp(to: URL, signal: AbortSignal): Promise<Socket> {
  const socket = netConnect({
    host: plainHost(to.hostname),
    port: portOf(to),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  });
  return ready(socket, "connect", signal, (cause) => {
    return new TransportError("connect", `connection failed: ${errorText(cause)}`, { cause });
  });
}

function handshake(socket: Socket, tls: TlsSettings, to: URL, signal: AbortSignal): Promise<TLSSocket> {
  const name = tls.serverName ?? plainHost(to.hostname);
  const secured = tlsConnect({
    socket,
    secureContext: tls.context,
    rejectUnauthorized: tls.rejectUnauthorized,
    // `host` is what the certificate is checked against; SNI knows no addresses (RFC 6066 section 3).
    host: name,
    servername: isIP(name) === 0 ? name : "",
    ALPNProtocols: ["http/1.1"],
  });
  return ready(secured, "secureConnect", signal, (cause) => {
    // Node's advice on its command line is no help to who configures a component.
    const problem = errorText(cause).replace(/; if the root CA is installed locally.*/s, "");
    return new TransportError("tls", `TLS handshake failed: ${problem}`, { cause });
  });
}

/** Asks the proxy for a tunnel to the origin (RFC 9110 section 9.3.6). */
function tunnel(socket: Socket, origin: URL, proxy: URL, signal: AbortSignal): Promise<Socket> {
  const target = `${origin.hostname}:${portOf(origin)}`;
  const credentials = basicCredentials(proxy);
  return new Promise<Socket>((resolve, reject) => {
    const fail = (problem: string, cause?: unknown): void => {
      socket.destroy();
      reject(new TransportError("connect", `proxy ${proxy.host} ${problem}`, { cause }));
    };
    const request = httpRequest({
      method: "CONNECT",
      path: target,
      headers: { host: target, ...(credentials === undefined ? {} : { "proxy-authorization": credentials }) },
      createConnection: () => socket,
      signal,
    });
    request.once("connect", (response, _socket, head) => {
      if (response.statusCode !== 200) {
        fail(`answered ${response.statusCode} to CONNECT ${target}`);
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    // A proxy that answers CONNECT like any other request, such as with a body after 407.
    request.once("response", (response) => {
      response.resume();
      fail(`answered ${response.statusCode} to CONNECT ${target}`);
    });
    request.once("error", (cause) => fail(`gave no tunnel: ${errorText(cause)}`, cause));
    request.end();
  });
}

/** Waits for the event; on an error, an early end or the signal the socket is destroyed. */
function ready<S extends Socket>(
  socket: S,
  event: "connect" | "secureConnect",
  signal: AbortSignal,
  wrap: (cause: unknown) => TransportError,
): Promise<S> {
  return new Promise<S>((resolve, reject) => {
    const settle = (error: unknown): void => {
      socket.off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) resolve(socket);
      else {
        socket.destroy();
        reject(error);
      }
    };
    const onClose = (): void => settle(wrap(new Error("the other side closed the connection")));
    const onAbort = (): void => settle(signal.reason);
    // Stays on for good: an error between two owners of the socket must not be an uncaught one.
    socket.on("error", (cause) => settle(wrap(cause)));
    socket.once("close", onClose);
    socket.once(event, () => settle(undefined));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}
