import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Component,
  type Consumer,
  RetryableError,
  systemClock,
  type UpstreamSettings,
} from "../../src/component/index.ts";
import { formatDiagnostics } from "../../src/config/index.ts";
import { type CollectorConfig, loadConfig, Service } from "../../src/service/index.ts";
import { batchOf, gaugeBatch, quiet, recordingComponents } from "../support/components.ts";

const yaml = (exporter: string, extensions = "") => `
receivers: { rec/a: }
exporters: { ${exporter}: , rec/other: }
extensions: { ${extensions || "rec/e:"} }
service:
  shutdown_timeout: 400ms
  extensions: [rec/e]
  pipelines: { metrics: { receivers: [rec/a], exporters: [${exporter}, rec/other] } }
`;

interface Made extends Component {
  readonly name: string;
}

/** Exporters that keep something: each instance has a name, and all tell what becomes of them. */
function keepers(strict: boolean) {
  const set = recordingComponents();
  const events = set.recorded.events;
  /** Resolved when the shutdown of the instance may end. */
  const drained = new Map<string, PromiseWithResolvers<void>>();
  const failing = new Set<string>();
  const losing = new Set<string>();
  /** Those that have no queue and whose backend is away, and what waits in them. */
  const stuck = new Set<string>();
  const waiting = new Map<string, (error: Error) => void>();
  const took = async (name: string) => void events.push(`${name} took a batch`);
  let made = 0;
  const config = async (text: string, ids: readonly string[]): Promise<CollectorConfig> => {
    const loaded = await loadConfig({ uris: [`yaml:${text}`], env: {}, cwd: "." }, set.components);
    assert.ok(loaded.config, formatDiagnostics(loaded.diagnostics.items));
    const exporters = new Map(loaded.config.exporters);
    for (const id of ids) {
      const exporter = exporters.get(id);
      assert.ok(exporter);
      const create = (): Made & Consumer => {
        const name = `${id} ${++made}`;
        const done = Promise.withResolvers<void>();
        drained.set(name, done);
        return {
          name,
          consume: () =>
            stuck.has(name) ? new Promise((_, reject) => waiting.set(name, reject)) : took(name),
          start() {
            events.push(`start ${name}`);
            if (failing.has(name)) throw new Error("no");
          },
          async shutdown() {
            events.push(`shutdown ${name}`);
            await done.promise;
            events.push(`done ${name}`);
            if (losing.has(name)) throw new Error("7 data points were lost");
          },
          async handOver(successor) {
            events.push(`hand over ${name}`);
            // At once, as an exporter does that waits for its next attempt.
            waiting.get(name)?.(new RetryableError("the exporter shuts down"));
            await successor?.inherit?.(name);
          },
          async inherit(legacy) {
            events.push(`${name} inherits ${legacy}`);
          },
        };
      };
      const definition = { ...exporter.definition, create };
      exporters.set(id, { ...exporter, fingerprint: `f${made}-${Math.random()}`, definition });
    }
    return { ...loaded.config, exporters };
  };
  const of = () => events.filter((event) => /rec\/x \d/.test(event));
  return {
    config,
    events,
    of,
    drained,
    failing,
    losing,
    stuck,
    outlets: set.recorded.outlets,
    received: set.recorded.received,
    settings: { ...quiet, strict },
  };
}

for (const strict of [false, true]) {
  test(`an exporter hands over before its successor starts, which does not wait for its shutdown${strict ? " (--strict)" : ""}`, async () => {
    const { config, of, drained, settings } = keepers(strict);
    const service = new Service(await config(yaml("rec/x"), ["rec/x"]), settings);
    await service.start();
    await service.reload(await config(yaml("rec/x"), ["rec/x"]));
    assert.deepEqual(of(), [
      "start rec/x 1",
      "hand over rec/x 1",
      "rec/x 2 inherits rec/x 1",
      "shutdown rec/x 1",
      "start rec/x 2",
    ]);
    for (const { resolve } of drained.values()) resolve();
    assert.deepEqual(await service.shutdown(), []);
  });
}

test("what waits in an exporter without a queue goes to the one in its place, whoever else it goes to", async () => {
  for (const patience of ["0s", "1ms"]) {
    const { config, of, drained, stuck, outlets, settings } = keepers(false);
    // So long that nothing may wait for a part of it.
    const text = yaml("rec/x").replace("400ms", `1h\n  fanout_timeout: ${patience}`);
    const service = new Service(await config(text, ["rec/x"]), settings);
    await service.start();
    stuck.add("rec/x 1");
    const sent = outlets.get("rec/a")?.consume(batchOf(gaugeBatch()));
    // It is late, and the sender does not wait for it.
    if (patience !== "0s") await sent;
    await service.reload(await config(text, ["rec/x"]));
    await sent;
    while (!of().includes("rec/x 2 took a batch")) await new Promise(setImmediate);
    for (const { resolve } of drained.values()) resolve();
    assert.deepEqual(await service.shutdown(), []);
  }
});

test("so does what a receiver waits for that is replaced in the same reload, before the next one starts", async () => {
  for (const successor of ["starts", "fails"] as const) {
    const { config, events, drained, stuck, failing, received, settings } = keepers(false);
    const text = yaml("rec/x").replace("400ms", "1h\n  fanout_timeout: 0s");
    let send: () => Promise<void> = () => assert.fail();
    const withReceiver = async (): Promise<CollectorConfig> => {
      const loaded = await config(text, ["rec/x"]);
      const receiver = loaded.receivers.get("rec/a");
      assert.ok(receiver);
      const create = ({ next }: UpstreamSettings<unknown>): Component => {
        let sent: Promise<void> | undefined;
        return {
          start() {
            events.push("start receiver");
            send = async () => {
              sent = next.consume(batchOf(gaugeBatch()));
              await sent.then(
                () => events.push("sent"),
                () => events.push("refused"),
              );
            };
          },
          shutdown: () => sent?.catch(() => {}),
        };
      };
      const replaced = {
        ...receiver,
        fingerprint: `r${Math.random()}`,
        definition: { ...receiver.definition, create },
      };
      return { ...loaded, receivers: new Map([["rec/a", replaced]]) };
    };
    // What would be waited for in vain takes no time here.
    const clock = {
      ...systemClock,
      schedule: (ms: number, task: () => void) => systemClock.schedule(ms / 1000, task),
    };
    const service = new Service(await withReceiver(), { ...settings, clock });
    await service.start();
    stuck.add("rec/x 1");
    const sent = send();
    if (successor === "fails") failing.add("rec/x 2");
    const reloaded = service.reload(await withReceiver());
    if (successor === "fails") await assert.rejects(reloaded, /failed to start/);
    else await reloaded;
    await sent;
    const told = events.filter((event) => /^(sent|refused|start receiver|rec\/x \d took.*)$/.test(event));
    assert.deepEqual(
      told,
      successor === "starts"
        ? ["start receiver", "rec/x 2 took a batch", "sent", "start receiver"]
        : ["start receiver", "sent", "start receiver"],
    );
    assert.equal(received.get("rec/other")?.length, 1);
    for (const { resolve } of drained.values()) resolve();
    assert.deepEqual(await service.shutdown(), []);
  }
});

test("one that is gone is shut down beside the new graph, and one that comes back takes over from it", async () => {
  const { config, of, drained, settings } = keepers(false);
  const service = new Service(await config(yaml("rec/x"), ["rec/x"]), settings);
  await service.start();
  await service.reload(await config(yaml("rec/z"), []));
  assert.deepEqual(of(), ["start rec/x 1", "shutdown rec/x 1"]);
  await service.reload(await config(yaml("rec/x"), ["rec/x"]));
  assert.deepEqual(of().slice(2), ["hand over rec/x 1", "rec/x 2 inherits rec/x 1", "start rec/x 2"]);
  for (const { resolve } of drained.values()) resolve();
  assert.deepEqual(await service.shutdown(), []);
});

test("the end of the old one says nothing about the new one's status", async () => {
  const { config, drained, settings } = keepers(false);
  const statuses: string[] = [];
  const onStatus = (node: { readonly id: string }, event: { readonly status: string }) => {
    if (node.id === "rec/x") statuses.push(event.status);
  };
  const service = new Service(await config(yaml("rec/x"), ["rec/x"]), { ...settings, onStatus });
  await service.start();
  await service.reload(await config(yaml("rec/x"), ["rec/x"]));
  drained.get("rec/x 1")?.resolve();
  await new Promise(setImmediate);
  assert.equal(statuses.at(-1), "ok");
  assert.ok(!statuses.includes("stopped"));
  drained.get("rec/x 2")?.resolve();
  await service.shutdown();
});

test("what a successor that cannot start has taken over goes on to the one of the old configuration", async () => {
  const { config, of, drained, failing, settings } = keepers(false);
  const service = new Service(await config(yaml("rec/x"), ["rec/x"]), settings);
  await service.start();
  failing.add("rec/x 2");
  await assert.rejects(service.reload(await config(yaml("rec/x"), ["rec/x"])), /failed to start/);
  assert.deepEqual(of().slice(1), [
    "hand over rec/x 1",
    "rec/x 2 inherits rec/x 1",
    "shutdown rec/x 1",
    "start rec/x 2",
    "hand over rec/x 1",
    "rec/x 3 inherits rec/x 1",
    "hand over rec/x 2",
    "rec/x 3 inherits rec/x 2",
    "shutdown rec/x 2",
    "start rec/x 3",
  ]);
  for (const { resolve } of drained.values()) resolve();
  assert.deepEqual(await service.shutdown(), []);
});

test("a shutdown takes along who still delivers, within its own time", async () => {
  const { config, events, drained, settings } = keepers(false);
  const service = new Service(await config(yaml("rec/x"), ["rec/x"]), settings);
  await service.start();
  await service.reload(await config(yaml("rec/z"), []));
  const stopped = service.shutdown();
  assert.ok(!events.includes("done rec/x 1"));
  setImmediate(() => drained.get("rec/x 1")?.resolve());
  assert.deepEqual(await stopped, []);
  assert.ok(events.includes("done rec/x 1"));
});

test("what is lost in a shutdown comes back as an error, once; what a reload loses is logged", async () => {
  for (const when of ["reload", "shutdown"] as const) {
    const { config, drained, losing, settings } = keepers(false);
    const logged: unknown[] = [];
    const logger = { ...settings.logger, error: (_: string, fields?: object) => logged.push(fields) };
    const service = new Service(await config(yaml("rec/x"), ["rec/x"]), { ...settings, logger });
    await service.start();
    losing.add("rec/x 1");
    await service.reload(await config(yaml("rec/z"), []));
    const lose = () => drained.get("rec/x 1")?.resolve();
    if (when === "reload") lose();
    while (when === "reload" && logged.length === 0) await new Promise(setImmediate);
    const stopped = service.shutdown();
    if (when === "shutdown") lose();
    const errors = (await stopped).map(({ message, cause }) => `${message}: ${(cause as Error).message}`);
    assert.deepEqual(
      errors,
      when === "shutdown" ? ['failed to shut down "rec/x" exporter: 7 data points were lost'] : [],
    );
    assert.equal(logged.length, when === "shutdown" ? 0 : 1);
  }
});
