import assert from "node:assert/strict";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { test } from "node:test";
import { HttpSource, httpSdSchema } from "../../src/discovery/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { httpServer } from "../net/support.ts";
import type { Cleanup } from "../support/certificates.ts";
import { follow, hastyClock, targetTexts } from "./support.ts";

async function start(t: Cleanup, options: object = {}) {
  let answer = (response: ServerResponse): void => json(response, "[]");
  let headers: IncomingHttpHeaders = {};
  const server = await httpServer(t, (request, response) => {
    headers = request.headers;
    answer(response);
  });
  const url = `${server.origin}/targets`;
  const clock = hastyClock();
  const config = httpSdSchema.parse({ url, ...options });
  const source = new HttpSource({
    config,
    clock,
    logger: silentLogger,
    userAgent: "test/1",
    environment: {},
  });
  return {
    url,
    source,
    headers: () => headers,
    serve: (next: typeof answer | string) => {
      answer = typeof next === "string" ? (response) => json(response, next) : next;
    },
    async follow() {
      const told = await follow(t, source);
      await told.until(() => told.looks === 1);
      return {
        told,
        async again() {
          const { looks } = told;
          clock.hurry();
          await told.until(() => told.looks > looks);
        },
      };
    },
  };
}

function json(response: ServerResponse, text: string): void {
  response.setHeader("content-type", "application/json; charset=utf-8").end(text);
}

test("targets come from the server, with its URL as a label", async (t) => {
  const { url, serve, follow, headers } = await start(t, { refresh_interval: "90s" });
  serve('[{"targets": ["a:1"], "labels": {"zone": "z"}}]');
  const { told, again } = await follow();
  assert.deepEqual(targetTexts(told.last), [`a:1{zone=z,__meta_url=${url}}`]);
  assert.equal(headers()["x-prometheus-refresh-interval-seconds"], "90");
  assert.equal(headers().accept, "application/json");
  assert.equal(headers()["user-agent"], "test/1");
  serve('[{"targets": ["a:1", "b:1"]}]');
  await again();
  assert.deepEqual(targetTexts(told.last), [`a:1{__meta_url=${url}}`, `b:1{__meta_url=${url}}`]);
  serve("[]");
  await again();
  assert.deepEqual(told.last, []);
});

test("whatever is no list of targets leaves them as they are", async (t) => {
  const { url, serve, follow } = await start(t);
  serve('[{"targets": ["a:1"]}]');
  const { told, again } = await follow();
  const bad: readonly (readonly [answer: string | ((response: ServerResponse) => void), message: RegExp])[] =
    [
      [(response) => response.writeHead(500).end("broken"), /answered status 500/],
      [(response) => response.destroy(), /connection/],
      [(response) => response.setHeader("content-type", "text/html").end("[]"), /content type "text\/html"/],
      ["{", /answered no list of targets/],
      ['[{"targets": ["b:1"], "x": 1}]', /group 1: unknown key "x"/],
    ];
  for (const [answer, message] of bad) {
    serve(answer);
    await again();
    assert.match(told.errors.at(-1) ?? "", message);
    assert.deepEqual(targetTexts(told.last), [`a:1{__meta_url=${url}}`]);
  }
  serve('[{"targets": ["b:1"]}]');
  await again();
  assert.equal(told.errors.length, bad.length);
  assert.deepEqual(targetTexts(told.last), [`b:1{__meta_url=${url}}`]);
});

test("it brings its credentials, and stops when it is closed", async (t) => {
  const { serve, follow, headers, source } = await start(t, { basic_auth: { username: "u", password: "p" } });
  serve("[]");
  await follow();
  assert.equal(headers().authorization, `Basic ${Buffer.from("u:p").toString("base64")}`);
  await source.close();
});

test("a server that hangs does not hold the start up, nor closing", async (t) => {
  const { serve, source } = await start(t);
  serve(() => undefined);
  await source.start({ groups: () => {}, failed: () => {}, succeeded: () => {} });
  await source.close();
});
