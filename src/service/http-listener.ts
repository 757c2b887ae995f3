import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * Resolves to the port. The server does not keep the process alive: it is there for who asks, no more.
 * @throws the listening socket's error, such as EADDRINUSE
 */
export async function bind(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port }, resolve);
  await promise;
  server.off("error", reject);
  server.unref();
  return (server.address() as AddressInfo).port;
}

/** Ends the server with all connections. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  });
}
