import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  defineExporter,
  findClientAuthenticator,
  findServerAuthenticator,
  findStorage,
  type Host,
} from "../../src/component/index.ts";
import { formatDiagnostics, z } from "../../src/config/index.ts";
import { errorText } from "../../src/errors/index.ts";
import { Batch, freezeObjects } from "../../src/metrics/index.ts";
import { loadConfig, Service } from "../../src/service/index.ts";
import type { LogFields, Logger } from "../../src/telemetry/index.ts";
import { recordingMeter } from "../kubernetes/recording-meter.ts";
import { gaugeBatch, quiet } from "../support/components.ts";
import { CONFIG, components, directory, keepingLogger, load, problemOf, recorded, run } from "./support.ts";

/** A processor whose `create` has the given body, from line 4 on. */
const PROCESSOR = (body: string, config = "z.strictObject({})") => `
import { defineProcessor, opaque, z } from "otelcol-kubevirt";
export default defineProcessor({ type: "tenant", stability: "alpha", config: ${config}, create({ config, next }) {
${body}
}});`;

function withModule(t: TestContext, text: string, module = "./x.ts") {
  return directory(t, { "config.yaml": CONFIG(module), "x.ts": text });
}

/** What starting a service with the module says. */
async function startErrorOf(t: TestContext, text: string, module?: string): Promise<string> {
  const { config, diagnostics } = await load(await withModule(t, text, module));
  assert.ok(config, formatDiagnostics(diagnostics.items));
  const error = await new Promise<Error>((resolve, reject) => {
    try {
      new Service(config, quiet).start().then(() => reject(new Error("it started")), resolve);
    } catch (thrown) {
      resolve(thrown as Error);
    }
  });
  return errorText(error);
}

test("an error in create names component, module and place", async (t) => {
  const text = await startErrorOf(t, PROCESSOR(`throw new Error("no database");`));
  assert.match(
    text,
    /^failed to create "tenant" processor: module \.\/x\.ts failed in create at .*x\.ts:4:7: no database/,
  );
});

test("a create that makes no component is told what to return", async (t) => {
  const needed =
    'create of processor type "tenant" must return an object with one of process, layout, processBatch, consume';
  assert.match(await startErrorOf(t, PROCESSOR("")), new RegExp(`module ./x.ts failed in create: ${needed}`));
  const rows: readonly (readonly [body: string, got: RegExp])[] = [
    ["", /got undefined$/],
    ["return null;", /got null$/],
    ["return () => {};", /got function$/],
    ["return {};", /got an object with nothing in it$/],
    ["return { proccess: (b) => b, start() {} };", /got an object with proccess, start$/],
    ["return Promise.resolve({ process: (b) => b });", /got a promise: create is not async/],
  ];
  for (const [body, got] of rows) assert.match(await startErrorOf(t, PROCESSOR(body)), got, body);
  const exporter = `import { defineExporter, z } from "otelcol-kubevirt";
export default defineExporter({ type: "rec2", stability: "alpha", config: z.strictObject({}), create: () => ({}) });`;
  const root = await directory(t, {
    "config.yaml": `
receivers: { rec: }
exporters: { rec2: }
service: { modules: [./x.ts], pipelines: { metrics: { receivers: [rec], exporters: [rec2] } } }
`,
    "x.ts": exporter,
  });
  const { config } = await load(root);
  assert.ok(config);
  assert.throws(
    () => new Service(config, quiet),
    /failed to create "rec2" exporter: module \.\/x\.ts failed in create: it must return an object with consume/,
  );
});

test("an error in start names component, module and place, in a thread too", async (t) => {
  const code = PROCESSOR(`return { async start() { throw new Error("no database"); }, process: (b) => b };`);
  const expected =
    /^failed to start "tenant" processor.*module \.\/x\.ts failed in start at .*x\.ts:4:\d+.*no database/;
  assert.match(await startErrorOf(t, code), expected);
  assert.match(await startErrorOf(t, code, "{ path: ./x.ts, isolate: worker }"), expected);
});

test("an error in create in a thread fails the start", async (t) => {
  const text = await startErrorOf(
    t,
    PROCESSOR(`throw new Error("no database");`),
    "{ path: ./x.ts, isolate: worker }",
  );
  assert.match(text, /^failed to start "tenant" processor.* at .*x\.ts:4:7.*no database/);
});

test("an error in shutdown is reported, and what had been handed on stays", async (t) => {
  const code = PROCESSOR(`return { shutdown() { throw new Error("too late"); }, process: (b) => b };`);
  const { config } = await load(await withModule(t, code));
  assert.ok(config);
  recorded.received.clear();
  const service = new Service(config, quiet);
  await service.start();
  await recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch()));
  const [error, ...others] = await service.shutdown();
  assert.deepEqual(others, []);
  assert.match(String(error?.message), /failed to shut down "tenant" processor/);
  assert.match(errorText(error), /module \.\/x\.ts failed in shutdown at .*x\.ts:4:\d+: too late$/);
  assert.equal(recorded.received.get("rec")?.length, 1);
});

test("a process that returns undefined drops the batch, which is told once", async (t) => {
  const { config } = await load(
    await withModule(t, PROCESSOR("return { process(batch) { batch.map((b) => b); } };")),
  );
  assert.ok(config);
  recorded.received.clear();
  const logs: LogFields[] = [];
  const service = new Service(config, { ...quiet, logger: keepingLogger(logs, ["info", "warn", "error"]) });
  await service.start();
  await recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch()));
  await recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch()));
  await service.shutdown();
  assert.equal(recorded.received.size, 0);
  const told = logs.filter(({ msg }) => String(msg).startsWith("Custom code"));
  assert.deepEqual(told, [
    {
      msg: "Custom code handed on nothing of its first batch.",
      hint: "a process that returns nothing drops the batch",
    },
  ]);
});

test("what is no batch is the custom code's fault, not that of what comes next", async (t) => {
  const cases: readonly (readonly [returned: string, expected: RegExp])[] = [
    [`"metrics"`, /it must be an array of resource metrics/],
    ["batch[0]", /it must be an array of resource metrics/],
    ["[{}]", /\[0\]\.resource\.attributes must be an object/],
    ["[{ ...batch[0], scopeMetrics: 1 }]", /\[0\]\.scopeMetrics must be an array/],
    ["[{ ...batch[0], scopeMetrics: [{}] }]", /\[0\]\.scopeMetrics\[0\]\.metrics must be an array/],
    [
      "[{ ...batch[0], scopeMetrics: [{ metrics: [{ descriptor: {} }] }] }]",
      /\.metrics\[0\] must have descriptor, dataPointType and dataPoints/,
    ],
  ];
  for (const [returned, expected] of cases) {
    const loaded = await load(
      await withModule(t, PROCESSOR(`return { process: (batch) => (${returned}) };`)),
    );
    const logs: LogFields[] = [];
    await assert.rejects(run(loaded, logs), expected);
    assert.match(String(logs[0]?.["error"]), expected);
    assert.match(String(logs[0]?.["hint"]), /look at what create and process return/);
  }
});

test("nor when the batch came as layout and column", async (t) => {
  const { config } = await load(await withModule(t, PROCESSOR("return { process: () => ({}) };")));
  assert.ok(config);
  const logs: LogFields[] = [];
  const service = new Service(config, { ...quiet, logger: keepingLogger(logs) });
  await service.start();
  const { layout, column } = Batch.from(gaugeBatch());
  await assert.rejects(async () => recorded.outlets.get("rec")?.consume(Batch.fromColumns(layout, column)));
  await service.shutdown();
  assert.equal(logs[0]?.["msg"], "Custom code threw an error.");
  assert.match(String(logs[0]?.["hint"]), /look at what create and process return/);
});

test("writing to attributes, which are frozen, is a TypeError: counted, and told with its place", async (t) => {
  const code = PROCESSOR(`return { process(batch) {
  batch[0].resource.attributes.tenant = "a";
  return batch;
} };`);
  const { config } = await load(await withModule(t, code));
  assert.ok(config);
  const logs: LogFields[] = [];
  const meter = recordingMeter();
  const service = new Service(config, { ...quiet, meter, logger: keepingLogger(logs) });
  await service.start();
  // As scrapes and the decoder of OTLP make them.
  const frozen = gaugeBatch().map((one) => ({
    ...one,
    resource: { attributes: Object.freeze({ ...one.resource.attributes }) },
  }));
  await assert.rejects(async () => recorded.outlets.get("rec")?.consume(Batch.from(frozen)), TypeError);
  await service.shutdown();
  assert.match(String(logs[0]?.["error"]), /not extensible/);
  assert.match(String(logs[0]?.["place"]), /x\.ts:5:\d+$/);
  const counted = { component: "tenant", event: "error" };
  assert.equal(await meter.total("otelcol_custom_component_events", counted), 1);
});

test("what layout and processBatch return is checked, and told as the custom code's fault", async (t) => {
  const rows: readonly (readonly [body: string, error: RegExp])[] = [
    ["return { layout() {} };", /TypeError: layout must return a layout \(resources, width\)/],
    ["return { layout: () => ({ resources: [] }) };", /TypeError: layout must return a layout/],
    [
      "return { processBatch: (batch) => batch.resourceMetrics };",
      /TypeError: processBatch must return a Batch \(made with/,
    ],
  ];
  for (const [body, error] of rows) {
    const logs: LogFields[] = [];
    await assert.rejects(run(await load(await withModule(t, PROCESSOR(body))), logs), error);
    assert.equal(logs[0]?.["msg"], "Custom code threw an error.");
  }
});

test("what is thrown and is no Error is told so", async (t) => {
  const logs: LogFields[] = [];
  const loaded = await load(await withModule(t, PROCESSOR('return { process() { throw "oops"; } };')));
  await assert.rejects(run(loaded, logs));
  assert.deepEqual(logs[0]?.["error"], "oops");
  assert.match(String(logs[0]?.["hint"]), /^throw an Error/);
});

test("a batch cannot be written to, whatever it was made of", async (t) => {
  const writes = [
    "batch.push(batch[0])",
    "batch[0].resource.attributes.tenant = 'a'",
    "batch[0].scopeMetrics[0].metrics.length = 0",
    "batch[0].scopeMetrics[0].metrics[0].descriptor = {}",
    "batch[0].scopeMetrics[0].metrics[0].dataPoints.pop()",
    "batch[0].scopeMetrics[0].metrics[0].dataPoints[0].value = 7",
  ];
  const objects = gaugeBatch();
  const { layout, column } = Batch.from(freezeObjects(gaugeBatch()));
  for (const batch of [Batch.from(objects), Batch.fromColumns(layout, column)]) {
    for (const write of writes) {
      const code = PROCESSOR(`return { process(batch) {\n  ${write};\n  return batch;\n} };`);
      const { config } = await load(await withModule(t, code));
      assert.ok(config);
      const logs: LogFields[] = [];
      const service = new Service(config, { ...quiet, logger: keepingLogger(logs) });
      await service.start();
      await assert.rejects(async () => recorded.outlets.get("rec")?.consume(batch), TypeError, write);
      await service.shutdown();
      assert.match(String(logs[0]?.["place"]), /x\.ts:5:\d+$/, write);
    }
  }
});

test("with --strict other shapes cannot write to plain objects either", async (t) => {
  const code = PROCESSOR(`return { async consume(batch) {
  batch.resourceMetrics[0].scopeMetrics[0].metrics[0].dataPoints[0].value = 666;
} };`);
  await assert.rejects(run(await load(await withModule(t, code)), [], { strict: true }), /read only/);
});

test("a start that does not come to an end is told again and again", async (t) => {
  const code = PROCESSOR("return { start: () => new Promise(() => {}), process: (b) => b };");
  const { config } = await load(await withModule(t, code, "{ path: ./x.ts, slow_after: 10ms }"));
  assert.ok(config);
  const logs: LogFields[] = [];
  const third = Promise.withResolvers<void>();
  const logger: Logger = {
    ...keepingLogger([]),
    warn(msg, fields) {
      logs.push({ msg, ...fields });
      if (logs.length === 3) third.resolve();
    },
    child: () => logger,
  };
  const service = new Service(config, { ...quiet, logger });
  const starting = service.start();
  await third.promise;
  assert.equal(logs[2]?.["msg"], "Custom code has not come to the end of its start.");
  assert.ok(Number(logs[2]?.["started_ms_ago"]) > Number(logs[0]?.["started_ms_ago"]));
  await service.shutdown();
  await Promise.race([starting.catch(() => {}), Promise.resolve()]);
});

test("writing to values is found out by --strict, by the component's name", async (t) => {
  const code = PROCESSOR("return { processBatch(batch) { batch.column.values[0] = 666; return batch; } };");
  const loaded = await load(await withModule(t, code));
  const expected = /"tenant" processor wrote to a batch that it had been handed/;
  await assert.rejects(run(loaded, [], { strict: true }), expected);
});

test("options that cannot cross into a thread are refused when the configuration is loaded", async (t) => {
  const config = `z.strictObject({
    tokens: z.array(z.strictObject({ token: opaque() })).default([]),
    match: z.string().optional().transform((text) => text && { test: () => true }),
    since: z.string().optional().transform((text) => text && new Date(text)),
  })`;
  const files = (options: string, isolate = "worker") => ({
    "config.yaml": CONFIG(`{ path: ./x.ts, isolate: ${isolate} }`, `tenant: ${options}`),
    "x.ts": PROCESSOR("return { process: (b) => b };", config),
  });
  const secret = await problemOf(t, files("{ tokens: [{ token: t0ken }] }"));
  assert.match(
    secret,
    /config\.yaml:3:\d+: error: processors::tenant::tokens::0::token: a secret cannot be handed to a thread of its own \(isolate: worker\); use isolate: none, or/,
  );
  const others = secret.split("\n").filter((line) => !line.includes("processors: {"));
  assert.ok(!others.join("\n").includes("t0ken"));
  assert.match(
    await problemOf(t, files("{ match: x }")),
    /processors::tenant::match::test: a function cannot be handed/,
  );
  const root = await directory(t, files("{ since: 2026-01-01 }"));
  assert.equal((await run(await load(root))).received.get("rec")?.length, 1);
  const inside = await directory(t, files("{ tokens: [{ token: t0ken }] }", "none"));
  assert.equal((await run(await load(inside))).received.get("rec")?.length, 1);
});

test("a thread that never comes back does not hold up the end", async (t) => {
  const root = await directory(t, {
    "config.yaml": `${CONFIG("{ path: ./x.ts, isolate: worker }")}  shutdown_timeout: 1s\n`,
    "x.ts": PROCESSOR("return { process() { for (;;); } };"),
  });
  const { config, diagnostics } = await load(root);
  assert.ok(config, formatDiagnostics(diagnostics.items));
  const service = new Service(config, quiet);
  await service.start();
  const stuck = assert.rejects(
    async () => recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch())),
    /the thread of "tenant" broke down/,
  );
  const errors = await service.shutdown();
  assert.equal(errors.length, 1);
  await stuck;
});

test("a process that never settles is told, and does not hold up the end", async (t) => {
  const code = PROCESSOR("return { process: () => new Promise(() => {}) };");
  const { config } = await load(await withModule(t, code, "{ path: ./x.ts, slow_after: 10ms }"));
  assert.ok(config);
  const told = Promise.withResolvers<LogFields>();
  const logger = { ...keepingLogger([]), warn: (msg: string) => told.resolve({ msg }), child: () => logger };
  const service = new Service(config, { ...quiet, logger });
  await service.start();
  const consuming = recorded.outlets.get("rec")?.consume(Batch.from(gaugeBatch()));
  assert.deepEqual(await told.promise, {
    msg: "Custom code has been working on a batch for a long time.",
  });
  assert.deepEqual(await service.shutdown(), []);
  assert.notEqual(consuming, undefined);
});

test("receivers, exporters and extensions of a module work", async (t) => {
  const root = await directory(t, {
    "config.yaml": `
receivers: { ticker: { value: 7 } }
exporters: { collecting: }
extensions: { vault: }
service:
  modules: [./all.ts]
  extensions: [vault]
  pipelines: { metrics: { receivers: [ticker], exporters: [collecting] } }
`,
    "all.ts": `
import { Batch, defineExporter, defineExtension, defineReceiver, z } from "otelcol-kubevirt";
const base = { stability: "alpha" } as const;
class Vault {
  #word = "";
  start() { this.#word = "sesame"; }
  authorize(headers) { return { ...headers, authorization: this.#word }; }
}
export default [
  defineExtension({ ...base, type: "vault", config: z.strictObject({}), create: () => Object.freeze(new Vault()) }),
  defineReceiver({ ...base, type: "ticker", config: z.strictObject({ value: z.number() }), create: ({ config, next }) => ({
    start: () => next.consume(Batch.from([{ resource: { attributes: {} }, scopeMetrics: [{ scope: { name: "t" }, metrics: [{
      descriptor: { name: "tick", description: "", unit: "1", valueType: 1 }, aggregationTemporality: 1, dataPointType: 2,
      dataPoints: [{ startTime: [0, 0], endTime: [1, 0], attributes: {}, value: config.value }],
    }] }] }])),
  }) }),
  defineExporter({ ...base, type: "collecting", config: z.strictObject({}), create({ logger }) {
    let headers;
    return {
      async start(host) {
        const vault = host.extension("vault");
        headers = "authorize" in vault ? await vault.authorize({ a: "b" }) : {};
      },
      async consume(batch) {
        const { value } = batch.resourceMetrics[0].scopeMetrics[0].metrics[0].dataPoints[0];
        logger.warn("Arrived.", { value, headers });
      },
    };
  } }),
];`,
  });
  const { config, diagnostics } = await load(root);
  assert.ok(config, formatDiagnostics(diagnostics.items));
  const logs: LogFields[] = [];
  const service = new Service(config, { ...quiet, logger: keepingLogger(logs), strict: true });
  await service.start();
  assert.deepEqual(await service.shutdown(), []);
  assert.deepEqual(logs, [{ msg: "Arrived.", value: 7, headers: { a: "b", authorization: "sesame" } }]);
});

test("an exporter of a module hands over to the one that a reload puts in its place", async (t) => {
  const root = await directory(t, {
    "config.yaml": `
receivers: { rec: }
exporters: { keeping: { name: a } }
service:
  modules: [./x.ts]
  pipelines: { metrics: { receivers: [rec], exporters: [keeping] } }
`,
    "x.ts": `
import { defineExporter, z } from "otelcol-kubevirt";
export default defineExporter({ type: "keeping", stability: "alpha", config: z.strictObject({ name: z.string() }),
  create: ({ config: { name }, logger }) => ({
    consume: async () => {},
    handOver: async (successor) => successor?.inherit?.(name),
    inherit: async (legacy) => logger.warn("Inherited.", { name, legacy }),
  }),
});`,
  });
  const { config } = await load(root);
  assert.ok(config);
  const logs: LogFields[] = [];
  const service = new Service(config, { ...quiet, logger: keepingLogger(logs) });
  await service.start();
  await writeFile(
    join(root, "config.yaml"),
    (await readFile(join(root, "config.yaml"), "utf8")).replace("name: a", "name: b"),
  );
  const { config: changed } = await load(root);
  assert.ok(changed);
  await service.reload(changed);
  assert.deepEqual(await service.shutdown(), []);
  assert.deepEqual(logs, [{ msg: "Inherited.", name: "b", legacy: "a" }]);
});

test("a connector of a module works", async (t) => {
  const root = await directory(t, {
    "config.yaml": `
receivers: { rec: }
exporters: { rec: }
connectors: { passing: }
service:
  modules: [./x.ts]
  pipelines:
    metrics/in: { receivers: [rec], exporters: [passing] }
    metrics/out: { receivers: [passing], exporters: [rec] }
`,
    "x.ts": `import { defineConnector, z } from "otelcol-kubevirt";
export default defineConnector({ type: "passing", stability: "alpha", config: z.strictObject({}), create: () => ({
  process: (batch) => batch.map((one) => ({ ...one, resource: { attributes: { passed: true } } })),
}) });`,
  });
  const [batch] = (await run(await load(root))).received.get("rec") ?? [];
  assert.deepEqual(batch?.resourceMetrics[0]?.resource.attributes, { passed: true });
});

test("extensions of a module authenticate and store, found as those of the distribution are", async (t) => {
  const root = await directory(t, {
    "config.yaml": `
receivers: { rec: }
exporters: { asking: }
extensions: { keys: , shelf: }
service:
  modules: [./all.ts]
  extensions: [keys, shelf]
  pipelines: { metrics: { receivers: [rec], exporters: [asking] } }
`,
    "all.ts": `
import { defineExtension, z } from "otelcol-kubevirt";
const base = { stability: "alpha", config: z.strictObject({}) } as const;
class Keys {
  #word = "sesame";
  authorize(headers) { return { ...headers, authorization: this.#word }; }
  authenticate(headers) { if (headers.authorization !== this.#word) throw new Error("closed"); }
}
class Shelf {
  #stores = new Map();
  async client(kind, id, name) {
    const store = this.#stores.get(name) ?? new Map();
    this.#stores.set(name, store);
    return { keys: async () => [kind + id, ...store.keys()], get: async (key) => store.get(key), batch: async () => {}, close: async () => {} };
  }
}
export default [
  defineExtension({ ...base, type: "keys", create: () => new Keys() }),
  defineExtension({ ...base, type: "shelf", create: () => new Shelf() }),
];`,
  });
  const heard: unknown[] = [];
  const asking = defineExporter({
    type: "asking",
    stability: "alpha",
    description: "Asks the extensions.",
    config: z.strictObject({}),
    create: () => ({
      async start(host: Host) {
        const headers = await findClientAuthenticator(host, "keys").authorize({ a: "b" });
        heard.push(headers, await findServerAuthenticator(host, "keys").authenticate(headers));
        await assert.rejects(async () => findServerAuthenticator(host, "keys").authenticate({}), /closed/);
        const store = await findStorage(host, "shelf").client("exporter", "asking", "x");
        heard.push(await store.keys());
        assert.throws(() => findStorage(host, "keys"), { code: "STORAGE" });
      },
      consume: () => Promise.resolve(),
    }),
  });
  const { config, diagnostics } = await loadConfig(
    { uris: [join(root, "config.yaml")], env: {}, cwd: root },
    { ...components, exporters: [...components.exporters, asking] },
  );
  assert.ok(config, formatDiagnostics(diagnostics.items));
  const service = new Service(config, { ...quiet, strict: true });
  await service.start();
  assert.deepEqual(await service.shutdown(), []);
  assert.deepEqual(heard, [{ a: "b", authorization: "sesame" }, undefined, ["exporterasking"]]);
});
