import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request } from "node:https";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { gunzipSync } from "node:zlib";
import { createCertificateAuthority } from "../../../examples/virt-handler-sim/certificates.ts";
import {
  startVirtHandler,
  type VirtHandler,
  type VirtHandlerSettings,
} from "../../../examples/virt-handler-sim/index.ts";
import { readBody, samplesOf } from "./strict-body.ts";

const SERVER_NAME = "virt-handler.kubevirt.svc";
/** Longer than anything a test waits for: the scrapes that are collecting stay in flight. */
const LONG_MS = 10_000;
const LIMIT_TEXT = "Limit of concurrent requests reached (3), try again later.";

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

interface AskOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly key?: string;
  readonly cert?: string;
}

async function start(t: TestContext, settings: VirtHandlerSettings = {}): Promise<VirtHandler> {
  const handler = await startVirtHandler(settings);
  t.after(() => handler.close());
  return handler;
}

async function ask(handler: VirtHandler, path: string, options: AskOptions = {}): Promise<Answer> {
  const sent = request(handler.url + path, {
    ca: handler.caPem,
    servername: SERVER_NAME,
    agent: false,
    ...options,
  }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

test("/metrics answers text 0.0.4, chunked, to whatever is asked", async (t) => {
  const handler = await start(t);
  for (const accept of [undefined, "*/*", "application/openmetrics-text;version=1.0.0"]) {
    const answer = await ask(handler, "/metrics", accept === undefined ? {} : { headers: { accept } });
    assert.equal(answer.status, 200);
    assert.equal(
      answer.headers["content-type"],
      "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
    );
    assert.equal(answer.headers["transfer-encoding"], "chunked");
    assert.equal(answer.headers["content-encoding"], undefined);
    readBody(answer.body.toString());
  }
  const accept = "text/plain;version=1.0.0;escaping=allow-utf-8,*/*;q=0.1";
  const utf8 = await ask(handler, "/metrics?x=1", { method: "POST", headers: { accept } });
  assert.equal(
    utf8.headers["content-type"],
    "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
  );
});

test("gzip is used for whoever accepts it, and for nobody else", async (t) => {
  const handler = await start(t);
  const zipped = await ask(handler, "/metrics", { headers: { "accept-encoding": "zstd, gzip" } });
  assert.equal(zipped.headers["content-encoding"], "gzip");
  assert.equal(zipped.headers["transfer-encoding"], "chunked");
  readBody(gunzipSync(zipped.body).toString());
  const refused = await ask(handler, "/metrics", { headers: { "accept-encoding": "gzip;q=0, zstd" } });
  assert.equal(refused.headers["content-encoding"], undefined);
});

test("the certificate holds for KubeVirt's names and not for the address", async (t) => {
  const handler = await start(t);
  assert.equal((await ask(handler, "/metrics")).status, 200);
  const byAddress = request(handler.metricsUrl, { ca: handler.caPem, agent: false }).end();
  await assert.rejects(once(byAddress, "response"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  const unknown = request(handler.metricsUrl, { servername: SERVER_NAME, agent: false }).end();
  await assert.rejects(once(unknown, "response"), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
});

test("TLS starts at 1.2, negotiates no protocol, and a given certificate is used", async (t) => {
  const authority = createCertificateAuthority();
  const tls = authority.issue({ commonName: "own", dnsNames: ["own.example"], ipAddresses: ["127.0.0.1"] });
  const handler = await start(t, { tls });
  const port = Number(new URL(handler.url).port);
  const options = { port, host: "127.0.0.1", ca: authority.certPem };
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const socket = connect({
      ...options,
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    await once(socket, "secureConnect");
    assert.equal(socket.getProtocol(), version);
    assert.equal(socket.alpnProtocol, false);
    socket.destroy();
  }
  const old = connect({
    ...options,
    minVersion: "TLSv1.1",
    maxVersion: "TLSv1.1",
    ciphers: "DEFAULT@SECLEVEL=0",
  });
  await assert.rejects(once(old, "secureConnect"), { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
});

test("a client certificate that the system's roots do not know ends the connection", async (t) => {
  const handler = await start(t);
  const own = createCertificateAuthority().issue({ commonName: "client", client: true });
  await assert.rejects(ask(handler, "/metrics", { key: own.keyPem, cert: own.certPem }));
});

test("plain HTTP is told to use HTTPS", async (t) => {
  const handler = await start(t);
  const sent = httpRequest(handler.metricsUrl.replace("https:", "http:"), { agent: false }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  assert.equal(response.statusCode, 400);
  assert.equal(body.trimEnd(), "Client sent an HTTP request to an HTTPS server.");
});

test("other paths are not found", async (t) => {
  const handler = await start(t);
  for (const path of ["/metrics/", "/", "/healthz/x"]) assert.equal((await ask(handler, path)).status, 404);
});

test("a fourth scrape at once gets 503, and those who leave free their places", async (t) => {
  const handler = await start(t, { collectionDelayMs: LONG_MS });
  const leave = new AbortController();
  const scrapes = [1, 2, 3, 4].map(() => ask(handler, "/metrics", { signal: leave.signal }));
  const refused = await Promise.race(scrapes);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(refused.headers["retry-after"], undefined);
  assert.equal(refused.body.toString().trimEnd(), LIMIT_TEXT);
  leave.abort();
  const results = await Promise.allSettled(scrapes);
  assert.equal(results.filter(({ status }) => status === "rejected").length, 3);

  handler.setCollectionDelay(0);
  let next = await ask(handler, "/metrics");
  // The server may learn of the three that left only after this one has come.
  while (next.status === 503) next = await ask(handler, "/metrics");
  const counts = samplesOf(next.body.toString(), "promhttp_metric_handler_requests_total");
  assert.ok((counts.find(({ labels }) => labels.get("code") === "503")?.value ?? 0) >= 1);
  assert.equal(samplesOf(next.body.toString(), "promhttp_metric_handler_requests_in_flight")[0]?.value, 1);
});

test("/healthz: GET and JSON only, 500 without the Kubernetes API, while metrics flow", async (t) => {
  const handler = await start(t);
  for (const accept of [undefined, "application/json", "text/html, */*;q=0.1"]) {
    const answer = await ask(handler, "/healthz", accept === undefined ? {} : { headers: { accept } });
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.body.toString()).apiserver.connectivity, "ok");
  }
  assert.equal((await ask(handler, "/healthz", { headers: { accept: "text/plain" } })).status, 406);
  for (const method of ["HEAD", "POST"])
    assert.equal((await ask(handler, "/healthz", { method })).status, 405);

  handler.setHealthy(false);
  const failed = await ask(handler, "/healthz");
  assert.equal(failed.status, 500);
  assert.equal(JSON.parse(failed.body.toString()).apiserver.connectivity, "failed");
  assert.equal((await ask(handler, "/metrics")).status, 200);
  handler.setHealthy(true);
  assert.equal((await ask(handler, "/healthz")).status, 200);
});

test("close cuts scrapes in flight and may be called twice", async (t) => {
  const handler = await start(t, { collectionDelayMs: LONG_MS });
  const leave = new AbortController();
  const scrapes = [1, 2, 3, 4].map(() => ask(handler, "/metrics", { signal: leave.signal }));
  await Promise.race(scrapes);
  await handler.close();
  await handler.close();
  const results = await Promise.allSettled(scrapes);
  assert.equal(results.filter(({ status }) => status === "rejected").length, 3);
  await assert.rejects(ask(handler, "/metrics"), { code: "ECONNREFUSED" });
});

test("a port in use is reported", async (t) => {
  const handler = await start(t);
  await assert.rejects(startVirtHandler({ port: Number(new URL(handler.url).port) }), { code: "EADDRINUSE" });
});
