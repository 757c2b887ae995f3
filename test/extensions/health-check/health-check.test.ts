import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createNoopMeter } from "@opentelemetry/api";
import { type ComponentStatus, systemClock } from "../../../src/component/index.ts";
import healthCheck from "../../../src/extensions/health-check/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";

interface Rig {
  readonly get: (
    path: string,
  ) => Promise<{ readonly status: number; readonly text: string; readonly json: Report }>;
  readonly url: string;
  set(id: string, status: ComponentStatus["status"], error?: Error): void;
  pass(ms: number): void;
}

interface Report {
  readonly healthy: boolean;
  readonly status: string;
  readonly error?: string;
  readonly components?: Readonly<Record<string, Report>>;
}

async function rig(t: TestContext, config: Record<string, unknown> = {}): Promise<Rig> {
  let now = 1_700_000_000_000;
  const statuses: ComponentStatus[] = [
    { kind: "extension", id: "health_check", pipelines: [], status: "ok", since: now },
    { kind: "receiver", id: "r", pipelines: ["metrics", "metrics/2"], status: "starting", since: now },
    { kind: "exporter", id: "e", pipelines: ["metrics"], status: "starting", since: now },
    { kind: "exporter", id: "f", pipelines: ["metrics/2"], status: "ok", since: now },
    { kind: "service", id: "config", pipelines: [], status: "ok", since: now },
  ];
  let url = "";
  const component = healthCheck.create({
    id: "health_check",
    config: healthCheck.config.parse({ endpoint: "127.0.0.1:0", ...config }),
    logger: {
      ...silentLogger,
      info(_message, fields) {
        url = `http://${fields?.["endpoint"]}`;
      },
    },
    meter: createNoopMeter(),
    clock: { ...systemClock, now: () => now },
    reportStatus() {},
    build: { command: "test", version: "0" },
  });
  await component.start?.({
    extension: () => undefined,
    statuses: () => statuses,
    config: () => '{"exporters":{"e":{"token":"[REDACTED]"}}}',
  });
  t.after(() => component.shutdown?.(0));
  return {
    url,
    async get(path) {
      const response = await fetch(`${url}${path}`);
      const text = await response.text();
      return { status: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : {} };
    },
    set(id, status, error) {
      const at = statuses.findIndex((one) => one.id === id);
      const { error: _, ...rest } = statuses[at] as ComponentStatus;
      statuses[at] = { ...rest, status, since: now, ...(error !== undefined && { error }) };
    },
    pass(ms) {
      now += ms;
    },
  };
}

test("ready when every part of the pipelines has been started, and no more when one is stopped", async (t) => {
  const { get, set, pass } = await rig(t);
  const before = await get("/");
  assert.equal(before.status, 503);
  assert.equal(before.json.status, "Server not available");
  assert.equal((await get("/status")).status, 503);
  assert.equal((await get("/livez")).status, 200);
  set("r", "ok");
  set("e", "ok");
  pass(1500);
  const ready = await get("/");
  assert.equal(ready.status, 200);
  assert.match(ready.text, /"status":"Server available","upSince":"2023-.*","uptime":"1.5s"/);
  assert.equal((await get("/status")).json.status, "StatusOK");
  set("r", "stopping");
  assert.equal((await get("/")).status, 503);
  assert.deepEqual((await get("/status")).json.status, "StatusStopping");
});

test("a failing exporter shows in its pipeline, and counts when that is asked for and lasts", async (t) => {
  const component_health = { include_recoverable_errors: true, recovery_duration: "30s" };
  const { get, set, pass } = await rig(t, { component_health });
  set("r", "ok");
  set("e", "recoverable_error", new Error("backend away", { cause: new Error("ECONNREFUSED") }));
  const fresh = await get("/status?verbose");
  assert.equal(fresh.status, 200);
  assert.equal(fresh.json.healthy, true);
  assert.equal(fresh.json.status, "StatusRecoverableError");
  assert.equal(fresh.json.error, "backend away: ECONNREFUSED");
  const pipelines = fresh.json.components ?? {};
  assert.deepEqual(Object.keys(pipelines), [
    "extensions",
    "pipeline:metrics",
    "pipeline:metrics/2",
    "service",
  ]);
  assert.equal(pipelines["pipeline:metrics"]?.components?.["exporter:e"]?.status, "StatusRecoverableError");
  assert.equal(pipelines["pipeline:metrics/2"]?.status, "StatusOK");
  pass(30_000);
  assert.equal((await get("/status")).status, 500);
  assert.equal((await get("/status?pipeline=metrics")).status, 500);
  assert.equal((await get("/status?pipeline=metrics/2")).status, 200);
  assert.equal((await get("/status?pipeline=none")).status, 404);
  assert.equal((await get("/")).status, 200, "the pipelines run all the same");
  set("e", "ok");
  assert.equal((await get("/status")).status, 200);
});

test("permanent errors count when asked for, fatal ones always, a bad configuration never", async (t) => {
  const strict = await rig(t, { component_health: { include_permanent_errors: true } });
  const lax = await rig(t);
  for (const { set } of [strict, lax]) {
    set("r", "ok");
    set("e", "permanent_error", new Error("no"));
  }
  assert.equal((await strict.get("/status")).status, 500);
  assert.equal((await lax.get("/status")).status, 200);
  lax.set("e", "fatal_error", new Error("gone"));
  assert.equal((await lax.get("/status")).status, 500);
  assert.equal((await lax.get("/livez")).status, 500);
  assert.equal((await lax.get("/")).status, 503);
  strict.set("e", "ok");
  strict.set("config", "recoverable_error", new Error("unknown option"));
  strict.pass(1e9);
  const { status, json } = await strict.get("/status?verbose");
  assert.equal(status, 200);
  assert.equal(json.components?.["service"]?.components?.["service:config"]?.error, "unknown option");
});

test("paths are as configured", async (t) => {
  const { get, url } = await rig(t, {
    path: "/health",
    response_body: { healthy: "fine", unhealthy: "not now" },
    http: { status: { enabled: false }, config: { enabled: true, path: "/cfg" } },
  });
  assert.equal((await get("/health")).text, "not now");
  assert.match((await get("/cfg")).text, /REDACTED/);
  assert.equal((await get("/status")).status, 404);
  assert.equal((await get("/")).status, 404);
  assert.equal((await fetch(`${url}/health`, { method: "POST" })).status, 405);
  const v2 = await rig(t, { use_v2: true, http: { endpoint: "127.0.0.1:0", status: { path: "/s" } } });
  assert.equal((await v2.get("/s")).status, 503);
  assert.equal((await v2.get("/")).status, 404);
  assert.equal((await v2.get("/config")).status, 404);
});
