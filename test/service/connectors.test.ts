import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryableError } from "../../src/component/index.ts";
import { formatDiagnostics } from "../../src/config/index.ts";
import { Batch } from "../../src/metrics/index.ts";
import { type CollectorConfig, loadConfig, Service } from "../../src/service/index.ts";
import { gaugeBatch, quiet, recordingComponents } from "../support/components.ts";

type Components = ReturnType<typeof recordingComponents>["components"];

async function load(yaml: string, components: Components = recordingComponents().components) {
  const { config, diagnostics } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  return { config, problems: formatDiagnostics(diagnostics.items) };
}

async function started(yaml: string) {
  const { components, recorded } = recordingComponents();
  const { config, problems } = await load(yaml, components);
  assert.ok(config, problems);
  const service = new Service(config, { ...quiet, strict: true });
  await service.start();
  const send = (receiver: string) => recorded.outlets.get(receiver)?.consume(Batch.from(gaugeBatch()));
  const received = () => Object.fromEntries([...recorded.received].map(([id, all]) => [id, all.length]));
  const reload = async (next: string) => {
    const loaded = await load(next, components);
    assert.ok(loaded.config, loaded.problems);
    await service.reload(loaded.config as CollectorConfig);
  };
  return { service, recorded, send, received, reload };
}

const JOINED = `
receivers: { rec/a: , rec/b: }
processors: { rec/p: , rec/q: }
exporters: { rec/x: , rec/y: }
connectors: { rec/c: }
service:
  pipelines:
    metrics/a: { receivers: [rec/a], processors: [rec/p], exporters: [rec/c] }
    metrics/b: { receivers: [rec/b], exporters: [rec/c, rec/y] }
    metrics/end: { receivers: [rec/c], processors: [rec/q], exporters: [rec/x] }
    metrics/copy: { receivers: [rec/c], exporters: [rec/y] }
`;

test("a connector leads from pipelines to pipelines", async (t) => {
  const { service, send, received } = await started(JOINED);
  t.after(() => service.shutdown());
  await send("rec/a");
  assert.deepEqual(received(), { "rec/x": 1, "rec/y": 1 });
  await send("rec/b");
  assert.deepEqual(received(), { "rec/x": 2, "rec/y": 3 });
});

test("what is downstream starts before what leads to it, and stops after", async () => {
  const { service, recorded } = await started(JOINED);
  const between = (verb: string) =>
    recorded.events
      .filter((event) => event.startsWith(verb) && /processor|connector/.test(event))
      .map((event) => event.slice(verb.length + 1));
  assert.deepEqual(between("start"), ["processor rec/q", "connector rec/c", "processor rec/p"]);
  await service.shutdown();
  assert.deepEqual(between("shutdown"), ["processor rec/p", "connector rec/c", "processor rec/q"]);
});

test("a refusal behind a connector reaches the sender", async (t) => {
  const { service, recorded, send } = await started(`
receivers: { rec/a: }
exporters: { rec/x: }
connectors: { rec/c: }
service:
  pipelines:
    metrics/a: { receivers: [rec/a], exporters: [rec/c] }
    metrics/b: { receivers: [rec/c], exporters: [rec/x] }`);
  t.after(() => service.shutdown());
  recorded.behaviour.set("rec/x", () => Promise.reject(new RetryableError("not now")));
  await assert.rejects(async () => await send("rec/a"), RetryableError);
});

test("a reload replaces what changed around a connector that stays", async (t) => {
  const { service, recorded, send, received, reload } = await started(JOINED);
  t.after(() => service.shutdown());
  recorded.events.length = 0;
  await reload(JOINED.replace("rec/q: }", "rec/q: { tag: new } }"));
  assert.deepEqual(recorded.events, ["shutdown processor rec/q", "start processor rec/q"]);
  await send("rec/a");
  assert.deepEqual(received(), { "rec/x": 1, "rec/y": 1 });
});

const head = `
receivers: { rec/a: }
exporters: { rec/x: }
connectors: { rec/c: , rec/d: , rec/idle: }
`;

test("a connector is used on both sides or on none", async () => {
  const { problems } = await load(`${head}
service:
  pipelines:
    metrics/a: { receivers: [rec/a], exporters: [rec/c] }
    metrics/b: { receivers: [rec/d], exporters: [rec/x] }`);
  assert.match(
    problems,
    /connector "rec\/c" used as exporter in "metrics\/a" pipeline but not used as receiver in any pipeline/,
  );
  assert.match(
    problems,
    /connector "rec\/d" used as receiver in "metrics\/b" pipeline but not used as exporter in any pipeline/,
  );
  assert.doesNotMatch(problems, /idle/);
});

test("an ID is a connector's or a receiver's or exporter's", async () => {
  const { problems } = await load(`
receivers: { rec/a: }
exporters: { rec/a: }
connectors: { rec/a: }
service: { pipelines: { metrics: { receivers: [rec/a], exporters: [rec/a] } } }`);
  assert.match(
    problems,
    /connectors::rec\/a: ambiguous ID: Found both "rec\/a" receiver and "rec\/a" connector/,
  );
  assert.match(problems, /ambiguous ID: Found both "rec\/a" exporter and "rec\/a" connector/);
  assert.match(problems, /rename the connector to "rec\/a\/connector"/);
});

test("pipelines that lead in a circle are refused with the way round", async () => {
  const { problems } = await load(`${head}
service:
  pipelines:
    metrics/a: { receivers: [rec/a, rec/d], exporters: [rec/c] }
    metrics/b: { receivers: [rec/c], exporters: [rec/d, rec/x] }`);
  assert.match(
    problems,
    /cycle detected: pipeline "metrics\/a" -> connector "rec\/c" -> pipeline "metrics\/b" -> connector "rec\/d" -> pipeline "metrics\/a"/,
  );
});

test("a connector that is not configured is named among what is there", async () => {
  const { problems } = await load(`${head}
service:
  pipelines:
    metrics/a: { receivers: [rec/a], exporters: [rec/nope] }`);
  assert.match(problems, /references exporter "rec\/nope" which is not configured/);
});
