import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { describe, test } from "node:test";
import { compressionAlgorithms } from "@grpc/grpc-js";
import { PartialError, PermanentError, RetryableError } from "../../../src/component/index.ts";
import { RpcCode, RpcError } from "../../../src/grpc/index.ts";
import { Batch } from "../../../src/metrics/index.ts";
import { decodeExportResponse, MetricsEncoder } from "../../../src/otlp/index.ts";
import { everyKindBatch } from "../../support/batches.ts";
import { stockClient } from "./stock-client.ts";
import { startReceiver } from "./support.ts";

const request = Buffer.from(new MetricsEncoder().encode(Batch.from(everyKindBatch())).bytes);
const points = Batch.from(everyKindBatch()).pointCount;

describe("a call is taken", () => {
  for (const name of ["identity", "gzip", "deflate"] as const) {
    test(name, async (t) => {
      const { grpc, received, metric } = await startReceiver(t, { grpc: {} });
      const { call } = stockClient(t, grpc, {
        "grpc.default_compression_algorithm": compressionAlgorithms[name],
      });
      const { answer, error } = await call(request);
      assert.equal(error, undefined);
      assert.deepEqual([...(answer ?? [])], [0x0a, 0x00]);
      assert.equal(Batch.from(received.batches[0] ?? []).pointCount, points);
      assert.equal(await metric("accepted_metric_points", { receiver: "otlp", transport: "grpc" }), points);
      assert.equal(await metric("requests", { transport: "grpc", outcome: "success" }), 1);
    });
  }
});

/** google.protobuf.Duration: seconds, and nanoseconds if there are any. */
const DELAYS: Readonly<Record<number, readonly number[]>> = {
  1000: [0x08, 0x01],
  2500: [0x08, 0x02, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01],
};

describe("what the pipeline says becomes the status", () => {
  const cases: readonly (readonly [string, Error, number, number | undefined])[] = [
    ["any error", new Error("queue full"), RpcCode.Unavailable, 1000],
    [
      "a retryable error with a delay",
      new RetryableError("busy", { retryAfterMs: 2500 }),
      RpcCode.Unavailable,
      2500,
    ],
    ["a permanent error", new PermanentError("no such tenant"), RpcCode.Internal, undefined],
    [
      "a backend's own code",
      new PermanentError("refused", { cause: new RpcError(RpcCode.PermissionDenied, "not you") }),
      RpcCode.PermissionDenied,
      undefined,
    ],
  ];
  for (const [what, thrown, code, retryAfterMs] of cases) {
    test(what, async (t) => {
      const { grpc, received, metric } = await startReceiver(t, { grpc: {} });
      received.answer = () => Promise.reject(thrown);
      const { error } = await stockClient(t, grpc).call(request);
      assert.equal(error?.code, code);
      assert.ok(error.details.startsWith(thrown.message), error.details);
      const [status] = error.metadata.get("grpc-status-details-bin");
      if (retryAfterMs === undefined) assert.equal(status, undefined);
      else assert.deepEqual(status, statusWithRetryInfo(code, thrown.message, DELAYS[retryAfterMs] ?? []));
      assert.equal(await metric("refused_metric_points", { transport: "grpc" }), points);
    });
  }

  /** google.rpc.Status with a RetryInfo of some delay, byte by byte. */
  function statusWithRetryInfo(code: number, message: string, bytes: readonly number[]): Buffer {
    const typeUrl = "type.googleapis.com/google.rpc.RetryInfo";
    const delay = Buffer.from(bytes);
    const info = Buffer.concat([Buffer.from([0x0a, delay.length]), delay]);
    const any = Buffer.concat([
      Buffer.from([0x0a, typeUrl.length]),
      Buffer.from(typeUrl),
      Buffer.from([0x12, info.length]),
      info,
    ]);
    return Buffer.concat([
      Buffer.from([0x08, code, 0x12, message.length]),
      Buffer.from(message),
      Buffer.from([0x1a, any.length]),
      any,
    ]);
  }

  test("a partial success", async (t) => {
    const { grpc, received, metric } = await startReceiver(t, { grpc: {} });
    received.answer = () => Promise.reject(new PartialError("one was too old", 1));
    const { answer } = await stockClient(t, grpc).call(request);
    assert.deepEqual(decodeExportResponse(answer ?? new Uint8Array()), {
      rejectedDataPoints: 1,
      errorMessage: "one was too old",
    });
    assert.equal(await metric("accepted_metric_points"), points - 1);
  });
});

test("what is no request is an invalid argument, another method is not implemented", async (t) => {
  const { grpc, received, metric } = await startReceiver(t, { grpc: {} });
  const { call } = stockClient(t, grpc);
  const broken = await call(request.subarray(0, -3));
  assert.equal(broken.error?.code, RpcCode.InvalidArgument);
  const traces = await call(request, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  assert.equal(traces.error?.code, RpcCode.Unimplemented);
  assert.equal((await call(request)).error, undefined);
  assert.equal(received.batches.length, 1);
  assert.equal(await metric("requests", { transport: "grpc", outcome: "failure" }), 1);
});

test("a message is limited, as it comes and when it is decompressed", async (t) => {
  const { grpc, received } = await startReceiver(t, { grpc: { max_recv_msg_size_mib: 0.5 } });
  const large = Buffer.concat([request, Buffer.alloc(600_000)]);
  const plain = await stockClient(t, grpc).call(large);
  assert.equal(plain.error?.code, RpcCode.ResourceExhausted);
  const gzip = { "grpc.default_compression_algorithm": compressionAlgorithms.gzip };
  const bomb = await stockClient(t, grpc, gzip).call(Buffer.alloc(50_000_000));
  assert.equal(bomb.error?.code, RpcCode.ResourceExhausted);
  assert.deepEqual(received.batches, []);
  assert.equal((await stockClient(t, grpc, gzip).call(request)).error, undefined);
});

test("max_concurrent_streams is what the connection is told", async (t) => {
  const { grpc } = await startReceiver(t, { grpc: { max_concurrent_streams: 7 } });
  const session = connect(`http://${grpc}`);
  t.after(() => session.destroy());
  const [settings] = await once(session, "remoteSettings");
  assert.equal(settings.maxConcurrentStreams, 7);
});

test("max_connection_age renews a connection without losing a call", async (t) => {
  const parameters = { max_connection_age: "50ms", max_connection_age_grace: "10s" };
  const { grpc } = await startReceiver(t, { grpc: { keepalive: { server_parameters: parameters } } });
  const session = connect(`http://${grpc}`);
  t.after(() => session.destroy());
  await once(session, "goaway");
  const { call } = stockClient(t, grpc);
  for (let i = 0; i < 3; i++) assert.equal((await call(request)).error, undefined);
});

test("a connection without calls is closed after max_connection_idle", async (t) => {
  const parameters = { max_connection_idle: "50ms" };
  const { grpc } = await startReceiver(t, { grpc: { keepalive: { server_parameters: parameters } } });
  const session = connect(`http://${grpc}`);
  await once(session, "close");
});

describe("life cycle", () => {
  test("a shutdown lets a call under way finish and takes no other", async (t) => {
    const { grpc, received, receiver } = await startReceiver(t, { grpc: {} });
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    received.answer = () => {
      reached.resolve();
      return gate.promise;
    };
    const { call } = stockClient(t, grpc);
    const answer = call(request);
    await reached.promise;
    const done = receiver.shutdown?.(60_000);
    gate.resolve();
    assert.equal((await answer).error, undefined);
    await done;
    assert.equal((await stockClient(t, grpc).call(request)).error?.code, RpcCode.Unavailable);
  });

  test("a call that outlasts the time for the shutdown, and a silent connection, are cut off", async (t) => {
    const { grpc, received, receiver } = await startReceiver(t, { grpc: {} });
    const [host, port] = grpc.split(":");
    const silent = connectTcp(Number(port), host);
    silent.on("error", () => {});
    const silentGone = once(silent, "close");
    silent.resume();
    await once(silent, "connect");
    const reached = Promise.withResolvers<void>();
    received.answer = () => {
      reached.resolve();
      return new Promise(() => {});
    };
    const answer = stockClient(t, grpc).call(request);
    await reached.promise;
    await receiver.shutdown?.(20);
    assert.ok((await answer).error);
    await silentGone;
  });

  test("an address that is taken fails the start", async (t) => {
    const first = await startReceiver(t, { grpc: {} });
    await assert.rejects(
      startReceiver(t, { grpc: { endpoint: first.grpc } }),
      new RegExp(`cannot listen on ${first.grpc}: .*EADDRINUSE`),
    );
  });
});
