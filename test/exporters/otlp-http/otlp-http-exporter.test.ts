import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import type { z } from "zod";
import type { Host } from "../../../src/component/index.ts";
import otlpHttp from "../../../src/exporters/otlp-http/index.ts";
import { encodeExportResponse } from "../../../src/otlp/index.ts";
import { gauges, harness } from "../../delivery/harness.ts";
import { createCertificateAuthority } from "../../support/certificates.ts";
import { countPoints, OtlpSink, type SinkOptions } from "../../support/otlp-sink.ts";

type Config = Partial<z.input<typeof otlpHttp.config>>;

const host: Host = { extension: () => undefined };

async function sinkFor(t: TestContext, options: SinkOptions = {}): Promise<OtlpSink> {
  const sink = await OtlpSink.start(options);
  t.after(() => sink.close());
  return sink;
}

async function exporterFor(t: TestContext, endpoint: string, config: Config = {}) {
  const h = harness();
  const settings = { ...h.settings, config: otlpHttp.config.parse({ endpoint, ...config }) };
  const exporter = otlpHttp.create(settings);
  await exporter.start?.(host);
  const shutdown = async (drainMs: number) => {
    await Promise.all([exporter.shutdown?.(drainMs), h.clock.advance(drainMs)]);
  };
  // What some tests leave in the queue is lost then.
  t.after(() => shutdown(0).catch(() => {}));
  /** Lets real I/O happen until the condition holds. */
  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return { ...h, exporter, shutdown, until };
}

for (const encoding of ["proto", "json"] as const) {
  for (const compression of ["gzip", "zstd", "none"] as const) {
    test(`${encoding} with ${compression} arrives as it was sent`, async (t) => {
      const sink = await sinkFor(t);
      const { exporter, metric } = await exporterFor(t, sink.endpoint, { encoding, compression });
      const batch = gauges(50, 3);
      await exporter.consume(batch);
      await exporter.consume(batch);
      await sink.next();
      assert.deepEqual(comparable(await sink.next()), comparable(batch.resourceMetrics));
      const [request] = sink.requests;
      assert.equal(request?.headers["content-encoding"], compression === "none" ? undefined : compression);
      assert.equal(request?.headers["user-agent"]?.startsWith("otelcol-kubevirt/1.2.3 ("), true);
      assert.equal(request?.path, "/v1/metrics");
      if (compression !== "none") assert.ok((request?.body.length ?? 0) < (request?.content.length ?? 0));
      await exporter.shutdown?.(30_000);
      const attributes = {
        "server.address": "127.0.0.1",
        "server.port": sink.port,
        "url.path": "/v1/metrics",
      };
      assert.equal(await metric("sent_metric_points", attributes), 106);
    });
  }
}

function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner) =>
      ["droppedAttributesCount", "schemaUrl", "version"].includes(key) ? undefined : inner,
    ),
  );
}

test("headers go along, over HTTPS with the configured CA, on a kept connection", async (t) => {
  const ca = createCertificateAuthority();
  const { certPem, keyPem } = ca.issue({ commonName: "sink", ipAddresses: ["127.0.0.1"] });
  const sink = await sinkFor(t, { tls: { cert: certPem, key: keyPem } });
  const { exporter } = await exporterFor(t, sink.endpoint, {
    headers: { "Api-Key": "s3cret", "User-Agent": "mine" },
    tls: { ca_pem: ca.certPem },
  });
  for (let i = 0; i < 3; i++) {
    await exporter.consume(gauges(1));
    await sink.next();
  }
  assert.equal(sink.requests[0]?.headers["api-key"], "s3cret");
  assert.equal(sink.requests[0]?.headers["user-agent"], "mine");
  assert.equal(new Set(sink.requests.map(({ remotePort }) => remotePort)).size, 1);
});

test("a TLS file that cannot be read fails the start", async () => {
  const { settings } = harness();
  const config = otlpHttp.config.parse({
    endpoint: "https://localhost",
    tls: { ca_file: "/does/not/exist.pem" },
  });
  const exporter = otlpHttp.create({ ...settings, config });
  await assert.rejects(async () => exporter.start?.(host), /exist\.pem/);
  await exporter.shutdown?.(0);
});

for (const [status, what] of [
  [429, "sent again"],
  [502, "sent again"],
  [503, "sent again"],
  [504, "sent again"],
  [400, "dropped"],
  [401, "dropped"],
  [404, "dropped"],
  [408, "dropped"],
  [413, "dropped"],
  [500, "dropped"],
] as const) {
  test(`status ${status}: the request is ${what}`, async (t) => {
    const sink = await sinkFor(t);
    sink.answer({ status });
    const { exporter, clock, metric, until, statuses } = await exporterFor(t, sink.endpoint);
    await exporter.consume(gauges(4));
    await until(() => statuses.length > 0);
    assert.equal(statuses[0]?.status, "recoverable_error");
    await clock.advance(10_000);
    if (what === "sent again") {
      assert.equal(countPoints(await sink.next()), 4);
      await until(async () => (await metric("sent_metric_points")) === 4);
      assert.equal(statuses.at(-1)?.status, "ok");
    } else {
      assert.equal(await metric("dropped_metric_points", { reason: "permanent" }), 4);
      assert.equal(sink.requests.length, 1);
    }
  });
}

test("Retry-After is waited for, in seconds and as a date", async (t) => {
  const sink = await sinkFor(t);
  const { exporter, clock, until, logs } = await exporterFor(t, sink.endpoint);
  sink.answer(
    { status: 429, headers: { "retry-after": "60" } },
    { status: 503, headers: { "retry-after": new Date(clock.now() + 180_000).toUTCString() } },
  );
  await exporter.consume(gauges(1));
  await until(() => logs.length === 1);
  await clock.advance(59_999);
  assert.equal(sink.requests.length, 1);
  await clock.advance(1);
  await until(() => logs.length === 2);
  await clock.advance(119_000);
  assert.equal(sink.requests.length, 2);
  await clock.advance(1001);
  await sink.next();
  assert.deepEqual(
    logs.map(({ fields }) => fields["interval"]),
    ["1m0s", "2m0s"],
  );
});

test("a partial success counts the rejected points apart", async (t) => {
  const sink = await sinkFor(t);
  sink.answer({ body: encodeExportResponse({ rejectedDataPoints: 3, errorMessage: "too old" }) });
  const { exporter, metric, until, logs } = await exporterFor(t, sink.endpoint);
  await exporter.consume(gauges(10));
  await until(async () => (await metric("sent_metric_points")) > 0);
  assert.equal(await metric("sent_metric_points"), 7);
  assert.equal(await metric("dropped_metric_points", { reason: "partial_success" }), 3);
  assert.equal(logs[0]?.message, "Partial success response.");
  assert.equal(sink.requests.length, 1);
});

for (const fault of ["reset-request", "reset-response"] as const) {
  test(`${fault}: the request is sent again`, async (t) => {
    const sink = await sinkFor(t);
    sink.answer({ fault, body: "x".repeat(1000) });
    const { exporter, clock, metric, until, logs } = await exporterFor(t, sink.endpoint);
    await exporter.consume(gauges(4));
    await until(() => logs.length === 1);
    await clock.advance(10_000);
    assert.equal(countPoints(await sink.next()), 4);
    await until(async () => (await metric("sent_metric_points")) === 4);
  });
}

test("a backend that hangs is given up at the timeout, and the request sent again", async (t) => {
  const sink = await sinkFor(t);
  sink.answer({ fault: "hang" });
  const { exporter, clock, logs } = await exporterFor(t, sink.endpoint, { timeout: "10s" });
  await exporter.consume(gauges(4));
  await sink.until(() => sink.requests.length === 1);
  await clock.advance(10_000);
  assert.match(String(logs[0]?.fields["error"]), /request timed out after 10s/);
  await clock.advance(10_000);
  assert.equal(countPoints(await sink.next()), 4);
});

test("a redirect without an end is permanent", async (t) => {
  const sink = await sinkFor(t);
  sink.defaultAnswer = { status: 307, headers: { location: "/v1/metrics" } };
  const { exporter, metric, until } = await exporterFor(t, sink.endpoint);
  await exporter.consume(gauges(2));
  await until(async () => (await metric("dropped_metric_points", { reason: "permanent" })) === 2);
});

test("an outage loses nothing: what was queued arrives when the backend is back", async (t) => {
  const reserved = createServer().listen(0, "127.0.0.1");
  await once(reserved, "listening");
  const { port } = reserved.address() as { port: number };
  reserved.close();
  await once(reserved, "close");

  const { exporter, clock, metric, until, statuses } = await exporterFor(t, `http://127.0.0.1:${port}`, {
    sending_queue: { num_consumers: 2 },
    retry_on_failure: { max_elapsed_time: 0 },
    timeout: "0s", // the clock jumps while requests are really under way
  });
  for (let i = 1; i <= 20; i++) await exporter.consume(gauges(i));
  await until(() => statuses.length >= 2);
  await clock.advance(60_000);
  assert.equal(statuses.at(-1)?.status, "recoverable_error");
  assert.equal(await metric("queue_metric_points"), 210);

  const sink = await sinkFor(t, { port });
  await until(async () => {
    await clock.advance(30_000);
    return (await metric("sent_metric_points")) === 210;
  });
  assert.equal(await metric("queue_size"), 0);
  assert.deepEqual(
    sink.batches.map(countPoints).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test("shutdown delivers what is queued", async (t) => {
  const sink = await sinkFor(t);
  const { exporter, metric } = await exporterFor(t, sink.endpoint, { sending_queue: { num_consumers: 1 } });
  for (let i = 0; i < 10; i++) await exporter.consume(gauges(5));
  await exporter.shutdown?.(30_000);
  assert.equal(sink.batches.length, 10);
  assert.equal(await metric("sent_metric_points"), 50);
  await assert.rejects(exporter.consume(gauges(1)), /sending queue is closed/);
});

test("shutdown gives up at its deadline and counts what is left", async (t) => {
  const sink = await sinkFor(t);
  sink.defaultAnswer = { fault: "hang" };
  const { exporter, metric, shutdown } = await exporterFor(t, sink.endpoint);
  for (let i = 0; i < 12; i++) await exporter.consume(gauges(5));
  await sink.until(() => sink.requests.length === 10);
  await assert.rejects(shutdown(5000), /60 data points were lost/);
  assert.equal(await metric("dropped_metric_points", { reason: "shutdown" }), 60);
});

test("without a queue the sender gets the backend's answer", async (t) => {
  const sink = await sinkFor(t);
  sink.answer({}, { status: 400, headers: { "content-type": "text/plain" }, body: "bad metric" });
  const { exporter } = await exporterFor(t, sink.endpoint, { sending_queue: { enabled: false } });
  await exporter.consume(gauges(1));
  await assert.rejects(exporter.consume(gauges(1)), /HTTP Status Code 400, Message=bad metric/);
});
