import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { GrpcClient, type GrpcClientSettings } from "../../src/grpc/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { GrpcSink } from "../support/grpc-sink.ts";

async function sinkFor(t: TestContext) {
  const sink = await GrpcSink.start();
  t.after(() => sink.close());
  return sink;
}

async function clientFor(t: TestContext, target: string, balancer: GrpcClientSettings["balancer"]) {
  const client = await GrpcClient.open({
    target,
    tls: undefined,
    headers: {},
    userAgent: "test",
    authority: undefined,
    balancer,
    keepalive: undefined,
    waitForReady: true,
    logger: silentLogger,
    now: Date.now,
  });
  t.after(() => client.close());
  return () =>
    client.unary({
      path: "/a/b",
      message: Buffer.alloc(0),
      encoding: undefined,
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    });
}

describe("calls to several addresses", () => {
  test("round_robin uses all of them, and goes on with the one that is left", async (t) => {
    const [first, second] = [await sinkFor(t), await sinkFor(t)];
    const call = await clientFor(t, `ipv4:${first.endpoint},${second.endpoint}`, "round_robin");
    while (first.calls.length === 0 || second.calls.length === 0) await call();
    await first.close();
    const before = second.calls.length;
    // The call that notices may fail; none after it does.
    await call().catch(() => {});
    for (let i = 0; i < 4; i++) await call();
    assert.ok(second.calls.length >= before + 4);
  });

  test("pick_first uses one", async (t) => {
    const [first, second] = [await sinkFor(t), await sinkFor(t)];
    const call = await clientFor(t, `ipv4:${first.endpoint},${second.endpoint}`, "pick_first");
    for (let i = 0; i < 4; i++) await call();
    assert.deepEqual([first.calls.length, second.calls.length].toSorted(), [0, 4]);
  });
});

test("a call that is aborted ends at once, before it starts as well", async (t) => {
  const sink = await sinkFor(t);
  sink.defaultAnswer = { fault: "hang" };
  const client = await GrpcClient.open({
    target: sink.endpoint,
    tls: undefined,
    headers: {},
    userAgent: "test",
    authority: undefined,
    balancer: "pick_first",
    keepalive: undefined,
    waitForReady: false,
    logger: silentLogger,
    now: Date.now,
  });
  t.after(() => client.close());
  const controller = new AbortController();
  const unary = () =>
    client.unary({
      path: "/a/b",
      message: Buffer.alloc(0),
      encoding: undefined,
      timeoutMs: 0,
      signal: controller.signal,
    });
  const call = unary();
  const { headers } = await sink.next();
  assert.equal(headers["grpc-timeout"], undefined);
  controller.abort();
  await assert.rejects(call, { name: "RpcError", code: 1 });
  await assert.rejects(unary(), { name: "RpcError", code: 1 });
});
