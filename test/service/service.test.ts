import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryableError } from "../../src/component/index.ts";
import { formatDiagnostics } from "../../src/config/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { type CollectorConfig, loadConfig, Service } from "../../src/service/index.ts";
import { gaugeBatch, quiet, type Recorded, recordingComponents } from "../support/components.ts";

async function configOf(
  yaml: string,
  components = recordingComponents().components,
): Promise<CollectorConfig> {
  const { config, diagnostics } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  assert.ok(config, formatDiagnostics(diagnostics.items));
  return config;
}

const TWO_PIPELINES = `
receivers: { rec/a: , rec/b: }
processors: { rec/p: , rec/q: }
exporters: { rec/x: , rec/y: , rec/unused: }
extensions: { rec/e: }
service:
  extensions: [rec/e]
  pipelines:
    metrics: { receivers: [rec/a, rec/b], processors: [rec/p, rec/q], exporters: [rec/x, rec/y] }
    metrics/2: { receivers: [rec/a], processors: [rec/p], exporters: [rec/x] }
`;

async function started(yaml: string, strict = false): Promise<{ service: Service; recorded: Recorded }> {
  const { components, recorded } = recordingComponents();
  const service = new Service(await configOf(yaml, components), { ...quiet, strict });
  await service.start();
  return { service, recorded };
}

function send(recorded: Recorded, receiver: string, batch = Batch.from(gaugeBatch())): Promise<void> {
  const outlet = recorded.outlets.get(receiver);
  assert.ok(outlet);
  return outlet.consume(batch);
}

test("exporters start first and receivers last, a shutdown goes the other way", async () => {
  const { service, recorded } = await started(TWO_PIPELINES);
  assert.deepEqual(recorded.events, [
    "start extension rec/e",
    "start exporter rec/x",
    "start exporter rec/y",
    "start processor rec/q",
    "start processor rec/p",
    "start processor rec/p",
    "start receiver rec/a",
    "start receiver rec/b",
  ]);
  recorded.events.length = 0;
  assert.deepEqual(await service.shutdown(), []);
  assert.deepEqual(await service.shutdown(), []);
  assert.deepEqual(recorded.events, [
    "shutdown receiver rec/a",
    "shutdown receiver rec/b",
    "shutdown processor rec/p",
    "shutdown processor rec/p",
    "shutdown processor rec/q",
    "shutdown exporter rec/x",
    "shutdown exporter rec/y",
    "shutdown extension rec/e",
  ]);
});

test("each exporter of each pipeline gets the same batch, not a copy", async () => {
  const { service, recorded } = await started(TWO_PIPELINES);
  const batch = Batch.from(gaugeBatch());
  await send(recorded, "rec/a", batch);
  assert.deepEqual(recorded.received.get("rec/x"), [batch, batch]);
  assert.equal(recorded.received.get("rec/y")?.[0]?.resourceMetrics, batch.resourceMetrics);
  await service.shutdown();
});

test("a failing exporter neither keeps data from another nor makes the sender repeat it", async () => {
  const { service, recorded } = await started(TWO_PIPELINES);
  recorded.behaviour.set("rec/y", () => Promise.reject(new RetryableError("queue is full")));
  await send(recorded, "rec/b");
  assert.equal(recorded.received.get("rec/x")?.length, 1);
  recorded.behaviour.set("rec/x", () => Promise.reject(new RetryableError("queue is full")));
  await assert.rejects(send(recorded, "rec/b"), RetryableError);
  await service.shutdown();
});

test("a component that cannot start stops what had been started", async () => {
  const { components, recorded } = recordingComponents();
  const yaml = `
receivers: { rec/a: }
exporters: { rec/x: , rec/y: { fail_start: true } }
service: { pipelines: { metrics: { receivers: [rec/a], exporters: [rec/x, rec/y] } } }
`;
  const service = new Service(await configOf(yaml, components), quiet);
  await assert.rejects(service.start(), {
    code: "COMPONENT_START",
    message: 'failed to start "rec/y" exporter',
  });
  assert.deepEqual(recorded.events.slice(0, 2), ["start exporter rec/x", "start exporter rec/y"]);
  assert.ok(recorded.events.includes("shutdown exporter rec/x"));
});

const RELOADABLE = (tag: string, exporter = "") => `
receivers: { rec/a: , rec/b: { tag: "${tag}" } }
processors: { rec/p: }
exporters: { rec/x: { ${exporter} } }
service: { pipelines: { metrics: { receivers: [rec/a, rec/b], processors: [rec/p], exporters: [rec/x] } } }
`;

test("a reload restarts what changed and keeps the rest running", async () => {
  const { service, recorded } = await started(RELOADABLE("1"));
  const { components } = recordingComponents();
  recorded.events.length = 0;
  await service.reload(await configOf(RELOADABLE("2"), components));
  // The new receiver comes from the other component set, so only the old set's part shows here.
  assert.deepEqual(recorded.events, ["shutdown receiver rec/b"]);
  await send(recorded, "rec/a");
  assert.equal(recorded.received.get("rec/x")?.length, 1);
  await service.shutdown();
});

test("batches that arrive during a reload wait for the new exporter", async () => {
  const { components, recorded } = recordingComponents();
  const service = new Service(await configOf(RELOADABLE("1"), components), quiet);
  await service.start();
  const blocked = Promise.withResolvers<void>();
  recorded.behaviour.set("rec/x", () => blocked.promise);
  const first = send(recorded, "rec/a");
  const reload = service.reload(await configOf(RELOADABLE("1", "tag: new"), components));
  const second = send(recorded, "rec/a");
  assert.equal(recorded.received.get("rec/x"), undefined);
  blocked.resolve();
  await Promise.all([first, reload, second]);
  assert.equal(recorded.received.get("rec/x")?.length, 2);
  assert.deepEqual(recorded.events.slice(-3), [
    "start receiver rec/b",
    "shutdown exporter rec/x",
    "start exporter rec/x",
  ]);
  await service.shutdown();
});

test("a reload that cannot start goes back to the old configuration", async () => {
  const { components, recorded } = recordingComponents();
  const service = new Service(await configOf(RELOADABLE("1"), components), quiet);
  await service.start();
  const bad = await configOf(RELOADABLE("1", "fail_start: true"), components);
  await assert.rejects(service.reload(bad), { code: "COMPONENT_START" });
  await send(recorded, "rec/a");
  assert.equal(recorded.received.get("rec/x")?.length, 1);
  await service.shutdown();
});

test("strict mode names the component that writes to a batch", async () => {
  const { service, recorded } = await started(
    `
receivers: { rec/a: }
processors: { vandal: }
exporters: { rec/x: }
service: { pipelines: { metrics: { receivers: [rec/a], processors: [vandal], exporters: [rec/x] } } }
`,
    true,
  );
  await assert.rejects(send(recorded, "rec/a"), /"vandal" processor wrote to a batch/);
  await service.shutdown();
});
