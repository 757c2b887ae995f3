import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cleanup } from "../support/certificates.ts";

/**
 * Serves bodies to several scrapers, each of which gets them in the same order whatever its timing; the last one again
 * and again. Scrapers are told apart by their User-Agent.
 */
export async function serveBodies(t: Cleanup, contentType: string, bodies: readonly string[]) {
  const served = new Map<string, number>();
  const server = createServer((request, response) => {
    const scraper = request.headers["user-agent"] ?? "";
    const count = served.get(scraper) ?? 0;
    served.set(scraper, count + 1);
    const body = bodies[Math.min(count, bodies.length - 1)] as string;
    response.writeHead(200, { "content-type": contentType }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
