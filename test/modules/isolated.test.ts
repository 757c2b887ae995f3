import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  clientContext,
  type Definition,
  PartialError,
  PermanentError,
  RetryableError,
} from "../../src/component/index.ts";
import { formatDiagnostics } from "../../src/config/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { Service } from "../../src/service/index.ts";
import type { LogFields, Logger } from "../../src/telemetry/index.ts";
import { recordingMeter } from "../kubernetes/recording-meter.ts";
import { gaugeBatch, quiet } from "../support/components.ts";
import { CONFIG, directory, keepingLogger, load, recorded } from "./support.ts";

/** A service with one processor in a thread of its own, whose `create` has the given body. */
async function start(t: TestContext, body: string, logger: Logger = keepingLogger([])) {
  const root = await directory(t, {
    "config.yaml": CONFIG("{ path: ./x.ts, isolate: worker }"),
    "x.ts": `
import { existsSync, writeFileSync } from "node:fs";
import * as lib from "otelcol-kubevirt";
export default lib.defineProcessor({
  type: "tenant", stability: "alpha", config: lib.z.strictObject({}), create({ logger, meter }) {
${body}
}});`,
  });
  const { config, diagnostics } = await load(root);
  assert.ok(config, formatDiagnostics(diagnostics.items));
  recorded.received.clear();
  const meter = recordingMeter();
  const service = new Service(config, { ...quiet, logger, meter });
  await service.start();
  t.after(() => service.shutdown());
  const send = async () => await recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch()));
  return { send, meter, service };
}

test("what an isolated processor throws is the same kind of refusal outside, with its place", async (t) => {
  const logs: LogFields[] = [];
  const { send } = await start(
    t,
    `let number = 0;
return { process() {
  switch (number++) {
    case 0: throw new lib.PermanentError("never");
    case 1: throw new lib.RetryableError("later", { retryAfterMs: 7000 });
    case 2: throw new lib.PartialError("some", 3);
    case 3: throw new TypeError("oops");
    default: throw "text";
  }
} };`,
    keepingLogger(logs),
  );
  const expected: readonly ((error: unknown) => boolean)[] = [
    (error) => error instanceof PermanentError && error.message === "never",
    (error) => error instanceof RetryableError && error.message === "later" && error.retryAfterMs === 7000,
    (error) => error instanceof PartialError && error.message === "some" && error.rejected === 3,
    (error) => error instanceof Error && !(error instanceof PermanentError) && error.message === "oops",
    (error) => error instanceof Error && error.message === "text",
  ];
  for (const isExpected of expected) await assert.rejects(send, isExpected);
  assert.match(String(logs[0]?.["place"]), /x\.ts:9:\d+$/);
  assert.match(String(logs[3]?.["place"]), /x\.ts:12:\d+$/);
});

test("an isolated processor logs and measures where the others do", async (t) => {
  const logs: LogFields[] = [];
  const logger: Logger = {
    ...keepingLogger(logs),
    isEnabled: (level) => level !== "debug",
    child: () => logger,
  };
  const { send, meter } = await start(
    t,
    `const count = meter.createCounter("seen_batches", { unit: "{batch}" });
const size = meter.createGauge("last_size");
const log = logger.child({ part: "one" });
return { process(batch) {
  count.add(2, { kind: "a" });
  size.record(batch.length);
  log.warn("Seen.", { when: new Date(0), what: () => 1, error: new Error("odd") });
  if (logger.isEnabled("debug")) logger.debug("Too much.");
  return batch;
} };`,
    logger,
  );
  await send();
  await send();
  assert.equal(logs.length, 2);
  const { msg, part, when, what, error } = logs[0] ?? {};
  assert.deepEqual({ msg, part, when }, { msg: "Seen.", part: "one", when: new Date(0) });
  assert.match(String(what), /Function/);
  assert.ok(error instanceof Error && error.message === "odd");
  assert.equal(await meter.total("seen_batches", { kind: "a" }), 4);
  assert.equal(await meter.total("last_size"), 1);
});

test("an isolated processor knows the sender of what it works on", async (t) => {
  const { send } = await start(
    t,
    `return { process: (batch) => batch.map((one) => ({ ...one, resource: { attributes: {
  tenant: lib.clientMetadata.current()?.get("x-tenant")?.join() ?? "nobody",
  user: lib.clientContext.current()?.auth?.username ?? "nobody",
} } })) };`,
  );
  const metadata = new Map([["x-tenant", ["a", "b"]]]);
  await clientContext.run({ metadata, auth: { username: "ann" }, gone: AbortSignal.abort() }, send);
  await send();
  assert.deepEqual(
    recorded.received.get("rec")?.map(({ resourceMetrics: [one] }) => ({ ...one?.resource.attributes })),
    [
      { tenant: "a,b", user: "ann" },
      { tenant: "nobody", user: "nobody" },
    ],
  );
});

test("a thread that ends between two batches is told, and replaced", async (t) => {
  const told = Promise.withResolvers<LogFields>();
  const logger: Logger = {
    ...keepingLogger([]),
    error: (msg, fields) => told.resolve({ msg, ...fields }),
    child: () => logger,
  };
  const { send } = await start(
    t,
    `const mark = import.meta.dirname + "/was-here";
return { process(batch) {
  if (!existsSync(mark)) setTimeout(() => { throw new Error("late"); }, 300);
  writeFileSync(mark, "");
  return batch;
} };`,
    logger,
  );
  await send();
  const { msg, error } = await told.promise;
  assert.equal(msg, "A thread of custom code broke down.");
  assert.ok(error instanceof Error && error.cause instanceof Error && error.cause.message === "late");
  await send();
  assert.equal(recorded.received.get("rec")?.length, 2);
});

test("only processors can be isolated", async (t) => {
  const kinds: readonly Definition["kind"][] = ["receiver", "exporter", "extension", "connector"];
  for (const kind of kinds) {
    const define = `define${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    const root = await directory(t, {
      "config.yaml": CONFIG("{ path: ./x.ts, isolate: worker }", "", ""),
      "x.ts": `import { ${define}, z } from "otelcol-kubevirt";
export default ${define}({ type: "other", stability: "alpha", config: z.strictObject({}), create: () => ({}) });`,
    });
    const { diagnostics } = await load(root);
    assert.match(
      formatDiagnostics(diagnostics.items),
      new RegExp(`isolate: worker is for processors, "other" is a ${kind}`),
    );
  }
});
