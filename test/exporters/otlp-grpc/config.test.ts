import assert from "node:assert/strict";
import { test } from "node:test";
import otlpGrpc from "../../../src/exporters/otlp-grpc/index.ts";
import { requestCodec, requestOf } from "../../../src/exporters/otlp-grpc/request-codec.ts";
import { parseTarget } from "../../../src/exporters/otlp-grpc/target.ts";

const target = (endpoint: string) => {
  const parsed = parseTarget(endpoint);
  return parsed && [parsed.target, parsed.forcesTls, parsed.server];
};

test("an endpoint is a host and a port, with a scheme or without", () => {
  const server = { host: "otlp.example.com", port: 4317 };
  assert.deepEqual(target("otlp.example.com:4317"), ["otlp.example.com:4317", false, server]);
  assert.deepEqual(target("http://otlp.example.com:4317"), ["otlp.example.com:4317", false, server]);
  assert.deepEqual(target("https://otlp.example.com:4317/"), ["otlp.example.com:4317", true, server]);
  assert.deepEqual(target("dns:///otlp.example.com:4317"), ["dns:///otlp.example.com:4317", false, server]);
  assert.deepEqual(target("dns://8.8.8.8/otlp.example.com:4317"), [
    "dns://8.8.8.8/otlp.example.com:4317",
    false,
    server,
  ]);
  assert.deepEqual(target("[::1]:4317"), ["[::1]:4317", false, { host: "::1", port: 4317 }]);
  assert.deepEqual(target("unix:///run/otlp.sock"), ["unix:///run/otlp.sock", false, undefined]);
});

test("an endpoint that is none is refused with what is wanted", () => {
  for (const endpoint of [
    "",
    "otlp.example.com",
    "host:0",
    "host:70000",
    "host:4317/v1/metrics",
    "grpc://host:4317",
    "http://user@host:4317",
    "a b:1",
  ]) {
    const { success, error } = otlpGrpc.config.safeParse({ endpoint });
    assert.equal(success, false, endpoint);
    assert.match(error?.message ?? "", /expected host:port, got/);
  }
  assert.equal(otlpGrpc.config.safeParse({}).success, false);
});

test("http as the scheme does not switch TLS off, and is warned about", () => {
  const warningsOf = (config: object) =>
    otlpGrpc.warnings?.(otlpGrpc.config.parse(config)).map(({ path }) => path.join("::"));
  assert.deepEqual(warningsOf({ endpoint: "http://host:4317" }), ["endpoint"]);
  assert.deepEqual(warningsOf({ endpoint: "http://host:4317", tls: { insecure: true } }), []);
  assert.deepEqual(warningsOf({ endpoint: "host:4317" }), []);
  assert.deepEqual(warningsOf({ endpoint: "host:4317", sending_queue: { storage: "file_storage" } }), [
    "retry_on_failure::max_elapsed_time",
  ]);
});

test("a queue's storage is a reference to an extension", () => {
  const config = otlpGrpc.config.parse({ endpoint: "h:1", sending_queue: { storage: "file_storage/a" } });
  assert.deepEqual(otlpGrpc.references?.(config), [
    { kind: "extension", id: "file_storage/a", path: ["sending_queue", "storage"] },
  ]);
});

test("a request that was stored is the same request again", () => {
  for (const encoding of ["gzip", "zstd", undefined] as const) {
    const request = requestOf(Buffer.from("body"), encoding, 7);
    assert.deepEqual(requestCodec.fromStored(requestCodec.toStored(request), 7), request);
  }
});
