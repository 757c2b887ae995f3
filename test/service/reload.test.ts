import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type Component, type Consumer, RetryableError } from "../../src/component/index.ts";
import { formatDiagnostics } from "../../src/config/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { type CollectorConfig, loadConfig, Service } from "../../src/service/index.ts";
import { gaugeBatch, quiet, type Recorded, recordingComponents } from "../support/components.ts";

interface Rig {
  readonly service: Service;
  readonly recorded: Recorded;
  readonly config: (yaml: string) => Promise<CollectorConfig>;
}

async function rig(yaml: string): Promise<Rig> {
  const set = recordingComponents();
  const config = async (text: string) => {
    const loaded = await loadConfig({ uris: [`yaml:${text}`], env: {}, cwd: "." }, set.components);
    assert.ok(loaded.config, formatDiagnostics(loaded.diagnostics.items));
    return loaded.config;
  };
  const service = new Service(await config(yaml), quiet);
  await service.start();
  return { service, recorded: set.recorded, config };
}

function send(recorded: Recorded, receiver: string, value = 1): Promise<void> {
  const outlet = recorded.outlets.get(receiver);
  assert.ok(outlet);
  return outlet.consume(Batch.from(gaugeBatch("m", value)));
}

const yaml = (exporter: string, more = "") => `
receivers: { rec/a: }
exporters: { rec/x: { ${exporter} }, rec/y: }
${more}
service:
  shutdown_timeout: 400ms
  pipelines: { metrics: { receivers: [rec/a], exporters: [rec/x, rec/y] } }
`;
const single = (id: string, settings = "", timeout = "400ms") => `
receivers: { rec/a: }
exporters: { ${id}: { ${settings} } }
service:
  shutdown_timeout: ${timeout}
  pipelines: { metrics: { receivers: [rec/a], exporters: [${id}] } }
`;

/** An exporter that keeps a batch until it is shut down and then gives it back. */
function stuckUntilShutdown(recorded: Recorded, id: string): void {
  recorded.behaviour.set(id, async () => {
    while (!recorded.events.includes(`shutdown exporter ${id}`)) await new Promise(setImmediate);
    if (
      recorded.events.lastIndexOf(`start exporter ${id}`) < recorded.events.indexOf(`shutdown exporter ${id}`)
    ) {
      throw new RetryableError("shuts down");
    }
  });
}

test("a batch that the replaced exporter gives back goes to the one in its place, not again to the others", async () => {
  const { service, recorded, config } = await rig(yaml("tag: old"));
  stuckUntilShutdown(recorded, "rec/x");
  const sent = send(recorded, "rec/a");
  await service.reload(await config(yaml("tag: new")));
  await sent;
  assert.equal(recorded.received.get("rec/x")?.length, 1);
  assert.equal(recorded.received.get("rec/y")?.length, 1);
  await service.shutdown();
});

test("a batch that a removed exporter gives back goes to those that the pipeline has now", async () => {
  const { service, recorded, config } = await rig(single("rec/x"));
  stuckUntilShutdown(recorded, "rec/x");
  const sent = send(recorded, "rec/a");
  await service.reload(await config(single("rec/z")));
  await sent;
  assert.equal(recorded.received.get("rec/z")?.length, 1);
  await service.shutdown();
});

test("reloads that come at once are done one after the other, and nothing sent meanwhile is lost", async () => {
  const { service, recorded, config } = await rig(single("rec/x", "tag: '0'"));
  const configs = [];
  for (let i = 1; i <= 10; i++) {
    const bad = i % 3 === 0;
    configs.push(await config(single("rec/x", bad ? `tag: '${i}', fail_start: true` : `tag: '${i}'`)));
  }
  const reloads = configs.map((one) => service.reload(one));
  const sends = Array.from({ length: 200 }, async (_, i) => {
    for (let turn = 0; turn < i; turn++) await new Promise(setImmediate);
    await send(recorded, "rec/a", i);
  });
  const results = await Promise.allSettled(reloads);
  await Promise.all(sends);
  assert.deepEqual(
    results.map(({ status }) => status),
    configs.map((_, i) => ((i + 1) % 3 === 0 ? "rejected" : "fulfilled")),
  );
  const values = recorded.received.get("rec/x")?.map((batch) => batch.column.values[0]);
  assert.deepEqual(
    values?.toSorted((a = 0, b = 0) => a - b),
    Array.from({ length: 200 }, (_, i) => i),
  );
  await service.shutdown();
});

test("a component that cannot be created leaves everything as it is", async () => {
  const { service, recorded, config } = await rig(single("rec/x"));
  recorded.events.length = 0;
  const broken = await config(single("rec/x", "tag: other"));
  const exporter = broken.exporters.get("rec/x");
  assert.ok(exporter);
  const definition = {
    ...exporter.definition,
    create() {
      throw new Error("no room");
    },
  };
  const exporters = new Map([["rec/x", { ...exporter, definition }]]);
  await assert.rejects(
    service.reload({ ...broken, exporters }),
    /failed to create "rec\/x" exporter: no room/,
  );
  assert.deepEqual(recorded.events, []);
  await send(recorded, "rec/a");
  assert.equal(recorded.received.get("rec/x")?.length, 1);
  await service.shutdown();
});

test("a shutdown during a reload ends the reload and stops old and new parts", async () => {
  const { service, recorded, config } = await rig(single("rec/x"));
  const release = Promise.withResolvers<void>();
  recorded.behaviour.set("rec/x", () => release.promise);
  const sent = send(recorded, "rec/a");
  const reload = service.reload(await config(single("rec/z")));
  const stopped = service.shutdown();
  release.resolve();
  await sent;
  await assert.rejects(reload, /shutting down/);
  assert.deepEqual(await stopped, []);
  assert.ok(recorded.events.includes("shutdown exporter rec/x"));
  assert.ok(!recorded.events.includes("start exporter rec/z"));
  await assert.rejects(service.reload(await config(single("rec/x"))), /shutting down/);
});

for (const successor of ["starts", "cannot start"] as const) {
  test(`a shutdown during a reload whose exporter ${successor} delivers what waits to all exporters`, async () => {
    const { service: other, recorded, config } = await rig(single("rec/x"));
    await other.shutdown();
    const gate = Promise.withResolvers<void>();
    const taken: string[] = [];
    const withExporter = async (version: number) => {
      const loaded = await config(yaml("").replace("400ms", "30s"));
      const exporter = loaded.exporters.get("rec/x");
      assert.ok(exporter);
      let isOpen = false;
      const create = (): Component & Consumer => ({
        start() {
          if (version === 2 && successor === "cannot start") throw new Error("no such file");
          isOpen = true;
        },
        async consume() {
          if (!isOpen) throw new RetryableError("closed");
          taken.push(`x ${version}`);
        },
        async shutdown() {
          isOpen = false;
          if (version === 1) await gate.promise;
        },
      });
      const definition = { ...exporter.definition, create };
      const replaced = { ...exporter, definition, fingerprint: `${version}` };
      return { ...loaded, exporters: new Map([...loaded.exporters, ["rec/x", replaced]]) };
    };
    const service = new Service(await withExporter(1), quiet);
    await service.start();
    const reload = service.reload(await withExporter(2)).catch((error: Error) => error);
    await turn();
    const stopped = service.shutdown();
    const sent = send(recorded, "rec/a");
    gate.resolve();
    await sent;
    await reload;
    assert.deepEqual(await stopped, []);
    assert.deepEqual(taken, [successor === "starts" ? "x 2" : "x 1"]);
    assert.equal(recorded.received.get("rec/y")?.length, 1);
  });
}

test("a component that does not stop is given up when the time is over", async () => {
  const { service, config } = await rig(single("rec/x", "", "50ms"));
  const stuck = await config(single("rec/x", "tag: stuck", "50ms"));
  const exporter = stuck.exporters.get("rec/x");
  assert.ok(exporter);
  const definition = {
    ...exporter.definition,
    create: () => ({ consume: async () => {}, shutdown: () => new Promise<void>(() => {}) }),
  };
  await service.reload({ ...stuck, exporters: new Map([["rec/x", { ...exporter, definition }]]) });
  const errors = await service.shutdown();
  assert.deepEqual(
    errors.map(({ message }) => message),
    ['failed to shut down "rec/x" exporter'],
  );
});

test("a reload whose old configuration cannot come back says so", async () => {
  const { service, config } = await rig(single("rec/x"));
  const bad = await config(single("rec/x", "fail_start: true"));
  const old = await config(single("rec/x"));
  const exporter = old.exporters.get("rec/x");
  assert.ok(exporter);
  let starts = 0;
  const definition = {
    ...exporter.definition,
    create: () => ({
      consume: async () => {},
      start() {
        if (starts++ > 0) throw new Error("address in use");
      },
    }),
  };
  await service.reload({
    ...old,
    exporters: new Map([["rec/x", { ...exporter, fingerprint: "f", definition }]]),
  });
  await assert.rejects(service.reload(bad), { name: "ReloadFailedError" });
  await service.shutdown();
});
