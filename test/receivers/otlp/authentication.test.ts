import assert from "node:assert/strict";
import { test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import { type Host, type ServerAuthenticator, systemClock } from "../../../src/component/index.ts";
import { formatDiagnostics } from "../../../src/config/index.ts";
import { components } from "../../../src/distribution/index.ts";
import basicauth from "../../../src/extensions/basicauth/index.ts";
import { RpcCode } from "../../../src/grpc/index.ts";
import { MetricsEncoder } from "../../../src/otlp/index.ts";
import otlp from "../../../src/receivers/otlp/index.ts";
import { loadConfig } from "../../../src/service/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { gauges } from "../../delivery/harness.ts";
import { stockClient } from "./stock-client.ts";
import { startReceiver } from "./support.ts";

const settings = {
  meter: createNoopMeter(),
  clock: systemClock,
  reportStatus() {},
  build: { command: "test", version: "0" },
};

test("an authenticator that cannot tell makes senders try again, and tells them no paths", async (t) => {
  const authenticator: ServerAuthenticator = {
    authenticate() {
      throw new Error('htpasswd file "/etc/secret/users" cannot be read');
    },
  };
  const endpoints = new Map<string, string>();
  const auth = { authenticator: "basicauth" };
  const protocols = { http: { endpoint: "127.0.0.1:0", auth }, grpc: { endpoint: "127.0.0.1:0", auth } };
  const receiver = otlp.create({
    ...settings,
    id: "otlp",
    config: otlp.config.parse({ protocols }),
    logger: {
      ...silentLogger,
      info: (message, fields) => void endpoints.set(message, String(fields?.["endpoint"])),
    },
    next: { consume: async () => {} },
  });
  await receiver.start?.({ extension: () => authenticator });
  t.after(() => receiver.shutdown?.(0));
  const http = await fetch(`http://${endpoints.get("Starting HTTP server.")}/v1/metrics`, { method: "POST" });
  assert.deepEqual([http.status, http.headers.get("retry-after"), await http.text()], [503, "1", ""]);
  const client = stockClient(t, String(endpoints.get("Starting GRPC server.")));
  const { error } = await client.call(new MetricsEncoder().encode(gauges(1)).bytes);
  assert.equal(error?.code, RpcCode.Unavailable);
  assert.equal(error.details, 'the call cannot be authenticated: htpasswd file "…" cannot be read');
  assert.equal(error.metadata.get("grpc-status-details-bin").length, 1);
});

test("requests without the right credentials are answered with 401", async (t) => {
  const auth = basicauth.create({
    ...settings,
    id: "basicauth",
    config: basicauth.config.parse({ htpasswd: { inline: "me:secret" } }),
    logger: silentLogger,
  });
  let endpoint = "";
  const receiver = otlp.create({
    ...settings,
    id: "otlp",
    config: otlp.config.parse({
      protocols: { http: { endpoint: "127.0.0.1:0", auth: { authenticator: "basicauth" } } },
    }),
    logger: {
      ...silentLogger,
      info(_message, fields) {
        endpoint = String(fields?.["endpoint"]);
      },
    },
    next: { consume: async () => {} },
  });
  await receiver.start?.({ extension: (id) => (id === "basicauth" ? auth : undefined) });
  t.after(() => receiver.shutdown?.(0));
  const post = (credentials?: string) =>
    fetch(`http://${endpoint}/v1/metrics`, {
      method: "POST",
      body: "{}",
      headers: {
        "content-type": "application/json",
        ...(credentials !== undefined && { authorization: `Basic ${btoa(credentials)}` }),
      },
    });
  const refused = await post();
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get("www-authenticate") ?? "", /^Basic realm=/);
  assert.equal((await post("me:wrong")).status, 401);
  assert.equal((await post("me:secret")).status, 200);
});

test("calls without the right credentials end with Unauthenticated, and never reach the pipeline", async (t) => {
  const auth = basicauth.create({
    ...settings,
    id: "basicauth",
    config: basicauth.config.parse({ htpasswd: { inline: "me:secret" } }),
    logger: silentLogger,
  });
  const host: Host = { extension: (id) => (id === "basicauth" ? auth : undefined) };
  const { grpc, received } = await startReceiver(t, { grpc: { auth: { authenticator: "basicauth" } } }, host);
  const { call } = stockClient(t, grpc);
  const message = new MetricsEncoder().encode(gauges(1)).bytes;
  const codeWith = async (headers: Record<string, string>) =>
    (await call(message, undefined, headers)).error?.code;
  assert.equal(await codeWith({}), RpcCode.Unauthenticated);
  assert.equal(await codeWith({ authorization: `Basic ${btoa("me:wrong")}` }), RpcCode.Unauthenticated);
  assert.equal(received.batches.length, 0);
  assert.equal(await codeWith({ authorization: `Basic ${btoa("me:secret")}` }), undefined);
  assert.equal(received.batches.length, 1);
});

test("an authenticator that cannot tell makes the sender try again", async (t) => {
  const broken: ServerAuthenticator = { authenticate: () => Promise.reject(new Error("no file")) };
  const { grpc } = await startReceiver(
    t,
    { grpc: { auth: { authenticator: "x" } } },
    { extension: () => broken },
  );
  const { error } = await stockClient(t, grpc).call(new MetricsEncoder().encode(gauges(1)).bytes);
  assert.equal(error?.code, RpcCode.Unavailable);
});

test("validation finds an authenticator that is not there, at its place", async () => {
  const yaml = JSON.stringify({
    receivers: {
      otlp: {
        protocols: {
          http: { auth: { authenticator: "basicauth" } },
          grpc: { auth: { authenticator: "basicauth/grpc" } },
        },
      },
    },
    exporters: {
      otlp_http: { endpoint: "http://localhost", auth: { authenticator: "bearertokenauth/x" } },
      otlp_grpc: { endpoint: "localhost:4317", auth: { authenticator: "headers_setter" } },
    },
    extensions: { "bearertokenauth/x": { token: "abc" } },
    service: { pipelines: { metrics: { receivers: ["otlp"], exporters: ["otlp_http", "otlp_grpc"] } } },
  });
  const { diagnostics } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  const text = formatDiagnostics(diagnostics.items);
  assert.match(
    text,
    /receivers::otlp::protocols::http::auth::authenticator: references extension "basicauth" which is not configured/,
  );
  assert.match(text, /otlp::protocols::grpc::auth::authenticator: references extension "basicauth\/grpc"/);
  assert.match(
    text,
    /otlp_grpc::auth::authenticator: references extension "headers_setter" which is not con/,
  );
  assert.match(
    text,
    /exporters::otlp_http::auth::authenticator: references extension "bearertokenauth\/x" which is not started/,
  );
});
