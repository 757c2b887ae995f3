import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import otlpGrpc from "../../src/exporters/otlp-grpc/index.ts";
import { harness, noHost } from "../delivery/harness.ts";
import { startReceiver } from "../receivers/otlp/support.ts";

const loaded = () =>
  Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("grpc-js"));

test("grpc-js is loaded when the first component that needs it starts", async (t) => {
  await startReceiver(t, { http: {} });
  const config = otlpGrpc.config.parse({ endpoint: "127.0.0.1:1", tls: { insecure: true } });
  const exporter = otlpGrpc.create({ ...harness().settings, config });
  assert.equal(loaded(), false);
  await exporter.start?.(noHost);
  t.after(() => exporter.shutdown?.(0));
  assert.equal(loaded(), true);
});
