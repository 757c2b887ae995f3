import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createNoopMeter } from "@opentelemetry/api";
import { PartialError, PermanentError, RetryableError } from "../../src/component/index.ts";
import { formatDiagnostics } from "../../src/config/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { loadConfig, Service } from "../../src/service/index.ts";
import type { MeterAttributes } from "../../src/telemetry/index.ts";
import { gaugeBatch, quiet, recordingComponents } from "../support/components.ts";

interface Options {
  readonly patience?: string;
  readonly x?: string;
  readonly y?: string;
  readonly pipelines?: string;
}

/** No test waits as long as a shutdown or reload may take here. */
const yaml = ({ patience = "1ms", x = "", y = "", pipelines }: Options = {}) => `
receivers: { rec/a: }
exporters: { rec/x: { ${x} }, rec/y: { ${y} }, rec/z: }
service:
  fanout_timeout: ${patience}
  shutdown_timeout: 1h
  pipelines: ${pipelines ?? "{ metrics: { receivers: [rec/a], exporters: [rec/x, rec/y] } }"}
`;

async function rig(options?: Options) {
  const { components, recorded } = recordingComponents();
  const configOf = async (text: string) => {
    const loaded = await loadConfig({ uris: [`yaml:${text}`], env: {}, cwd: "." }, components);
    assert.ok(loaded.config, formatDiagnostics(loaded.diagnostics.items));
    return loaded.config;
  };
  const counts = new Map<string, number>();
  const meter = Object.assign(createNoopMeter(), {
    createCounter: (name: string) => ({
      add(points: number, { branch }: MeterAttributes = {}) {
        const key = `${name} ${branch}`;
        counts.set(key, (counts.get(key) ?? 0) + points);
      },
    }),
  });
  const service = new Service(await configOf(yaml(options)), { ...quiet, meter });
  await service.start();
  return {
    service,
    /** What the metrics say of an exporter. */
    points: (fate: "dropped" | "returned", exporter: string) =>
      counts.get(`otelcol_fanout_${fate}_items exporter ${exporter}`),
    reload: async (changed: Options) => service.reload(await configOf(yaml(changed))),
    /** Offers a batch with this value. */
    send: async (value: number, batch = Batch.from(gaugeBatch("m", value))) => {
      const outlet = recorded.outlets.get("rec/a");
      assert.ok(outlet);
      await outlet.consume(batch);
    },
    valuesAt: (exporter: string) =>
      (recorded.received.get(exporter) ?? []).map(({ column }) => column.values[0]),
    /** The exporter that runs now keeps what it gets until it is shut down, and gives it back then. */
    stickUntilShutdown: (exporter: string) => {
      recorded.behaviour.set(exporter, async () => {
        while (!recorded.events.includes(`shutdown exporter ${exporter}`)) await turn();
        recorded.behaviour.delete(exporter);
        throw new RetryableError("shuts down");
      });
    },
    /** From now on the exporter keeps what it gets until the returned function is called. */
    block: (exporter: string) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      let arrived = Promise.withResolvers<void>();
      recorded.behaviour.set(exporter, () => {
        arrived.resolve();
        return promise;
      });
      return {
        arrived: () => arrived.promise,
        giveBack: (error: Error) => {
          recorded.behaviour.delete(exporter);
          reject(error);
        },
        goOn: () => {
          recorded.behaviour.delete(exporter);
          arrived = Promise.withResolvers<void>();
          resolve();
        },
      };
    },
  };
}

test("a slow exporter keeps what it has and misses the rest, the other gets everything", async () => {
  const { service, send, valuesAt, block } = await rig();
  const y = block("rec/y");
  for (const value of [1, 2, 3]) await send(value);
  assert.deepEqual(valuesAt("rec/x"), [1, 2, 3]);
  assert.deepEqual(valuesAt("rec/y"), []);
  y.goOn();
  await turn();
  await send(4);
  assert.deepEqual(valuesAt("rec/x"), [1, 2, 3, 4]);
  assert.deepEqual(valuesAt("rec/y"), [1, 4]);
  await service.shutdown();
});

test("what a slow exporter keeps is not used again under its hands", async () => {
  const { service, send, block } = await rig();
  const y = block("rec/y");
  const { layout, column } = Batch.from(gaugeBatch());
  const batch = Batch.fromColumns(layout, column.with({ timeNs: 1n }));
  await send(1, batch);
  assert.ok(batch.column.retained);
  y.goOn();
  await service.shutdown();
});

test("a slow pipeline does not hold up another one of the same receiver", async () => {
  const { service, send, valuesAt, block } = await rig({
    pipelines: `
    metrics/1: { receivers: [rec/a], exporters: [rec/x] }
    metrics/2: { receivers: [rec/a], exporters: [rec/y] }`,
  });
  const x = block("rec/x");
  await send(1);
  await send(2);
  assert.deepEqual(valuesAt("rec/y"), [1, 2]);
  x.goOn();
  await service.shutdown();
});

test("while all exporters are slow the sender waits, and nothing is left out", async () => {
  const { service, send, valuesAt, block } = await rig();
  const [x, y] = [block("rec/x"), block("rec/y")];
  const sends = [send(1), send(2)];
  await Promise.all([x.arrived(), y.arrived()]);
  x.goOn();
  await Promise.all(sends);
  assert.deepEqual(valuesAt("rec/x"), [1, 2]);
  y.goOn();
  await turn();
  assert.deepEqual(valuesAt("rec/y"), [1, 2]);
  await service.shutdown();
});

test("a batch that the only exporter that keeps up refuses goes back to the sender", async () => {
  const { service, send, block, points } = await rig();
  const y = block("rec/y");
  await send(1);
  const x = block("rec/x");
  const refused = assert.rejects(send(2), /queue is full/);
  await x.arrived();
  x.giveBack(new RetryableError("queue is full"));
  await refused;
  assert.deepEqual([points("dropped", "rec/y"), points("returned", "rec/y")], [0, 1]);
  await send(2);
  assert.deepEqual([points("dropped", "rec/y"), points("returned", "rec/y")], [1, 1]);
  y.goOn();
  await service.shutdown();
});

test("what one exporter took but for some points is not brought again since the other refused it", async () => {
  const { service, send, block } = await rig();
  for (const [first, second] of [
    ["rec/x", "rec/y"],
    ["rec/y", "rec/x"],
  ] as const) {
    const [partial, refusing] = [block(first), block(second)];
    const sent = assert.rejects(send(1), PartialError);
    await Promise.all([partial.arrived(), refusing.arrived()]);
    partial.giveBack(new PartialError("one was refused", 1));
    refusing.giveBack(new RetryableError("queue is full"));
    await sent;
  }
  await service.shutdown();
});

test("what one exporter refuses for good and the other for now may come again", async () => {
  const { service, send, block } = await rig();
  const [x, y] = [block("rec/x"), block("rec/y")];
  const sent = assert.rejects(send(1), RetryableError);
  await Promise.all([x.arrived(), y.arrived()]);
  x.giveBack(new PermanentError("no"));
  y.giveBack(new RetryableError("queue is full"));
  await sent;
  await service.shutdown();
});

test("with fanout_timeout 0 the sender waits for all", async () => {
  const { service, send, valuesAt, block } = await rig({ patience: "0s" });
  const y = block("rec/y");
  const sent = send(1);
  await y.arrived();
  assert.deepEqual(valuesAt("rec/x"), [1]);
  y.goOn();
  await sent;
  assert.deepEqual(valuesAt("rec/y"), [1]);
  await service.shutdown();
});

test("what a slow exporter gives back when it is replaced goes to the new one", async () => {
  const { service, send, reload, valuesAt, stickUntilShutdown } = await rig();
  stickUntilShutdown("rec/y");
  await send(1);
  await reload({ y: "tag: new" });
  await turn();
  await send(2);
  assert.deepEqual(valuesAt("rec/y"), [1, 2]);
  assert.deepEqual(valuesAt("rec/x"), [1, 2]);
  await service.shutdown();
});

test("a reload does not wait for an exporter that is slow and stays", async () => {
  const { service, send, reload, valuesAt, block } = await rig();
  const y = block("rec/y");
  await send(1);
  await reload({ x: "tag: new" });
  await send(2);
  assert.deepEqual(valuesAt("rec/x"), [1, 2]);
  y.goOn();
  await turn();
  await send(3);
  assert.deepEqual(valuesAt("rec/y"), [1, 3]);
  await service.shutdown();
});

test("a slow exporter that fails in the end is one that keeps up again", async () => {
  const { service, send, valuesAt, block } = await rig();
  const y = block("rec/y");
  await send(1);
  y.giveBack(new PermanentError("bad request"));
  await turn();
  await send(2);
  assert.deepEqual(valuesAt("rec/y"), [2]);
  await service.shutdown();
});
