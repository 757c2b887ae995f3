import { once } from "node:events";
import type { RequestListener } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";
import type { TLSSocket } from "node:tls";

export interface TlsListenerSettings {
  readonly port: number;
  readonly host: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly serve: RequestListener;
}

/** What Go's TLS server takes for a client that forgot the "s" of https. */
const HTTP_STARTS = ["GET /", "HEAD ", "POST ", "PUT /", "OPTIO"];

/**
 * The listener of a Go HTTPS server as virt-handler sets it up: TLS 1.2 and later, HTTP/1.1 without ALPN, no
 * time-outs, plain HTTP answered with 400, client certificates not needed but refused unless the system's roots
 * vouch for them.
 */
export class TlsListener {
  readonly #front: Server;
  readonly #https: HttpsServer;
  readonly #sockets = new Set<Socket>();

  private constructor(settings: TlsListenerSettings) {
    this.#https = createHttpsServer(
      {
        cert: settings.certPem,
        key: settings.keyPem,
        minVersion: "TLSv1.2",
        // An empty list, so that a client that offers h2 gets no protocol instead of an alert.
        ALPNProtocols: [],
        requestCert: true,
        rejectUnauthorized: false,
        keepAliveTimeout: 0,
        requestTimeout: 0,
        headersTimeout: 0,
      },
      settings.serve,
    );
    this.#https.on("secureConnection", refuseUnknownClient);
    // A failed handshake concerns the client only.
    this.#https.on("tlsClientError", (_error, socket) => socket.destroy());
    this.#front = createServer((socket) => this.#accept(socket));
  }

  static async listen(settings: TlsListenerSettings): Promise<TlsListener> {
    const listener = new TlsListener(settings);
    listener.#front.listen(settings.port, settings.host);
    await once(listener.#front, "listening");
    return listener;
  }

  get port(): number {
    return (this.#front.address() as AddressInfo).port;
  }

  /** Cuts every connection, requests in flight too: virt-handler exits without waiting for them. */
  async close(): Promise<void> {
    if (!this.#front.listening) return;
    const closed = once(this.#front, "close");
    this.#front.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // A peer that resets its connection is no fault of ours.
    socket.on("error", () => socket.destroy());
    socket.once("data", (start: Buffer) => {
      socket.pause();
      if (HTTP_STARTS.includes(start.toString("latin1", 0, 5))) {
        socket.end("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
        return;
      }
      socket.unshift(start);
      this.#https.emit("connection", socket);
    });
  }
}

function refuseUnknownClient(socket: TLSSocket): void {
  const sentCertificate = Object.keys(socket.getPeerCertificate()).length > 0;
  if (sentCertificate && !socket.authorized) socket.destroy();
}
