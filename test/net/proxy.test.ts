import assert from "node:assert/strict";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { createProxySelector } from "../../src/net/proxy.ts";
import {
  authority,
  httpError,
  httpServer,
  httpsServer,
  listen,
  openClient,
  serverCertificate,
} from "./support.ts";

/** A forward proxy: CONNECT tunnels, absolute-form GETs. */
async function proxyServer(
  t: TestContext,
  options: { readonly secure?: boolean; readonly refuse?: boolean } = {},
) {
  const seen: IncomingMessage[] = [];
  const secure = options.secure === true;
  const server: Server = secure
    ? createTlsServer({ cert: serverCertificate.certPem, key: serverCertificate.keyPem })
    : createServer();
  server.on("request", (request, response) => {
    seen.push(request);
    const forwarded = httpRequest(request.url ?? "", { headers: request.headers }, (answer) =>
      answer.pipe(response),
    );
    forwarded.end();
  });
  server.on("connect", (request, socket) => {
    seen.push(request);
    if (options.refuse === true) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const [host, port] = (request.url ?? "").split(":");
    const upstream = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
    socket.on("close", () => upstream.destroy());
  });
  return { ...(await listen(t, server, secure ? "https" : "http")), seen };
}

test("https goes through a tunnel of the proxy, which sees no header of the request", async (t) => {
  const target = await httpsServer(t, (request, response) => response.end(request.headers["x-key"]));
  for (const secure of [false, true]) {
    const proxy = await proxyServer(t, { secure });
    const client = await openClient(t, {
      proxy_url: proxy.origin.replace("//", "//user:p%40ss@"),
      headers: { "x-key": "secret" },
      tls: { ca_pem: authority.certPem },
    });
    await client.fetch(target.origin);
    await client.fetch(target.origin);
    assert.equal(client.text(), "secret");
    assert.equal(proxy.seen.length, 1, "one tunnel serves both requests");
    assert.equal(proxy.seen[0]?.url, `127.0.0.1:${target.port}`);
    assert.equal(
      proxy.seen[0]?.headers["proxy-authorization"],
      `Basic ${Buffer.from("user:p@ss").toString("base64")}`,
    );
    assert.ok(!JSON.stringify(proxy.seen[0]?.rawHeaders).includes("secret"));
  }
});

test("http goes to the proxy in absolute form", async (t) => {
  const target = await httpServer(t, (request, response) =>
    response.end(`${request.headers.host}${request.url}`),
  );
  const proxy = await proxyServer(t);
  const client = await openClient(t, { proxy_url: proxy.origin.replace("//", "//user@") });
  await client.fetch(`${target.origin}/metrics?a=1`);
  assert.equal(client.text(), `127.0.0.1:${target.port}/metrics?a=1`);
  assert.equal(proxy.seen[0]?.url, `${target.origin}/metrics?a=1`);
  assert.equal(
    proxy.seen[0]?.headers["proxy-authorization"],
    `Basic ${Buffer.from("user:").toString("base64")}`,
  );
});

test("a proxy that refuses, is not there or does not answer fails the request", async (t) => {
  const refusing = await proxyServer(t, { refuse: true });
  const one = await openClient(t, { proxy_url: refusing.origin });
  await assert.rejects(
    one.fetch("https://10.0.0.1:8443"),
    httpError(
      { reason: "connect" },
      /^GET https:\/\/10\.0\.0\.1:8443\/: proxy 127\.0\.0\.1:\d+ answered 407 to CONNECT/,
    ),
  );
  const two = await openClient(t, { proxy_url: "http://127.0.0.1:1" });
  await assert.rejects(
    two.fetch("https://10.0.0.1:8443"),
    httpError({ reason: "connect" }, /ECONNREFUSED 127\.0\.0\.1:1/),
  );
  const mute = await listen(
    t,
    createServer().on("connect", () => {}),
    "http",
  );
  const three = await openClient(t, { proxy_url: mute.origin });
  await assert.rejects(
    three.fetch("https://10.0.0.1:8443", { timeoutMs: 60 }),
    httpError({ reason: "timeout" }, /within 60 ms$/),
  );
});

test("without proxy_url the environment decides, by scheme", async (t) => {
  const proxy = await proxyServer(t, { refuse: true });
  const client = await openClient(
    t,
    {},
    { environment: { https_proxy: proxy.origin, NO_PROXY: "10.1.0.0/16" } },
  );
  await assert.rejects(client.fetch("https://10.0.0.1:8443"), httpError({}, /answered 407/));
  const target = await httpServer(t, (_request, response) => response.end("direct"));
  await client.fetch(target.origin);
  assert.equal(client.text(), "direct");
  assert.equal(proxy.seen.length, 1);
});

test("proxies of the environment follow Go's rules", () => {
  const chosen = (url: string, environment: Record<string, string>): string | undefined =>
    createProxySelector(undefined, environment)(new URL(url))?.host;
  assert.equal(chosen("https://a.b", { HTTPS_PROXY: "http://p:1", https_proxy: "http://q:1" }), "p:1");
  assert.equal(chosen("https://a.b", { HTTPS_PROXY: "p:1" }), "p:1");
  assert.equal(chosen("http://a.b", { HTTPS_PROXY: "http://p:1" }), undefined);
  assert.equal(chosen("http://a.b", { HTTP_PROXY: "http://p:1" }), "p:1");
  assert.equal(chosen("https://a.b", { HTTP_PROXY: "http://p:1" }), undefined);
  assert.equal(chosen("https://a.b", { HTTPS_PROXY: ":::" }), undefined);
});

test("NO_PROXY knows hosts, domains, addresses, blocks and ports; loopback never goes to a proxy", () => {
  const direct = (url: string, noProxy: string): boolean =>
    createProxySelector(undefined, { HTTPS_PROXY: "http://p:1", NO_PROXY: noProxy })(new URL(url)) ===
    undefined;
  const cases: readonly (readonly [url: string, noProxy: string, direct: boolean])[] = [
    ["https://a.example.com", "", false],
    ["https://a.example.com", "*", true],
    ["https://a.example.com", "other, EXAMPLE.com", true],
    ["https://example.com", "example.com", true],
    ["https://notexample.com", "example.com", false],
    ["https://example.com", ".example.com", false],
    ["https://a.example.com", ".example.com", true],
    ["https://a.example.com", "*.example.com", true],
    ["https://example.com.", "example.com", true],
    ["https://example.com", "example.com:443", true],
    ["https://example.com:8443", "example.com:443", false],
    ["https://10.244.0.38:8443", "10.244.0.38", true],
    ["https://10.244.0.38:8443", "10.244.0.38:8443", true],
    ["https://10.244.0.38:8443", "10.244.0.38:443", false],
    ["https://10.244.0.38:8443", "10.244.0.0/16", true],
    ["https://10.245.0.38:8443", "10.244.0.0/16", false],
    ["https://10.245.0.38:8443", "10.244.0.0/99", false],
    ["https://[fd00::1]:8443", "fd00::1", true],
    ["https://[fd00::1]:8443", "[fd00::1]:8443", true],
    ["https://[fd00::1]:8443", "fd00::/8", true],
    ["https://[fd00::1]:8443", "10.0.0.0/8", false],
    ["https://localhost:8443", "", true],
    ["https://127.8.0.1", "", true],
    ["https://[::1]", "", true],
  ];
  for (const [url, noProxy, expected] of cases) {
    assert.equal(direct(url, noProxy), expected, `${url} with NO_PROXY=${noProxy}`);
  }
});

test("no environment makes the choice of a proxy fail", () => {
  const text = fc.string({ unit: fc.constantFrom(..."a.:/[]*%0123456789, -@") });
  fc.assert(
    fc.property(text, text, (proxy, noProxy) => {
      createProxySelector(undefined, { HTTPS_PROXY: proxy, NO_PROXY: noProxy })(new URL("https://a.b"));
      createProxySelector(undefined, { HTTPS_PROXY: "p", NO_PROXY: noProxy })(
        new URL("https://[fd00::1]:8443"),
      );
    }),
  );
});
