import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "../../src/config/index.ts";
import { httpOptionFaults, PrometheusHttpClient, prometheusHttpShape } from "../../src/discovery/index.ts";
import { ReusableBuffer } from "../../src/net/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { authority, httpServer, httpsServer, listen } from "../net/support.ts";
import { type Cleanup, temporaryDirectory, writePemFiles } from "../support/certificates.ts";

const schema = z.strictObject(prometheusHttpShape);

async function open(t: Cleanup, options: object, environment: Record<string, string> = {}) {
  const monotonic = { now: 0 };
  const http = await PrometheusHttpClient.open({
    config: schema.parse(options),
    logger: silentLogger,
    tokenTimeoutMs: 5000,
    monotonic: () => monotonic.now,
    environment,
  });
  t.after(() => http.close());
  return {
    http,
    monotonic,
    get: async (url: string) =>
      http.client.fetchBody({
        url,
        credentials: await http.credentials(),
        timeoutMs: 5000,
        bodyLimitBytes: 0,
        into: new ReusableBuffer(),
        followRedirects: http.followRedirects,
      }),
  };
}

async function recordingServer(t: Cleanup) {
  const requests: IncomingMessage[] = [];
  const server = await httpServer(t, (request, response) => {
    requests.push(request);
    response.end("ok");
  });
  return { ...server, requests, last: () => requests.at(-1)?.headers ?? {} };
}

test("basic credentials, their files read at each request", async (t) => {
  const { origin, last } = await recordingServer(t);
  const directory = await temporaryDirectory(t);
  const [user, password] = [join(directory, "user"), join(directory, "password")];
  await writeFile(user, "me\n");
  await writeFile(password, " first \n");
  const { get } = await open(t, { basic_auth: { username_file: user, password_file: password } });
  await get(origin);
  assert.equal(last().authorization, `Basic ${btoa("me:first")}`);
  await writeFile(password, "second");
  await get(origin);
  assert.equal(last().authorization, `Basic ${btoa("me:second")}`);
  await rm(password);
  await assert.rejects(get(origin), { code: "SCRAPE_AUTH", message: /password_file ".*" cannot be read/ });
  await writeFile(password, "third");
  await get(origin);
  assert.equal(last().authorization, `Basic ${btoa("me:third")}`);
});

test("tokens by authorization and by the older spellings", async (t) => {
  const { origin, last } = await recordingServer(t);
  const file = join(await temporaryDirectory(t), "token");
  await writeFile(file, "from-file\n");
  for (const [options, expected] of [
    [{ authorization: { credentials: "abc" } }, "Bearer abc"],
    [{ authorization: { type: "Token", credentials_file: file } }, "Token from-file"],
    [{ bearer_token: "old" }, "Bearer old"],
    [{ bearer_token_file: file }, "Bearer from-file"],
    [{}, undefined],
  ] as const) {
    const { get } = await open(t, options);
    await get(origin);
    assert.equal(last().authorization, expected);
  }
  await writeFile(file, "two\nlines");
  const { get } = await open(t, { bearer_token_file: file });
  await assert.rejects(get(origin), { code: "SCRAPE_AUTH", message: /characters that no header can carry/ });
});

test("headers from values, secrets and files; none of them nor a token reaches another host", async (t) => {
  const elsewhere = await recordingServer(t);
  const home = await httpServer(t, (request, response) => {
    if (request.url === "/away") response.writeHead(302, { location: `${elsewhere.origin}/x` }).end();
    else if (request.url === "/stay") response.writeHead(302, { location: "/end" }).end();
    else response.end(JSON.stringify(request.headers));
  });
  const file = join(await temporaryDirectory(t), "tenant");
  await writeFile(file, "c\n");
  const options = {
    authorization: { credentials: "abc" },
    http_headers: { "X-Tenant": { values: ["a"], secrets: ["b"], files: [file] } },
  };
  const { get, http } = await open(t, options);
  assert.deepEqual(await http.credentials(), { "x-tenant": "a, b, c", authorization: "Bearer abc" });
  await get(`${home.origin}/stay`);
  await get(`${home.origin}/away`);
  assert.equal(elsewhere.requests.length, 1);
  assert.equal(elsewhere.last()["x-tenant"], undefined);
  assert.equal(elsewhere.last().authorization, undefined);
  const { get: getOnce } = await open(t, { ...options, follow_redirects: false });
  await assert.rejects(getOnce(`${home.origin}/stay`), { reason: "http_status", status: 302 });
});

/** A token server that wants the client's credentials in the header or in the body, and numbers its tokens. */
async function tokenServer(t: Cleanup, wants: "header" | "body", answer: object = { expires_in: 100 }) {
  const bodies: URLSearchParams[] = [];
  const authorizations: (string | undefined)[] = [];
  let tokens = 0;
  const server = await httpServer(t, (request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      const body = new URLSearchParams(text);
      bodies.push(body);
      authorizations.push(request.headers.authorization);
      const given = request.headers.authorization === `Basic ${btoa("me%26:s%3A")}` ? "header" : "body";
      const good = given === wants && (given === "header" || body.get("client_secret") === "s:");
      response.statusCode = good ? 200 : 401;
      if (good) tokens += 1;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ access_token: `t${tokens}`, token_type: "bearer", ...answer }));
    });
  });
  return { ...server, bodies, authorizations, tokens: () => tokens };
}

for (const wants of ["header", "body"] as const) {
  test(`an OAuth 2.0 token from a server that wants the credentials in the ${wants}`, async (t) => {
    const { origin, last } = await recordingServer(t);
    const tokens = await tokenServer(t, wants);
    const { get, monotonic } = await open(t, {
      oauth2: {
        client_id: "me&",
        client_secret: "s:",
        token_url: `${tokens.origin}/token`,
        scopes: ["a", "b"],
        endpoint_params: { audience: "metrics" },
      },
    });
    await Promise.all([get(origin), get(origin)]);
    assert.equal(last().authorization, "Bearer t1");
    assert.equal(tokens.tokens(), 1, "requests at once share a token");
    const body = tokens.bodies.at(-1);
    assert.equal(body?.get("grant_type"), "client_credentials");
    assert.equal(body?.get("scope"), "a b");
    assert.equal(body?.get("audience"), "metrics");
    monotonic.now = 89_000;
    await get(origin);
    assert.equal(last().authorization, "Bearer t1");
    const asked = tokens.bodies.length;
    monotonic.now = 91_000;
    await get(origin);
    assert.equal(last().authorization, "Bearer t2");
    assert.equal(tokens.bodies.length, asked + 1, "what the server wants is remembered");
  });
}

test("no token is an error that says why, and a new secret asks anew", async (t) => {
  const { origin, last } = await recordingServer(t);
  const tokens = await tokenServer(t, "header", {});
  const file = join(await temporaryDirectory(t), "secret");
  await writeFile(file, "wrong");
  const { get } = await open(t, {
    oauth2: { client_id: "me&", client_secret_file: file, token_url: tokens.origin },
  });
  await assert.rejects(get(origin), {
    code: "SCRAPE_AUTH",
    message: /no OAuth 2.0 token: .* answered status 401/,
  });
  await writeFile(file, "s:\n");
  await get(origin);
  assert.equal(last().authorization, "Bearer t1");
  const nonsense = await httpServer(t, (_request, response) => response.end("<html>"));
  const other = await open(t, { oauth2: { client_id: "a", client_secret: "b", token_url: nonsense.origin } });
  await assert.rejects(other.get(origin), { message: /answered without an access_token/ });
});

test("TLS by Prometheus' names", async (t) => {
  const files = await writePemFiles(t, {
    ca: authority.certPem,
    ...(({ certPem, keyPem }) => ({ cert: certPem, key: keyPem }))(
      authority.issue({ commonName: "scraper", client: true }),
    ),
  });
  const server = await httpsServer(t, (_request, response) => response.end("ok"), {
    ca: authority.certPem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const client = { cert_file: files.cert, key_file: files.key };
  await (await open(t, { tls_config: { ca_file: files.ca, ...client } })).get(server.origin);
  await (await open(t, { tls_config: { ca: authority.certPem, ...client } })).get(server.origin);
  await (await open(t, { tls_config: { insecure_skip_verify: true, ...client } })).get(server.origin);
  const named = {
    ca_file: files.ca,
    server_name: "virt-handler.kubevirt.svc",
    min_version: "TLS13",
    ...client,
  };
  await (await open(t, { tls_config: named })).get(server.origin);
  for (const tls_config of [
    { ca_file: files.ca },
    client,
    { ca_file: files.ca, server_name: "other.example.com", ...client },
  ]) {
    await assert.rejects((await open(t, { tls_config })).get(server.origin), { reason: "tls" });
  }
  await assert.rejects(open(t, { tls_config: { ca_file: `${files.ca}.none` } }), { code: "TLS_FILE" });
});

test("a proxy is used where it is configured, and only there", async (t) => {
  const { origin, requests } = await recordingServer(t);
  const proxied: (string | undefined)[] = [];
  const proxy = await listen(
    t,
    createServer((request, response) => {
      proxied.push(request.url);
      response.end("from the proxy");
    }),
    "http",
  );
  const target = origin.replace("127.0.0.1", "target.example.com");
  const environment = { HTTP_PROXY: proxy.origin };
  await (await open(t, { proxy_url: proxy.origin })).get(target);
  await (await open(t, { proxy_from_environment: true }, environment)).get(target);
  await (await open(t, { proxy_url: proxy.origin, no_proxy: "other.example.com" })).get(target);
  assert.deepEqual(proxied, [`${target}/`, `${target}/`, `${target}/`]);
  await (await open(t, {}, environment)).get(origin);
  await (await open(t, { proxy_url: proxy.origin, no_proxy: "127.0.0.0/8" })).get(origin);
  assert.equal(requests.length, 2);
});

test("options that contradict each other are named", () => {
  const faults = (options: object) =>
    [...httpOptionFaults(schema.parse(options))].map(({ path, message }) => `${path.join("::")}: ${message}`);
  const cases: readonly (readonly [object, string])[] = [
    [{ basic_auth: {}, bearer_token: "a" }, "bearer_token: must not be set together with basic_auth"],
    [
      { bearer_token: "a", bearer_token_file: "b" },
      "bearer_token_file: must not be set together with bearer_token",
    ],
    [
      { basic_auth: { password: "a", password_file: "b" } },
      "basic_auth::password_file: must not be set together with password",
    ],
    [{ authorization: {} }, "authorization: needs credentials or credentials_file"],
    [
      { authorization: { type: "basic", credentials: "a" } },
      'authorization::type: must not be "basic", use basic_auth',
    ],
    [
      { oauth2: { client_id: "a", token_url: "http://t" } },
      "oauth2: needs client_secret or client_secret_file",
    ],
    [{ no_proxy: "a" }, "no_proxy: needs proxy_url"],
    [
      { proxy_url: "http://p", proxy_from_environment: true },
      "proxy_url: must not be set together with proxy_from_environment",
    ],
    [{ http_headers: { Host: {} } }, "http_headers::Host: setting header Host is not allowed"],
    [{ http_headers: { "a b": {} } }, 'http_headers::a b: invalid header name "a b"'],
  ];
  for (const [options, expected] of cases) assert.deepEqual(faults(options), [expected]);
  const tls = (tls_config: object) => schema.safeParse({ tls_config }).error?.issues[0]?.message;
  assert.equal(tls({ ca: "a", ca_file: "b" }), "must not be set together with ca_file");
  assert.equal(tls({ cert_file: "a" }), "needs key or key_file beside it");
  assert.match(
    tls({ min_version: "TLS13", max_version: "TLS12" }) ?? "",
    /must not be below min_version TLS13/,
  );
});
