import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import { clientContext } from "../../../src/component/index.ts";
import { Batch } from "../../../src/metrics/index.ts";
import { MetricsEncoder } from "../../../src/otlp/index.ts";
import { everyKindBatch } from "../../support/batches.ts";
import { startReceiver } from "./support.ts";

const PATH = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const request = Buffer.from(new MetricsEncoder().encode(Batch.from(everyKindBatch())).bytes);

/** A receiver whose first batch waits until its sender is gone; gives the signals of all. */
async function startWaiting(t: Parameters<typeof startReceiver>[0]) {
  const it = await startReceiver(t, { http: {}, grpc: {} });
  const came = Promise.withResolvers<AbortSignal>();
  const signals: AbortSignal[] = [];
  it.received.answer = async () => {
    const gone = clientContext.current()?.gone;
    assert.ok(gone);
    signals.push(gone);
    if (signals.length > 1) return;
    came.resolve(gone);
    await new Promise((_, reject) => gone.addEventListener("abort", () => reject(gone.reason)));
  };
  return { ...it, came: came.promise, signals };
}

const until = async (condition: () => Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
};

test("the pipeline hears when who sent over HTTP is gone, and not after an answer", async (t) => {
  const { http, came, signals, metric } = await startWaiting(t);
  const post = (signal: AbortSignal | null) =>
    fetch(`http://${http}/v1/metrics`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: request,
      signal,
    });
  const client = new AbortController();
  const failed = assert.rejects(post(client.signal));
  const gone = await came;
  assert.equal(gone.aborted, false);
  client.abort();
  await failed;
  await until(async () => (await metric("requests", { transport: "http", outcome: "refused" })) === 1);
  const answer = await post(null);
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false],
  );
});

test("the pipeline hears when a gRPC call is cancelled, or its deadline is over, and not after an answer", async (t) => {
  for (const end of ["cancel", "deadline", "answer"] as const) {
    const { grpc, came, signals, metric } = await startWaiting(t);
    const client = new Client(grpc, credentials.createInsecure());
    t.after(() => client.close());
    const same = (message: Buffer) => message;
    const send = (deadlineMs?: number) => {
      const done = Promise.withResolvers<unknown>();
      const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
      const call = client.makeUnaryRequest(PATH, same, same, request, options, (error) =>
        done.resolve(error),
      );
      return { call, done: done.promise };
    };
    const { call, done } = send(end === "deadline" ? 50 : undefined);
    await came;
    if (end === "answer") {
      assert.equal(await send().done, null);
      assert.equal(signals[1]?.aborted, false);
    }
    if (end !== "deadline") call.cancel();
    assert.ok(await done);
    await until(async () => (await metric("requests", { transport: "grpc", outcome: "refused" })) === 1);
    assert.equal(signals[0]?.aborted, true);
  }
});
