import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { type Cleanup, createCertificateAuthority } from "../support/certificates.ts";
import { body, Handler, hanging } from "./handler.ts";
import { firstValue, pointsOf, startPipeline } from "./pipeline.ts";

const CAN_CONNECT = "kubevirt_handler.can_connect";
const DEPTH = "kubevirt_handler.workqueue.depth";
const text = '# TYPE kubevirt_workqueue_depth gauge\nkubevirt_workqueue_depth{name="virt-handler-vm"} 7\n';

/** Metrics flow, the health check fails for `reason`, and says so once. */
async function failing(
  t: Cleanup,
  reason: string,
  healthzEndpoint: string | undefined,
  prepare: (handler: Handler) => void = () => {},
): Promise<void> {
  const target = healthzEndpoint === undefined ? {} : { healthz_endpoint: healthzEndpoint };
  const { handler, next, collector } = await startPipeline(t, { target }, (it) => {
    it.metrics = body(text);
    prepare(it);
  });
  for (let i = 0; i < 3; i++) {
    const batch = await next();
    assert.equal(firstValue(batch, "up"), 1);
    assert.equal(firstValue(batch, DEPTH), 7);
    assert.equal(firstValue(batch, CAN_CONNECT), 0);
    const { endpoint } = pointsOf(batch, CAN_CONNECT)[0]?.attributes ?? {};
    assert.equal(endpoint, healthzEndpoint ?? handler.healthzUrl);
    assert.equal(pointsOf(batch, DEPTH)[0]?.attributes["endpoint"], handler.metricsUrl);
  }
  const failures = collector.logs.filter(({ msg }) => msg === "Health check failed.");
  assert.deepEqual(
    failures.map((record) => [record.level, record["reason"], record["endpoint"]]),
    [["warn", reason, healthzEndpoint ?? handler.healthzUrl]],
  );
}

describe("a failing health endpoint does not stop the metrics", { concurrency: true }, () => {
  test("500, and back again", async (t) => {
    const { handler, next, collector } = await startPipeline(t, {}, (it) => {
      it.metrics = body(text);
      it.health = (response) => response.writeHead(500).end('{"apiserver":{"connectivity":"failed"}}');
    });
    const bad = await next();
    assert.deepEqual(
      [firstValue(bad, CAN_CONNECT), firstValue(bad, "up"), firstValue(bad, DEPTH)],
      [0, 1, 7],
    );
    handler.health = (response) => response.writeHead(200).end("{}");
    let batch = bad;
    while (firstValue(batch, CAN_CONNECT) === 0) batch = await next();
    assert.deepEqual([firstValue(batch, CAN_CONNECT), firstValue(batch, "up")], [1, 1]);
    await collector.untilLog("Health check works again.");
  });

  test("another status", async (t) => {
    await failing(t, "http_status", undefined, (it) => {
      it.health = (response) => response.writeHead(406).end("406: Not Acceptable");
    });
  });

  test("refused", async (t) => {
    await failing(t, "connect", `https://127.0.0.1:${await closedPort()}/healthz`);
  });

  test("a certificate of somebody else", async (t) => {
    const stranger = await Handler.start(t, createCertificateAuthority({ commonName: "somebody else" }));
    await failing(t, "tls", stranger.healthzUrl);
    assert.equal(stranger.requests.length, 0);
  });

  test("no answer", async (t) => {
    await failing(t, "timeout", undefined, (it) => {
      it.health = hanging;
    });
  });

  test("metrics down while the health endpoint answers", async (t) => {
    const { next, collector } = await startPipeline(t, {}, (it) => {
      it.metrics = (response) => response.socket?.destroy();
    });
    const batch = await next();
    assert.deepEqual([firstValue(batch, CAN_CONNECT), firstValue(batch, "up")], [1, 0]);
    const { reason } = await collector.untilLog("Scrape failed.");
    assert.equal(reason, "connect");
  });
});

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
