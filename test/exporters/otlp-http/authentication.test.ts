import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { z } from "zod";
import type { ClientAuthenticator, Host } from "../../../src/component/index.ts";
import otlpHttp from "../../../src/exporters/otlp-http/index.ts";
import { gauges, harness } from "../../delivery/harness.ts";
import { OtlpSink } from "../../support/otlp-sink.ts";

const auth = { authenticator: "auth" };

/** An exporter towards a backend that takes nobody's credentials for now. */
async function rig(
  t: TestContext,
  extension: ClientAuthenticator | undefined,
  config: Partial<z.input<typeof otlpHttp.config>>,
) {
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  sink.defaultAnswer = { status: 401 };
  const h = harness();
  const host: Host = { extension: (id) => (id === "auth" ? extension : undefined) };
  const exporter = otlpHttp.create({
    ...h.settings,
    config: otlpHttp.config.parse({ endpoint: sink.endpoint, ...config }),
  });
  await exporter.start?.(host);
  t.after(() => exporter.shutdown?.(0));
  await exporter.consume(gauges(3));
  await sink.until(() => sink.requests.length > 0);
  /** Lets real I/O happen until a metric has a value. */
  const settled = async (name: string, value: number, attributes = {}) => {
    while ((await h.metric(name, attributes)) !== value) await new Promise((next) => setTimeout(next, 2));
  };
  return { ...h, sink, exporter, settled };
}

test("401 means other credentials and another attempt, where an authenticator may have others", async (t) => {
  let token = 1;
  const { sink, clock, settled, logs } = await rig(
    t,
    {
      authorize: (headers) => ({ ...headers, authorization: `Bearer ${token}` }),
      refused: () => void token++,
    },
    { auth },
  );
  while (!logs.some(({ message }) => message.includes("Will retry"))) await new Promise(setImmediate);
  sink.defaultAnswer = {};
  await clock.advance(10_000);
  await settled("sent_metric_points", 3);
  assert.deepEqual(
    sink.requests.map(({ headers }) => headers.authorization),
    ["Bearer 1", "Bearer 2"],
  );
});

test("its retries end like any others", async (t) => {
  const { clock, settled, sink } = await rig(
    t,
    { authorize: (headers) => headers, refused() {} },
    { auth, retry_on_failure: { max_elapsed_time: "30s" } },
  );
  const stopped = settled("dropped_metric_points", 3, { reason: "retries_exhausted" });
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });
  while (!isStopped) await clock.advance(1000);
  assert.ok(sink.requests.length > 1);
});

test("without an authenticator, or with one that has no others, 401 is for good", async (t) => {
  for (const extension of [
    undefined,
    { authorize: (headers: Readonly<Record<string, string>>) => headers },
  ]) {
    const { sink, settled } = await rig(t, extension, extension === undefined ? {} : { auth });
    await settled("dropped_metric_points", 3, { reason: "permanent" });
    assert.equal(sink.requests.length, 1);
  }
});

test("403 is for good, whoever authenticates", async (t) => {
  let refused = 0;
  const { sink, clock, exporter, settled } = await rig(
    t,
    { authorize: (headers) => headers, refused: () => void refused++ },
    { auth },
  );
  sink.answer({ status: 403 });
  await exporter.consume(gauges(5));
  await settled("dropped_metric_points", 5, { reason: "permanent" });
  assert.equal(refused, 1, "by the 401 of before");
  sink.defaultAnswer = {};
  await clock.advance(10_000);
  await settled("sent_metric_points", 3);
});
