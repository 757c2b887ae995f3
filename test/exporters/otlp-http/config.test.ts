import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import otlpHttp from "../../../src/exporters/otlp-http/index.ts";
import { metricsUrl } from "../../../src/exporters/otlp-http/metrics-url.ts";
import { userAgent } from "../../../src/net/index.ts";

const messages = (input: unknown) =>
  otlpHttp.config.safeParse(input).error?.issues.map(({ path, message }) => [...path, message].join(": ")) ??
  [];

test("defaults are the Collector's, but for the gzip level", () => {
  const config = otlpHttp.config.parse({ endpoint: "http://localhost:4318" });
  assert.equal(config.encoding, "proto");
  assert.equal(config.compression, "gzip");
  assert.equal(config.compression_params.level, 1);
  assert.equal(config.timeout, 30_000);
  assert.equal(config.idle_conn_timeout, 90_000);
  assert.equal(config.sending_queue?.queue_size, 1000);
  assert.equal(config.retry_on_failure?.max_elapsed_time, 300_000);
  assert.equal(config.tls, undefined);
});

test("the sample shows every default", async () => {
  const url = new URL("../../../src/exporters/otlp-http/sample.yaml", import.meta.url);
  const sample = parse(await readFile(url, "utf8")) as { otlp_http: { endpoint: string } };
  const { endpoint } = sample.otlp_http;
  assert.deepEqual(otlpHttp.config.parse(sample.otlp_http), otlpHttp.config.parse({ endpoint }));
});

test("an endpoint is required, and what is wrong is named", () => {
  assert.deepEqual(messages({}), ["at least one endpoint must be specified"]);
  const endpoint = "http://localhost:4318";
  assert.deepEqual(messages({ endpoint, compression_params: { level: 10 } }), [
    "compression_params: level: gzip has levels from -1 to 9, got 10",
  ]);
  assert.deepEqual(messages({ endpoint, compression: "zstd", compression_params: { level: 10 } }), []);
  assert.match(messages({ endpoint, compression: "snappy" }).join(), /compression/);
  assert.match(messages({ endpoint: "localhost:4318" }).join(), /expected an http or https URL/);
});

test("the path of metrics is appended to endpoint, metrics_endpoint is used as it is", () => {
  const cases: [object, string][] = [
    [{ endpoint: "http://h:4318" }, "http://h:4318/v1/metrics"],
    [{ endpoint: "http://h:4318/" }, "http://h:4318/v1/metrics"],
    [{ endpoint: "https://h/otlp/" }, "https://h/otlp/v1/metrics"],
    [{ endpoint: "https://h/otlp?key=a" }, "https://h/otlp/v1/metrics?key=a"],
    [{ endpoint: "http://h", metrics_endpoint: "https://m/api/v1/otlp" }, "https://m/api/v1/otlp"],
  ];
  for (const [config, url] of cases) assert.equal(metricsUrl(config).href, url);
});

test("the User-Agent has Go's names of systems", () => {
  const build = { command: "otelcol-kubevirt", version: "1.2.3" };
  assert.equal(userAgent(build, "linux", "x64"), "otelcol-kubevirt/1.2.3 (linux/amd64)");
  assert.equal(userAgent(build, "win32", "arm64"), "otelcol-kubevirt/1.2.3 (windows/arm64)");
});
