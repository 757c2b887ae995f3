import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { body, Handler } from "../e2e/handler.ts";
import { configOf, metricsOf, startSink, writeConfig } from "../e2e/pipeline.ts";
import { CollectorProcess, runCollector } from "../support/collector-process.ts";
import type { OtlpSink } from "../support/otlp-sink.ts";

const DEPTH = "kubevirt_handler.workqueue.depth";

const MODULE = (create: string) => `import { defineProcessor, z } from "otelcol-kubevirt";
export default defineProcessor({ type: "tenant", stability: "alpha", config: z.strictObject({}), create() {
${create}
}});`;

/** Sets the resource attribute `tenant`. */
const TAGGING = (tenant: string) =>
  MODULE(`return { process: (batch) => batch.map((one) => ({
  ...one, resource: { attributes: { ...one.resource.attributes, tenant: "${tenant}" } },
})) };`);

interface Rig {
  readonly handler: Handler;
  readonly sink: OtlpSink;
  readonly configPath: string;
  readonly save: (module: string) => Promise<void>;
}

/** A handler whose scrapes are numbered, a backend, and a configuration with a module between them. */
async function rig(
  t: TestContext,
  module: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Rig> {
  const handler = await Handler.start(t);
  const sink = await startSink(t);
  let scrape = 0;
  handler.metrics = (response, request) =>
    body(`# TYPE kubevirt_workqueue_depth gauge\nkubevirt_workqueue_depth{name="q"} ${++scrape}\n`)(
      response,
      request,
    );
  const base = configOf(handler, sink.endpoint);
  const { telemetry } = base["service"] as Readonly<Record<string, unknown>>;
  const configPath = await writeConfig(t, {
    ...base,
    processors: { kubevirt_handler: {}, tenant: {} },
    service: {
      telemetry,
      modules: [{ path: "./tenant.ts", ...options }],
      pipelines: {
        metrics: {
          receivers: ["kubevirt_handler"],
          processors: ["kubevirt_handler", "tenant"],
          exporters: ["otlp_http"],
        },
      },
    },
  });
  const save = async (text: string) => {
    const file = join(dirname(configPath), "tenant.ts");
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  await save(module);
  return { handler, sink, configPath, save };
}

test("code that blocks the process is told by the thread that watches it", async (t) => {
  const { configPath } = await rig(
    t,
    MODULE(`return { process(batch) {
  for (const end = Date.now() + 3000; Date.now() < end;);
  return batch;
} };`),
    { slow_after: "500ms" },
  );
  const collector = await CollectorProcess.start(t, ["--config", configPath]);
  const told = await collector.untilLog("Custom code blocks the process.");
  assert.equal(told["otelcol.component.id"], "tenant");
  assert.equal(told.level, "error");
  assert.ok(Number(told["blocked_ms"]) >= 500);
});

test("a module that fails in create or start ends the start with exit code 1", async (t) => {
  const codes = {
    create: `throw new Error("no database");`,
    start: `return { start() { throw new Error("no database"); }, process: (b) => b };`,
  };
  for (const [step, code] of Object.entries(codes)) {
    const { configPath } = await rig(t, MODULE(code));
    const { code: exit, stderr } = await runCollector(t, ["--config", configPath]);
    assert.equal(exit, 1);
    assert.match(
      stderr,
      new RegExp(`processor: module \\./tenant\\.ts failed in ${step} at .*tenant\\.ts:3:\\d+: no database`),
    );
  }
});

test("errors that nothing waits for are told with their place, and end nothing but themselves", async (t) => {
  const { sink, configPath } = await rig(
    t,
    MODULE(`return { process(batch) {
  setTimeout(() => { throw new Error("late"); }, 1);
  Promise.reject(new Error("floating"));
  return batch;
} };`),
  );
  const collector = await CollectorProcess.start(t, ["--config", configPath]);
  const told = "Custom code threw an error that nothing waited for.";
  for (const [error, line] of [
    ["late", 4],
    ["floating", 5],
  ] as const) {
    const record = await collector.untilLog(({ msg, error: text }) => msg === told && text === error);
    assert.match(String(record["place"]), new RegExp(`tenant\\.ts:${line}:\\d+$`));
    assert.equal(record["otelcol.component.id"], "tenant");
  }
  await collector.within(
    sink.until(() => sink.batches.length >= 3),
    "the third batch",
  );
  assert.equal((await collector.stop()).code, 0);
});

test("an error that is not of a module ends the process as ever", async (t) => {
  const { configPath } = await rig(
    t,
    MODULE(`return { process(batch) {
  setTimeout(() => { const error = new Error("foreign"); error.stack = "Error: foreign"; throw error; }, 1);
  return batch;
} };`),
  );
  const { code, stderr } = await runCollector(t, ["--config", configPath]);
  assert.equal(code, 1);
  assert.match(stderr, /Error: foreign/);
});

test("a start that never ends keeps the process, which says why it is not ready and stops when asked to", async (t) => {
  const { configPath } = await rig(
    t,
    MODULE("return { start: () => new Promise(() => {}), process: (b) => b };"),
    { slow_after: "200ms" },
  );
  const collector = await CollectorProcess.start(t, ["--config", configPath]);
  const told = await collector.untilLog("Custom code has not come to the end of its start.");
  assert.equal(told["otelcol.component.id"], "tenant");
  const { stderr } = await collector.stop();
  assert.match(stderr, /Shutdown complete/);
});

for (const isolate of ["none", "worker"]) {
  test(`saving the file swaps the processor in a running pipeline, isolate: ${isolate}`, async (t) => {
    const { sink, configPath, save } = await rig(t, TAGGING("red"), { isolate });
    const watch = ["--set", "service.reload.watch=true", "--set", "service.reload.watch_interval=100ms"];
    const collector = await CollectorProcess.start(t, ["--config", configPath, ...watch]);
    const arrives = (tenant: string) =>
      collector.within(
        sink.until(() =>
          sink.batches.at(-1)?.every(({ resource }) => resource.attributes["tenant"] === tenant),
        ),
        `a batch of ${tenant}`,
      );
    await arrives("red");
    await save(TAGGING("blue"));
    await arrives("blue");
    await save("export default {{{");
    await collector.untilLog("The new configuration is not valid, the old one stays in force.");
    await arrives("blue");
    await save(TAGGING("green"));
    await arrives("green");
    const values = sink.batches.flatMap((batch) =>
      metricsOf(batch)
        .filter(({ descriptor }) => descriptor.name === DEPTH)
        .flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value)),
    );
    // Each scrape once, in its order.
    assert.deepEqual(
      values,
      Array.from(values, (_, i) => i + 1),
    );
  });
}

const onlyWithSignals = { skip: process.platform === "win32" && "there is no SIGHUP on Windows" };

test(
  "SIGHUP swaps a changed module in a running pipeline, and refuses a bad one, without loss",
  onlyWithSignals,
  async (t) => {
    const { handler, sink, configPath, save } = await rig(t, TAGGING("red"));
    const collector = await CollectorProcess.start(t, ["--config", configPath]);
    const arrives = (tenant: string) =>
      collector.within(
        sink.until(() =>
          sink.batches.at(-1)?.every(({ resource }) => resource.attributes["tenant"] === tenant),
        ),
        `a batch of ${tenant}`,
      );
    const reloads = (msg: string, count: number) =>
      collector.until(
        () => collector.logs.filter((record) => record.msg === msg).length === count,
        `${count} × ${msg}`,
      );
    await arrives("red");
    await save(TAGGING("blue"));
    collector.signal("SIGHUP");
    await reloads("The new configuration is in force.", 1);
    await arrives("blue");
    await save(MODULE(`throw new Error("no database");`));
    collector.signal("SIGHUP");
    await collector.until(() => collector.stderr.includes("failed in create"), "the refusal");
    await save(TAGGING("green"));
    await arrives("blue");
    collector.signal("SIGHUP");
    await reloads("The new configuration is in force.", 2);
    await arrives("green");
    const { code, stderr } = await collector.stop();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /module \.\/tenant\.ts failed in create at .*tenant\.ts:3:\d+: no database/);
    const values = sink.batches.flatMap((batch) =>
      metricsOf(batch)
        .filter(({ descriptor }) => descriptor.name === DEPTH)
        .map(({ dataPoints }) => dataPoints[0]?.value),
    );
    assert.deepEqual(
      values,
      handler.scrapes.map((_, i) => i + 1),
      "each scrape arrives once, in order",
    );
  },
);
