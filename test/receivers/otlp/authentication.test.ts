import assert from "node:assert/strict";
import { test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import { systemClock } from "../../../src/component/index.ts";
import { formatDiagnostics } from "../../../src/config/index.ts";
import { components } from "../../../src/distribution/index.ts";
import basicauth from "../../../src/extensions/basicauth/index.ts";
import otlp from "../../../src/receivers/otlp/index.ts";
import { loadConfig } from "../../../src/service/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";

const settings = {
  meter: createNoopMeter(),
  clock: systemClock,
  reportStatus() {},
  build: { command: "test", version: "0" },
};

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

test("validation finds an authenticator that is not there, at its place", async () => {
  const yaml = JSON.stringify({
    receivers: { otlp: { protocols: { http: { auth: { authenticator: "basicauth" } } } } },
    exporters: { otlp_http: { endpoint: "http://localhost", auth: { authenticator: "bearertokenauth/x" } } },
    extensions: { "bearertokenauth/x": { token: "abc" } },
    service: { pipelines: { metrics: { receivers: ["otlp"], exporters: ["otlp_http"] } } },
  });
  const { diagnostics } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  const text = formatDiagnostics(diagnostics.items);
  assert.match(
    text,
    /receivers::otlp::protocols::http::auth::authenticator: references extension "basicauth" which is not configured/,
  );
  assert.match(
    text,
    /exporters::otlp_http::auth::authenticator: references extension "bearertokenauth\/x" which is not started/,
  );
});
