import assert from "node:assert/strict";
import { utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import {
  AuthenticationError,
  type ClientAuthenticator,
  type Clock,
  clientMetadata,
  type ExtensionDefinition,
  findClientAuthenticator,
  findServerAuthenticator,
  type ServerAuthenticator,
  systemClock,
} from "../../../src/component/index.ts";
import { redactText } from "../../../src/config/index.ts";
import basicauth from "../../../src/extensions/basicauth/index.ts";
import bearertokenauth from "../../../src/extensions/bearertokenauth/index.ts";
import headersSetter from "../../../src/extensions/headers-setter/index.ts";
import oauth2client from "../../../src/extensions/oauth2client/index.ts";
import { HttpClient } from "../../../src/net/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { temporaryDirectory } from "../../support/certificates.ts";

async function started(
  t: TestContext,
  definition: ExtensionDefinition<never>,
  config: unknown,
  clock: Clock = systemClock,
): Promise<ClientAuthenticator & ServerAuthenticator> {
  const component = definition.create({
    id: definition.type,
    config: definition.config.parse(config),
    logger: silentLogger,
    meter: createNoopMeter(),
    clock,
    reportStatus() {},
    build: { command: "test", version: "0" },
  });
  await component.start?.({ extension: () => undefined });
  t.after(() => component.shutdown?.(0));
  return component as ClientAuthenticator & ServerAuthenticator;
}

const any = (definition: unknown) => definition as ExtensionDefinition<never>;

test("bearertokenauth sends the token of its file as it is now", async (t) => {
  const filename = join(await temporaryDirectory(t), "token");
  await writeFile(filename, "first\n");
  const auth = await started(t, any(bearertokenauth), { filename, token: "other" });
  assert.deepEqual(await auth.authorize({ "x-a": "1" }), { "x-a": "1", authorization: "Bearer first" });
  await writeFile(filename, "second-token\n");
  assert.deepEqual(await auth.authorize({}), { authorization: "Bearer second-token" });
  await writeFile(filename, " \n");
  await assert.rejects(async () => await auth.authorize({}), /token file ".*" is empty/);
});

test("files are read again when a server refused what they held, whether they look changed or not", async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, "secret");
  const longAgo = new Date("2020-01-01T00:00:00Z");
  const write = async (text: string) => {
    await writeFile(path, text);
    await utimes(path, longAgo, longAgo);
  };
  await write("first");
  const auths = [
    await started(t, any(bearertokenauth), { filename: path }),
    await started(t, any(basicauth), { client_auth: { username: "me", password_file: path } }),
  ];
  const sent = async () =>
    (await Promise.all(auths.map((auth) => auth.authorize({})))).map((headers) => headers["authorization"]);
  const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString("base64")}`;
  assert.deepEqual(await sent(), ["Bearer first", basic("first")]);
  await write("other");
  for (const auth of auths) auth.refused?.();
  assert.deepEqual(await sent(), ["Bearer other", basic("other")]);
});

test("bearertokenauth has its own header and scheme, and takes requests with one of its tokens", async (t) => {
  const auth = await started(t, any(bearertokenauth), { header: "X-Key", scheme: "", tokens: ["a", "b"] });
  assert.deepEqual(await auth.authorize({}), { "x-key": "a" });
  await auth.authenticate({ "x-key": "b" });
  for (const headers of [{}, { "x-key": "c" }, { authorization: "a" }]) {
    await assert.rejects(async () => await auth.authenticate(headers), { name: "AuthenticationError" });
  }
});

test("bearertokenauth wants a token, and a file that is there", async (t) => {
  assert.throws(() => bearertokenauth.config.parse({}), /needs token, tokens or filename/);
  await assert.rejects(started(t, any(bearertokenauth), { filename: "/no/such/file" }), {
    code: "AUTH",
    message: /token file "\/no\/such\/file" cannot be read/,
  });
});

test("basicauth sends user name and password, from files as they are now", async (t) => {
  const directory = await temporaryDirectory(t);
  const password_file = join(directory, "password");
  await writeFile(password_file, "pass:wörd\n");
  const auth = await started(t, any(basicauth), { client_auth: { username: "me", password_file } });
  const decoded = async () =>
    Buffer.from(String((await auth.authorize({}))["authorization"]).slice(6), "base64").toString();
  assert.equal(await decoded(), "me:pass:wörd");
  await writeFile(password_file, "changed");
  assert.equal(await decoded(), "me:changed");
});

test("what authenticators read from files is redacted wherever it is quoted, also when it has been replaced", async (t) => {
  const directory = await temporaryDirectory(t);
  const file = (name: string) => join(directory, name);
  const write = async (version: string) => {
    await writeFile(file("token"), `token-${version}\nother-${version}\n`);
    await writeFile(file("password"), `password-${version}\n`);
    await writeFile(file("htpasswd"), `user:hashed-${version}\n`);
    await writeFile(file("secret"), `client-${version}\n`);
  };
  await write("before");
  const token = await started(t, any(bearertokenauth), { filename: file("token") });
  const client = await started(t, any(basicauth), {
    client_auth: { username: "u", password_file: file("password") },
  });
  const server = await started(t, any(basicauth), { htpasswd: { file: file("htpasswd") } });
  const oauth = await started(t, any(oauth2client), {
    client_id: "id",
    client_secret_file: file("secret"),
    token_url: "http://127.0.0.1:1/",
    timeout: "5s",
  });
  await write("after");
  await token.authorize({});
  const { authorization = "" } = await client.authorize({});
  await assert.rejects(async () => await server.authenticate({}), AuthenticationError);
  await assert.rejects(async () => await oauth.authorize({}));
  const [, sent = ""] = authorization.split(" ");
  for (const version of ["before", "after"]) {
    for (const secret of ["token", "other", "password", "hashed", "client"]) {
      assert.equal(redactText(`you sent ${secret}-${version}!`), "you sent [REDACTED]!");
    }
  }
  assert.equal(redactText(`you sent ${sent}!`), "you sent [REDACTED]!");
});

test("basicauth takes the users of an htpasswd file", async (t) => {
  // Made with crypt(3), htpasswd and openssl: bcrypt in its three spellings, apr1, SHA, SSHA; the last one in the clear.
  const inline = [
    "# users",
    "bcrypt-y:$2y$04$abcdefghijklmnopqrstuughE8Ev8uGFaUgY2cNEySvxngrb/Jzdm",
    "bcrypt-b:$2b$04$HjFXw55qtLzHodQZrFdfVO/NKqFXLnRDhaFc/hfDNpzb/MhSzdlGa",
    "bcrypt-a:$2a$04$HjFXw55qtLzHodQZrFdfVO/NKqFXLnRDhaFc/hfDNpzb/MhSzdlGa",
    "apr:$apr1$sCdDPUPs$6Cx6hQo2IxDOtRhGJ8N1u0",
    "sha:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
    "ssha:{SSHA}yrht1iYXEIkejLVu42JWkadd80RzYWx0c2FsdA==",
    "plain:password",
  ].join("\n");
  const auth = await started(t, any(basicauth), { htpasswd: { inline } });
  const header = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  for (const user of ["bcrypt-y", "bcrypt-b", "bcrypt-a", "apr", "sha", "ssha", "plain"]) {
    await auth.authenticate(header(`${user}:password`));
    await auth.authenticate(header(`${user}:password`));
    await assert.rejects(async () => await auth.authenticate(header(`${user}:Password`)), {
      name: "AuthenticationError",
      challenge: /^Basic realm=/,
    });
  }
  for (const headers of [{}, header("nobody:password"), header("apr"), { authorization: "Bearer x" }]) {
    await assert.rejects(async () => await auth.authenticate(headers), { name: "AuthenticationError" });
  }
});

test("basicauth names the line that it cannot use, not its text", async (t) => {
  const inline = "a:password\nb:$2y$05$abcdefghijklmnopqrstuv";
  await assert.rejects(started(t, any(basicauth), { htpasswd: { inline } }), (error: Error) => {
    assert.match(error.message, /line \d+ has a hash of a kind that is not supported/);
    assert.ok(!error.message.includes("abcdef"));
    return true;
  });
  assert.throws(() => basicauth.config.parse({}), /needs client_auth or htpasswd/);
});

test("headers_setter takes values from the request that brought the data", async (t) => {
  const auth = await started(t, any(headersSetter), {
    headers: [
      { key: "A", from_context: "X-Tenant" },
      { key: "B", from_context: "X-Missing" },
      { key: "C", from_context: "X-Missing", default_value: "default" },
      { key: "D", action: "insert", from_context: "X-Tenant" },
    ],
  });
  const given = { b: "1", d: "2" };
  const metadata = new Map([["x-tenant", ["t"]]]);
  const within = clientMetadata.run(metadata, () => auth.authorize(given));
  assert.deepEqual(await within, { a: "t", b: "1", c: "default", d: "2" });
  assert.deepEqual(await auth.authorize(given), { b: "1", c: "default", d: "2" });
});

test("headers_setter does its actions in order", async (t) => {
  const auth = await started(t, any(headersSetter), {
    headers: [
      { key: "A", value: "set" },
      { key: "B", action: "insert", value: "not taken" },
      { key: "C", action: "insert", value: "inserted" },
      { key: "D", action: "update", value: "not taken" },
      { key: "E", action: "update", value: "updated" },
      { key: "F", action: "delete" },
    ],
  });
  assert.deepEqual(await auth.authorize({ b: "1", e: "2", f: "3", g: "4" }), {
    a: "set",
    b: "1",
    c: "inserted",
    e: "updated",
    g: "4",
  });
  assert.throws(() => headersSetter.config.parse({ headers: [{ key: "a" }] }), /is needed unless/);
  const faults: readonly (readonly [object, RegExp])[] = [
    [{ value: "v", from_context: "b" }, /must not be set together with value/],
    [{ value: "v", default_value: "d" }, /must not be set without from_context/],
    [{ action: "delete", from_context: "b" }, /must not be set with action: delete/],
  ];
  for (const [header, message] of faults) {
    assert.throws(() => headersSetter.config.parse({ headers: [{ key: "a", ...header }] }), message);
  }
});

interface TokenServer {
  readonly url: string;
  readonly requests: { readonly authorization: string; readonly form: URLSearchParams }[];
  answer: { readonly status: number; readonly body: unknown };
}

async function tokenServer(t: TestContext): Promise<TokenServer> {
  const requests: TokenServer["requests"] = [];
  const rig = { url: "", requests, answer: { status: 200, body: {} as unknown } };
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
    requests.push({ authorization: String(request.headers.authorization), form: new URLSearchParams(body) });
    response
      .writeHead(rig.answer.status, { "content-type": "application/json" })
      .end(JSON.stringify(rig.answer.body));
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  rig.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  return rig;
}

test("oauth2client keeps a token until shortly before its end", async (t) => {
  const server = await tokenServer(t);
  server.answer = { status: 200, body: { access_token: "one", token_type: "bearer", expires_in: 3600 } };
  let now = 0;
  const auth = await started(
    t,
    any(oauth2client),
    {
      client_id: "id é",
      client_secret: "s:1",
      token_url: server.url,
      scopes: ["a", "b"],
      endpoint_params: { audience: "x" },
    },
    { ...systemClock, monotonic: () => now },
  );
  const all = await Promise.all([auth.authorize({}), auth.authorize({}), auth.authorize({})]);
  assert.deepEqual(all, Array(3).fill({ authorization: "Bearer one" }));
  assert.equal(server.requests.length, 1, "one request for all");
  const [request] = server.requests;
  assert.equal(Buffer.from(request?.authorization.slice(6) ?? "", "base64").toString(), "id+%C3%A9:s%3A1");
  assert.deepEqual(Object.fromEntries(request?.form ?? []), {
    grant_type: "client_credentials",
    scope: "a b",
    audience: "x",
  });
  server.answer = { status: 200, body: { access_token: "two" } };
  now = 3_299_999;
  assert.equal((await auth.authorize({}))["authorization"], "Bearer one");
  now = 3_300_000;
  assert.equal((await auth.authorize({}))["authorization"], "Bearer two");
  now = 1e12;
  await auth.authorize({});
  assert.equal(server.requests.length, 2, "a token without an end is kept");
});

test("oauth2client asks for another token when a server refused the one it has, once for all that were refused", async (t) => {
  const server = await tokenServer(t);
  let now = 0;
  const auth = await started(
    t,
    any(oauth2client),
    { client_id: "id", client_secret: "secret", token_url: server.url },
    { ...systemClock, monotonic: () => now },
  );
  const give = (access_token: string) => {
    server.answer = { status: 200, body: { access_token, expires_in: 3600 } };
  };
  auth.refused?.();
  give("one");
  assert.equal((await auth.authorize({}))["authorization"], "Bearer one");
  give("two");
  now = 1000;
  auth.refused?.();
  assert.equal((await auth.authorize({}))["authorization"], "Bearer two");
  // The answer to a request that went out with the first token.
  give("three");
  auth.refused?.();
  assert.equal((await auth.authorize({}))["authorization"], "Bearer two");
  assert.equal(server.requests.length, 2);
  now = 2000;
  auth.refused?.();
  assert.equal((await auth.authorize({}))["authorization"], "Bearer three");
});

test("oauth2client fails the request, retryably, with the server's reason", async (t) => {
  const server = await tokenServer(t);
  const auth = await started(t, any(oauth2client), {
    client_id: "id",
    client_secret: "secret",
    token_url: server.url,
  });
  server.answer = { status: 401, body: { error: "invalid_client", error_description: "no such client" } };
  await assert.rejects(async () => await auth.authorize({}), {
    code: "FLOW_RETRYABLE",
    message: /answered status 401: invalid_client: no such client/,
  });
  server.answer = { status: 200, body: { access_token: "good" } };
  assert.equal((await auth.authorize({}))["authorization"], "Bearer good");
});

test("an HTTP client sends what its authenticator says, to the origin it was for only", async (t) => {
  const seen: Record<string, string | undefined>[] = [];
  const listen = async (location?: string) => {
    const server = createServer((request, response) => {
      seen.push({ authorization: request.headers.authorization, url: request.url });
      response
        .writeHead(location === undefined ? 200 : 307, location === undefined ? {} : { location })
        .end();
    }).listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const other = await listen();
  const origin = await listen(`${other}/elsewhere`);
  const auth = await started(t, any(bearertokenauth), { token: "tok" });
  const client = await HttpClient.open({
    config: { auth: { authenticator: "bearertokenauth" } },
    host: { extension: (id) => (id === "bearertokenauth" ? auth : undefined) },
    logger: silentLogger,
    environment: {},
  });
  t.after(() => client.close());
  await client.post({ url: `${origin}/here`, body: Buffer.from("x"), timeoutMs: 5000, maxResponseBytes: 10 });
  assert.deepEqual(seen, [
    { authorization: "Bearer tok", url: "/here" },
    { authorization: undefined, url: "/elsewhere" },
  ]);
});

test("what is no authenticator is refused by name", async (t) => {
  const setter = await started(t, any(headersSetter), { headers: [{ key: "a", value: "b" }] });
  const host = { extension: (id: string) => (id === "setter" ? setter : undefined) };
  assert.equal(findClientAuthenticator(host, "setter"), setter);
  assert.throws(() => findServerAuthenticator(host, "setter"), /is not set up as a server authenticator/);
  assert.throws(() => findClientAuthenticator(host, "none"), /there is no such running extension/);
});
