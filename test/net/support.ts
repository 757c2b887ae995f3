import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { z } from "../../src/config/index.ts";
import {
  type FetchBodyRequest,
  type FetchedBody,
  HttpClient,
  HttpError,
  httpClientShape,
  ReusableBuffer,
} from "../../src/net/index.ts";
import { type LogFields, type Logger, silentLogger } from "../../src/telemetry/index.ts";
import type { Cleanup } from "../support/certificates.ts";
import { createCertificateAuthority } from "../support/certificates.ts";

/** One authority and one server certificate for 127.0.0.1 and virt-handler's own names. */
export const authority = createCertificateAuthority();
export const serverCertificate = authority.issue({
  commonName: "kubevirt.io:system:node:virt-handler",
  dnsNames: ["virt-handler.kubevirt.svc", "localhost"],
  ipAddresses: ["127.0.0.1"],
});

export interface TestServer {
  readonly port: number;
  /** `http(s)://127.0.0.1:port` */
  readonly origin: string;
  /** TCP connections accepted so far. */
  readonly connections: () => number;
}

export async function listen(cleanup: Cleanup, server: NetServer, scheme: string): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.after(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  return { port, origin: `${scheme}://127.0.0.1:${port}`, connections: () => connections };
}

export async function httpServer(cleanup: Cleanup, listener: RequestListener): Promise<TestServer> {
  return await listen(cleanup, createHttpServer(listener), "http");
}

export async function httpsServer(
  cleanup: Cleanup,
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<TestServer & { readonly server: Server }> {
  const server = createHttpsServer(
    { cert: serverCertificate.certPem, key: serverCertificate.keyPem, ...options },
    listener,
  );
  server.on("tlsClientError", () => {});
  return { ...(await listen(cleanup, server, "https")), server };
}

const schema = z.strictObject(httpClientShape);

export interface TestClient extends HttpClient {
  /** GETs with the client's own buffer; defaults fit a loopback server. */
  fetch(url: string, request?: Partial<FetchBodyRequest>): Promise<FetchedBody>;
  /** The body of the last fetch. */
  text(): string;
}

/** A client from what a user would write in YAML; it sees an empty environment unless one is given. */
export async function openClient(
  cleanup: Cleanup,
  config: Partial<z.input<typeof schema>> = {},
  settings: Partial<Omit<Parameters<typeof HttpClient.open>[0], "config">> = {},
): Promise<TestClient> {
  const client = await HttpClient.open({
    config: schema.parse(config),
    logger: silentLogger,
    environment: {},
    ...settings,
  });
  cleanup.after(() => client.close());
  const into = new ReusableBuffer();
  return Object.assign(client, {
    fetch: (url: string, request: Partial<FetchBodyRequest> = {}) =>
      client.fetchBody({ url, timeoutMs: 10_000, bodyLimitBytes: 0, into, ...request }),
    text: () => into.view().toString(),
  });
}

/** For assert.rejects: an HttpError with these properties, and a message that fits. */
export function httpError(
  expected: Partial<Pick<HttpError, "code" | "reason" | "status">>,
  message: RegExp,
): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof HttpError)) throw error;
    for (const [name, value] of Object.entries(expected)) {
      if (error[name as keyof HttpError] !== value) {
        throw new Error(`${name} is ${String(error[name as keyof HttpError])}, expected ${value}`, {
          cause: error,
        });
      }
    }
    if (!message.test(error.message)) throw new Error(`message does not fit ${message}`, { cause: error });
    return true;
  };
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** A logger that keeps what it is told. */
export function recordingLogger(): Logger & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (message: string, fields?: LogFields): void => {
      lines.push({ level, message, fields });
    };
  const logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { ...logger, lines, child: () => silentLogger, isEnabled: () => true };
}
