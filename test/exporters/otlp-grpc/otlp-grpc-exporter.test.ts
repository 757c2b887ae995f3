import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, type TestContext, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { z } from "zod";
import {
  type ClientAuthenticator,
  type Host,
  PermanentError,
  systemClock,
} from "../../../src/component/index.ts";
import { errorText } from "../../../src/errors/index.ts";
import otlpGrpc from "../../../src/exporters/otlp-grpc/index.ts";
import type { RpcError } from "../../../src/grpc/index.ts";
import { encodeExportResponse } from "../../../src/otlp/index.ts";
import { gauges, harness, noHost } from "../../delivery/harness.ts";
import { createCertificateAuthority, writePemFiles } from "../../support/certificates.ts";
import { GrpcSink } from "../../support/grpc-sink.ts";

type Config = Partial<z.input<typeof otlpGrpc.config>>;

const insecure = { tls: { insecure: true } };
const direct = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };

async function sinkFor(t: TestContext, options: Parameters<typeof GrpcSink.start>[0] = {}) {
  const sink = await GrpcSink.start(options);
  t.after(() => sink.close());
  return sink;
}

async function exporterFor(t: TestContext, endpoint: string, config: Config = {}, host: Host = noHost) {
  const h = harness("otlp_grpc");
  const settings = { ...h.settings, config: otlpGrpc.config.parse({ endpoint, ...insecure, ...config }) };
  const exporter = otlpGrpc.create({ ...settings, clock: systemClock });
  await exporter.start?.(host);
  // What some tests leave in the queue is lost then.
  t.after(() => Promise.resolve(exporter.shutdown?.(0)).catch(() => {}));
  return { ...h, exporter };
}

for (const compression of ["gzip", "zstd", "none"] as const) {
  test(`a batch arrives as it was sent, compressed with ${compression}`, async (t) => {
    const sink = await sinkFor(t);
    const { exporter, metric } = await exporterFor(t, sink.endpoint, { compression });
    await exporter.consume(gauges(50, 3));
    const { headers, batch, isCompressed, message } = await sink.next();
    assert.deepEqual(
      batch,
      gauges(50, 3).resourceMetrics.map((one) => ({ ...one })),
    );
    assert.equal(headers[":path"], "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
    assert.equal(headers[":authority"], sink.endpoint);
    assert.equal(headers["content-type"], "application/grpc");
    assert.equal(headers["grpc-encoding"], compression === "none" ? undefined : compression);
    assert.match(String(headers["user-agent"]), /^otelcol-kubevirt\/1\.2\.3 \(/);
    assert.match(String(headers["grpc-timeout"]), /^[0-9]+m$/);
    assert.equal(isCompressed, compression !== "none");
    if (compression !== "none") assert.ok(message.length < 1500);
    await exporter.shutdown?.(10_000);
    const attributes = { "server.address": "127.0.0.1", "server.port": sink.port };
    assert.equal(await metric("sent_metric_points", attributes), 53);
  });
}

describe("an authenticator", () => {
  const auth = { authenticator: "auth" };
  const hostOf = (authorize: ClientAuthenticator["authorize"]): Host => {
    const extension: ClientAuthenticator = { authorize };
    return { extension: (id) => (id === "auth" ? extension : undefined) };
  };

  test("is asked before each call, and goes before headers", async (t) => {
    const sink = await sinkFor(t);
    let count = 0;
    const host = hostOf(async (headers) => ({ ...headers, authorization: `Bearer ${++count}`, b: "new" }));
    const headers = { A: "1", b: "old" };
    const { exporter } = await exporterFor(t, sink.endpoint, { ...direct, auth, headers }, host);
    for (const token of ["Bearer 1", "Bearer 2"]) {
      await exporter.consume(gauges(1));
      const call = await sink.next();
      assert.equal(call.headers.authorization, token);
      assert.equal(call.headers["a"], "1");
      assert.equal(call.headers["b"], "new");
      assert.equal(call.headers["grpc-encoding"], "gzip");
    }
  });

  test("that fails keeps the call from being sent, to be tried again or not as its error says", async (t) => {
    const sink = await sinkFor(t);
    const errors = [new Error("no token yet"), new PermanentError("never")];
    const host = hostOf(() => Promise.reject(errors.shift()));
    const { exporter } = await exporterFor(t, sink.endpoint, { ...direct, auth }, host);
    await assert.rejects(exporter.consume(gauges(1)), { code: "FLOW_RETRYABLE" });
    await assert.rejects(exporter.consume(gauges(1)), { code: "FLOW_PERMANENT", message: "never" });
    assert.equal(sink.calls.length, 0);
  });

  test("is told of Unauthenticated, and the call is made again, if it may have other credentials", async (t) => {
    const sink = await sinkFor(t);
    const [UNAUTHENTICATED, PERMISSION_DENIED] = [16, 7];
    sink.schedule({ code: UNAUTHENTICATED }, {}, { code: PERMISSION_DENIED }, { code: UNAUTHENTICATED });
    let token = 1;
    const authorize: ClientAuthenticator["authorize"] = (headers) => ({
      ...headers,
      authorization: `${token}`,
    });
    const extension: ClientAuthenticator = { authorize, refused: () => void token++ };
    const host: Host = { extension: () => extension };
    const config = {
      sending_queue: { enabled: false },
      retry_on_failure: { initial_interval: "1ms", max_interval: "1ms" },
    };
    const { exporter } = await exporterFor(t, sink.endpoint, { ...config, auth }, host);
    await exporter.consume(gauges(1));
    await assert.rejects(exporter.consume(gauges(1)), { code: "FLOW_PERMANENT" });
    const { exporter: other } = await exporterFor(t, sink.endpoint, { ...config, auth }, hostOf(authorize));
    await assert.rejects(other.consume(gauges(1)), { code: "FLOW_PERMANENT" });
    const tokens = sink.calls.map(({ headers }) => headers.authorization);
    assert.deepEqual(tokens, ["1", "2", "2", "2"]);
  });

  test("has to be there", async (t) => {
    await assert.rejects(exporterFor(t, "localhost:1", { auth }), /no such running extension/);
  });
});

test("requests share a connection, and a retry sends the same bytes", async (t) => {
  const sink = await sinkFor(t);
  const { exporter } = await exporterFor(t, sink.endpoint, {
    retry_on_failure: { initial_interval: "1ms", max_interval: "1ms" },
  });
  sink.schedule({ code: 14, message: "not yet" }, { fault: "reset" });
  await exporter.consume(gauges(4));
  const [first, second] = [await sink.next(), await sink.next()];
  assert.deepEqual(first.message, second.message);
  assert.equal(first.session, second.session);
});

describe("what the backend's status means", () => {
  const names = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
  ];
  const retryable = new Set([1, 4, 10, 11, 14, 15]);
  for (let code = 1; code <= 16; code++) {
    test(`${code} is ${retryable.has(code) ? "sent again" : "dropped"}`, async (t) => {
      const sink = await sinkFor(t);
      const { exporter, metric, logs } = await exporterFor(t, sink.endpoint, {
        retry_on_failure: { initial_interval: "1ms", max_interval: "1ms" },
      });
      sink.schedule({ code, message: "because, 100 %" });
      await exporter.consume(gauges(3));
      await sink.next();
      if (retryable.has(code)) await sink.next();
      await exporter.shutdown?.(10_000);
      assert.equal(sink.calls.length, retryable.has(code) ? 2 : 1);
      assert.equal(await metric("sent_metric_points"), retryable.has(code) ? 3 : 0);
      assert.equal(
        await metric("dropped_metric_points", { reason: "permanent" }),
        retryable.has(code) ? 0 : 3,
      );
      const error = logs.find(({ fields }) => fields["error"] !== undefined)?.fields["error"] as Error;
      assert.ok(error.message.startsWith(`error exporting items to ${sink.endpoint}: rpc error: code = `));
      assert.ok(error.message.endsWith("desc = because, 100 %"), error.message);
      const name = names[code];
      if (name !== undefined) assert.ok(error.message.includes(`code = ${name} `), error.message);
      assert.equal((error.cause as RpcError).code, code);
    });
  }

  /** google.rpc.Status with a RetryInfo, byte by byte: an unknown field first, then 1.5 seconds. */
  const retryInfo = () => {
    const typeUrl = "type.googleapis.com/google.rpc.RetryInfo";
    const info = [0x0a, 0x08, 0x08, 0x01, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01];
    const any = [0x0a, typeUrl.length, ...Buffer.from(typeUrl), 0x12, info.length, ...info];
    const status = [0x08, 0x08, 0x12, 0x01, 0x78, 0x1a, any.length, ...any, 0x1a, 0x02, 0x0a, 0x00];
    return { "grpc-status-details-bin": Buffer.from(status).toString("base64") };
  };

  for (const code of [8, 14]) {
    test(`${code} with a RetryInfo is sent again, no sooner than that says`, async (t) => {
      const sink = await sinkFor(t);
      const { exporter } = await exporterFor(t, sink.endpoint, direct);
      sink.schedule({ code, trailers: retryInfo() });
      await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_RETRYABLE", retryAfterMs: 1500 });
    });
  }

  test("details that are damaged are no RetryInfo", async (t) => {
    const sink = await sinkFor(t);
    const { exporter } = await exporterFor(t, sink.endpoint, direct);
    const whole = Buffer.from(retryInfo()["grpc-status-details-bin"], "base64");
    for (const length of [0, 1, 6, 20, 50, whole.length - 12]) {
      const trailers = { "grpc-status-details-bin": whole.subarray(0, length).toString("base64") };
      sink.schedule({ code: 8, trailers });
      await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_PERMANENT" }, String(length));
    }
  });

  test("an answer that is no gRPC at all is taken by its HTTP status", async (t) => {
    const sink = await sinkFor(t);
    const { exporter } = await exporterFor(t, sink.endpoint, direct);
    sink.schedule({ status: 503 }, { status: 401 });
    await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_RETRYABLE" });
    await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_PERMANENT" });
  });

  test("a connection that breaks, and none at all, is sent again", async (t) => {
    const sink = await sinkFor(t);
    const { exporter } = await exporterFor(t, sink.endpoint, direct);
    sink.schedule({ fault: "reset" });
    await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_RETRYABLE" });
    await sink.close();
    await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_RETRYABLE" });
  });

  test("a call that takes longer than timeout is ended and sent again", async (t) => {
    const sink = await sinkFor(t);
    const { exporter } = await exporterFor(t, sink.endpoint, { ...direct, timeout: "50ms" });
    sink.schedule({ fault: "hang" });
    await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_RETRYABLE" });
    await exporter.consume(gauges(3));
  });
});

describe("the answer", () => {
  test("a partial success drops what was rejected", async (t) => {
    const sink = await sinkFor(t);
    const { exporter, metric, logs } = await exporterFor(t, sink.endpoint);
    sink.schedule({ body: encodeExportResponse({ rejectedDataPoints: 2, errorMessage: "too old" }) });
    await exporter.consume(gauges(5));
    await sink.next();
    await exporter.shutdown?.(10_000);
    assert.equal(await metric("sent_metric_points"), 3);
    assert.equal(await metric("dropped_metric_points", { reason: "partial_success" }), 2);
    const warning = logs.find(({ message }) => message === "Partial success response.");
    assert.equal(errorText(warning?.fields["error"]), `${sink.endpoint} rejected 2 data points: too old`);
  });

  for (const [encoding, compress] of [["gzip", gzipSync] as const, ["zstd", zstdCompressSync] as const]) {
    test(`may be compressed with ${encoding}`, async (t) => {
      const sink = await sinkFor(t);
      const { exporter } = await exporterFor(t, sink.endpoint, direct);
      const body = encodeExportResponse({ rejectedDataPoints: 1, errorMessage: "x".repeat(500) });
      sink.schedule({ encoding, body: compress(body) });
      await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_PARTIAL", rejected: 1 });
    });
  }

  test("that cannot be read loses nothing that could be sent again", async (t) => {
    const sink = await sinkFor(t);
    const { exporter } = await exporterFor(t, sink.endpoint, direct);
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    sink.schedule(
      { body: Uint8Array.of(0xff) },
      { encoding: "snappy", body: Uint8Array.of(1, 2) },
      {
        encoding: "gzip",
        body: bomb,
      },
    );
    for (let i = 0; i < 3; i++) await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_PERMANENT" });
    await exporter.consume(gauges(3));
  });
});

test("headers go along as metadata, authority and user agent as configured", async (t) => {
  const sink = await sinkFor(t);
  const { exporter } = await exporterFor(t, sink.endpoint, {
    headers: { "Api-Key": "s3cret", "trace-bin": "raw" },
    authority: "otlp.example.com",
    user_agent: "mine/1",
  });
  await exporter.consume(gauges(1));
  const { headers } = await sink.next();
  assert.equal(headers["api-key"], "s3cret");
  assert.equal(headers["trace-bin"], Buffer.from("raw").toString("base64").replaceAll("=", ""));
  assert.equal(headers[":authority"], "otlp.example.com");
  assert.match(String(headers["user-agent"]), /^mine\/1 grpc-node/);
});

test("a header that is gRPC's own fails the start", async (t) => {
  await assert.rejects(exporterFor(t, "127.0.0.1:1", { headers: { "grpc-timeout": "1S" } }), {
    code: "COMPONENT_START",
    message: 'header "grpc-timeout" cannot be sent',
  });
});

describe("TLS", () => {
  const ca = createCertificateAuthority();
  const { certPem, keyPem } = ca.issue({
    commonName: "otlp",
    ipAddresses: ["127.0.0.1"],
    dnsNames: ["otlp.internal"],
  });
  const server = { cert: certPem, key: keyPem };

  test("is used unless it is switched off", async (t) => {
    const sink = await sinkFor(t, { tls: server });
    const trusting = await exporterFor(t, sink.endpoint, { ...direct, tls: { ca_pem: ca.certPem } });
    await trusting.exporter.consume(gauges(1));
    const distrusting = await exporterFor(t, sink.endpoint, { ...direct, tls: {} });
    await assert.rejects(distrusting.exporter.consume(gauges(1)), { code: "FLOW_RETRYABLE" });
    const careless = await exporterFor(t, sink.endpoint, { ...direct, tls: { insecure_skip_verify: true } });
    await careless.exporter.consume(gauges(1));
    const byScheme = await exporterFor(t, `https://${sink.endpoint}`, { ...direct, tls: { insecure: true } });
    await assert.rejects(byScheme.exporter.consume(gauges(1)), { code: "FLOW_RETRYABLE" });
    assert.equal(sink.calls.length, 2);
  });

  test("server_name_override is the name that is verified", async (t) => {
    const other = ca.issue({ commonName: "otlp", dnsNames: ["otlp.internal"] });
    const sink = await sinkFor(t, { tls: { cert: other.certPem, key: other.keyPem } });
    const tls = { ca_pem: ca.certPem };
    const plain = await exporterFor(t, sink.endpoint, { ...direct, tls });
    await assert.rejects(plain.exporter.consume(gauges(1)), { code: "FLOW_RETRYABLE" });
    const named = await exporterFor(t, sink.endpoint, {
      ...direct,
      tls: { ...tls, server_name_override: "otlp.internal" },
    });
    await named.exporter.consume(gauges(1));
  });

  test("a changed client certificate is shown on a new connection, the old one is closed", async (t) => {
    const sink = await sinkFor(t, { tls: { ...server, ca: ca.certPem, requestCert: true } });
    const first = ca.issue({ commonName: "first", client: true });
    const second = ca.issue({ commonName: "second", client: true });
    const files = await writePemFiles(t, { cert: first.certPem, key: first.keyPem });
    const { exporter, logs } = await exporterFor(t, sink.endpoint, {
      ...direct,
      tls: { ca_pem: ca.certPem, cert_file: files.cert, key_file: files.key },
    });
    const peer = async () => {
      await exporter.consume(gauges(1));
      const { session } = await sink.next();
      return { session, name: peerName(session.socket) };
    };
    const before = await peer();
    assert.equal(before.name, "first");
    await writeFile(files.cert, second.certPem);
    // The key that belongs to it is not there yet: the old pair stays in use.
    assert.equal((await peer()).session, before.session);
    assert.equal(logs.filter(({ level }) => level === "warn").length, 1);
    await writeFile(files.key, second.keyPem);
    const closed = new Promise((resolve) => before.session.once("close", resolve));
    assert.equal((await peer()).name, "second");
    await closed;
  });

  function peerName(socket: unknown): string {
    return (socket as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate().subject.CN;
  }

  test("a file that cannot be read fails the start", async (t) => {
    await assert.rejects(
      exporterFor(t, "127.0.0.1:1", { tls: { ca_file: "/does/not/exist.pem" } }),
      /ca_file "\/does\/not\/exist\.pem" cannot be read/,
    );
  });
});

test("keepalive asks while nothing is under way, where that is permitted", async (t) => {
  const sink = await sinkFor(t);
  const { exporter } = await exporterFor(t, sink.endpoint, {
    keepalive: { time: "20ms", timeout: "5s", permit_without_stream: true },
  });
  await exporter.consume(gauges(1));
  await sink.until(() => sink.pings >= 2);
});

test("wait_for_ready lets a request wait for the backend in place of failing", async (t) => {
  const first = await sinkFor(t);
  const { port, endpoint } = first;
  await first.close();
  const { exporter, logs } = await exporterFor(t, endpoint, {
    ...direct,
    wait_for_ready: true,
    timeout: "20s",
  });
  const done = exporter.consume(gauges(1));
  // The first attempt to connect fails; without the option the request would fail with it.
  const impatient = await exporterFor(t, endpoint, direct);
  await assert.rejects(impatient.exporter.consume(gauges(1)), { code: "FLOW_RETRYABLE" });
  const sink = await sinkFor(t, { port });
  await done;
  assert.equal(sink.calls.length, 1);
  assert.deepEqual(
    logs.filter(({ level }) => level === "error"),
    [],
  );
});

test("several batches become one request", async (t) => {
  const sink = await sinkFor(t);
  const { exporter } = await exporterFor(t, sink.endpoint, {
    sending_queue: { batch: { min_size: 10, flush_timeout: "1h" } },
  });
  await Promise.all([
    exporter.consume(gauges(4)),
    exporter.consume(gauges(3, 2)),
    exporter.consume(gauges(1)),
  ]);
  const { batch } = await sink.next();
  assert.deepEqual(
    batch.map(({ scopeMetrics }) => scopeMetrics[0]?.metrics[0]?.dataPoints.length),
    [4, 3, 2, 1],
  );
});

test("a batch size in bytes is that of the message before compression", async (t) => {
  const sink = await sinkFor(t);
  const { exporter } = await exporterFor(t, sink.endpoint, {
    compression: "none",
    sending_queue: { batch: { min_size: 0, max_size: 700, flush_timeout: "1h", sizer: "bytes" } },
  });
  await exporter.consume(gauges(60));
  await exporter.shutdown?.(10_000);
  assert.ok(sink.calls.length > 2);
  for (const { message } of sink.calls) assert.ok(message.length <= 700, String(message.length));
  const points = sink.calls.map(({ batch }) => batch[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints.length ?? 0);
  assert.equal(
    points.reduce((sum, count) => sum + count, 0),
    60,
  );
});
