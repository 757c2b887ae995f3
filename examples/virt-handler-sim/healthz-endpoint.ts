import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Answers `/healthz` as virt-handler does: GET only (else 405), JSON only (else 406), 200 while the Kubernetes API
 * can be reached and 500 while it cannot.
 */
export function serveHealthz(
  request: IncomingMessage,
  response: ServerResponse,
  apiReachable: boolean,
): void {
  if (request.method !== "GET") {
    response.writeHead(405, { Allow: "GET", "Content-Type": PLAIN }).end("405: Method Not Allowed");
    return;
  }
  if (!acceptsJson(request.headers.accept)) {
    const text = "406: Not Acceptable\n\nAvailable representations: application/json";
    response.writeHead(406, { "Content-Type": PLAIN }).end(text);
    return;
  }
  response
    .writeHead(apiReachable ? 200 : 500, { "Content-Type": "application/json" })
    .end(JSON.stringify(apiReachable ? HEALTHY : UNHEALTHY));
}

const PLAIN = "text/plain; charset=utf-8";

const HEALTHY = {
  apiserver: {
    connectivity: "ok",
    version: { major: "1", minor: "34", gitVersion: "v1.34.1", platform: "linux/amd64" },
  },
  "config-resource-version": "48151",
};

const UNHEALTHY = {
  apiserver: { connectivity: "failed", error: "dial tcp 10.96.0.1:443: connect: connection refused" },
};

/** The two media ranges that virt-handler's router knows to match JSON; no header means anything. */
function acceptsJson(accept = "*/*"): boolean {
  return accept
    .split(",")
    .map((range) => range.split(";")[0]?.trim())
    .some((type) => type === "*/*" || type === "application/json");
}
