import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { authority, httpError, httpServer, httpsServer, openClient } from "./support.ts";

const secrets = {
  authorization: { credentials: "secret" },
  headers: { "X-Api-Key": "secret", Cookie: "secret" },
} as const;

interface Seen {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Redirects /to?<location> there with status 302, answers the rest. */
async function redirecting(t: TestContext) {
  const seen: Seen[] = [];
  const server = await httpServer(t, (request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    const [path, location] = (request.url ?? "").split("?");
    if (path === "/to")
      response.writeHead(302, { location: decodeURIComponent(location ?? "") }).end("moved");
    else response.end("arrived");
  });
  const to = (location: string): string => `${server.origin}/to?${encodeURIComponent(location)}`;
  return { ...server, seen, to };
}

test("a redirect on the same origin keeps credentials and connection", async (t) => {
  const { to, seen, connections } = await redirecting(t);
  const client = await openClient(t, secrets);
  await client.fetch(to("/metrics"), { headers: { accept: "text/plain" } });
  assert.equal(client.text(), "arrived");
  assert.deepEqual(
    seen.map(({ url }) => url?.split("?")[0]),
    ["/to", "/metrics"],
  );
  for (const { headers } of seen) {
    assert.equal(headers.authorization, "Bearer secret");
    assert.equal(headers["x-api-key"], "secret");
    assert.equal(headers.accept, "text/plain");
  }
  assert.equal(connections(), 1);
});

test("another host gets no credentials, and neither does who it sends back to", async (t) => {
  const home = await redirecting(t);
  const away = await redirecting(t);
  const client = await openClient(t, secrets);
  const request = { headers: { accept: "text/plain", authorization: "Bearer of this request" } };
  await client.fetch(home.to(away.to(`${home.origin}/metrics`)), request);
  assert.equal(client.text(), "arrived");
  const [first, last] = home.seen;
  assert.equal(first?.headers.authorization, "Bearer secret");
  for (const seen of [away.seen[0], last]) {
    assert.equal(seen?.headers.accept, "text/plain");
    for (const [name, value] of Object.entries(seen?.headers ?? {})) {
      assert.ok(!/secret|of this request/.test(String(value)), `${name}: ${value}`);
    }
  }
});

test("another host sees no client certificate and is verified by its own name", async (t) => {
  const peers: string[] = [];
  const leaf = authority.issue({ commonName: "monitoring", client: true });
  const options = { requestCert: true, rejectUnauthorized: false };
  const note = (socket: unknown): void => {
    peers.push((socket as TLSSocket).getPeerCertificate().subject?.CN?.toString() ?? "none");
  };
  const away = await httpsServer(
    t,
    (request, response) => {
      note(request.socket);
      response.end("arrived");
    },
    options,
  );
  const named = authority.issue({ commonName: "x", dnsNames: ["virt-handler"] });
  const home = await httpsServer(
    t,
    (request, response) => {
      note(request.socket);
      response.writeHead(307, { location: `${away.origin}/metrics` }).end();
    },
    { ...options, cert: named.certPem, key: named.keyPem },
  );
  const client = await openClient(t, {
    tls: {
      ca_pem: authority.certPem,
      cert_pem: leaf.certPem,
      key_pem: leaf.keyPem,
      server_name_override: "virt-handler",
    },
  });
  await client.fetch(home.origin);
  assert.equal(client.text(), "arrived");
  assert.deepEqual(peers, ["monitoring", "none"]);
});

test("redirects end after ten, and where they lead to no http URL", async (t) => {
  let hops = 0;
  const { origin } = await httpServer(t, (_request, response) => {
    hops += 1;
    response.writeHead(308, { location: "/again" }).end();
  });
  const client = await openClient(t);
  await assert.rejects(
    client.fetch(origin),
    httpError({ code: "SCRAPE_HTTP", reason: "http_status" }, /more than 10 redirects$/),
  );
  assert.equal(hops, 11);
  const { to } = await redirecting(t);
  await assert.rejects(
    client.fetch(to("file:///etc/passwd")),
    httpError({ status: 302 }, /allowed are http and https/),
  );
});

test("without followRedirects, or without a Location, the status is the answer", async (t) => {
  const { to } = await redirecting(t);
  const client = await openClient(t);
  await assert.rejects(
    client.fetch(to("/metrics"), { followRedirects: false }),
    httpError({ reason: "http_status", status: 302 }, /answered status 302: moved$/),
  );
  const { origin } = await httpServer(t, (_request, response) => response.writeHead(303).end());
  await assert.rejects(client.fetch(origin), httpError({ status: 303 }, /answered status 303$/));
});

test("a POST follows 307 and 308 with its body; 302 is the answer, no silent GET", async (t) => {
  const arrived: string[] = [];
  const { origin } = await httpServer(t, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    arrived.push(`${request.method} ${request.url} ${body}`);
    const status = Number(request.url?.slice(1));
    if (status > 0) response.writeHead(status, { location: "/there" });
    response.end("ok");
  });
  const client = await openClient(t);
  const post = (path: string) =>
    client.post({
      url: `${origin}${path}`,
      body: Buffer.from("data"),
      timeoutMs: 5000,
      maxResponseBytes: 100,
    });
  assert.equal((await post("/307")).status, 200);
  assert.equal((await post("/302")).status, 302);
  assert.deepEqual(arrived, ["POST /307 data", "POST /there data", "POST /302 data"]);
});
