import assert from "node:assert/strict";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { encodeExportResponse, METRICS_PATH } from "../../src/otlp/index.ts";
import { writeConfig } from "../e2e/pipeline.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import type { CollectorProcess } from "../support/collector-process.ts";
import { OtlpSink, type SinkAnswer } from "../support/otlp-sink.ts";
import {
  type ChaosSettings,
  changed,
  chaosConfig,
  EXPORTERS,
  type Exporter,
  LAST,
  START,
} from "./chaos-config.ts";
import { ChaosSenders, FIRST_SENDER } from "./chaos-senders.ts";
import { NumberedTargets } from "./numbered-target.ts";
import { type Arrival, arrivalsOf, type OwnMetrics, ownMetrics, READY, startCollector } from "./pipeline.ts";
import { randomFrom, seedOfRun } from "./random.ts";

/** One short episode in each run of the tests, many in the nightly one. */
const EPISODES = Number(process.env["FAULT_EPISODES"] ?? 1);
const EPISODE_MS = EPISODES > 1 ? 20_000 : 5000;
const TARGETS = 3;
const SENDERS = 5;

const FAULTS: readonly SinkAnswer[] = [
  { status: 503 },
  { status: 429, headers: { "retry-after": "1" } },
  { fault: "hang" },
  { fault: "reset-request" },
  { fault: "reset-response", body: "cut off" },
];
/** Not for the exporter that is to lose nothing. */
const LOSSES: readonly SinkAnswer[] = [
  { status: 400 },
  { body: encodeExportResponse({ rejectedDataPoints: 1, errorMessage: "too old" }) },
];

/** What a reload says last. */
const ENDS = new Set([
  "The new configuration is in force.",
  "The new configuration is not valid, the old one stays in force.",
  "The configuration could not be reloaded.",
]);

for (let episode = 0; episode < EPISODES; episode++) {
  test(`reloads at random, good and bad, over backends that flap: what is lost is counted (${episode + 1})`, {
    // Windows has no signal to reload.
    skip: process.platform === "win32",
  }, async (t) => {
    const seed = seedOfRun() + episode;
    t.diagnostic(`FAULT_SEED=${seed}`);
    const random = randomFrom(seed);
    const { collector, sinks, senders, apply, reload } = await startChaos(t);
    const flapping = flap(sinks, randomFrom(seed + 1));
    let settings = START;
    const end = Date.now() + EPISODE_MS;
    while (Date.now() < end) {
      await delay(random() * 700);
      if (random() < 0.2) {
        await reload(random() < 0.5 ? "{ receivers: [" : await portTaken(t, apply, settings));
        continue;
      }
      settings = changed(settings, random);
      await reload(apply(settings));
    }
    flapping.stop();
    await reload(apply({ ...settings, limiter: "off" }));
    await collector.within(senders.end(), "the senders");

    const metrics = await untilAccountedFor(collector);
    assert.deepEqual(senders.wrong, []);
    for (const id of EXPORTERS) assertArrived(id, arrivalsOf(sinks[id]), senders, metrics);
    assert.equal((await collector.stop()).code, 0, collector.stderr);
  });
}

async function startChaos(t: TestContext) {
  const targets = await NumberedTargets.start(t, TARGETS);
  const started = await Promise.all(EXPORTERS.map(async (id) => [id, await OtlpSink.start()] as const));
  for (const [, sink] of started) t.after(() => sink.close());
  const sinks = Object.fromEntries(started) as Record<Exporter, OtlpSink>;
  const endpoints = Object.fromEntries(started.map(([id, { endpoint }]) => [id, endpoint]));
  const places = {
    targets,
    endpoints: endpoints as Record<Exporter, string>,
    directory: `${await temporaryDirectory(t)}/storage`,
    port: await freePort(),
  };
  const apply = (settings: ChaosSettings, port = places.port) =>
    JSON.stringify(chaosConfig({ ...places, port }, settings));
  const configPath = await writeConfig(t, JSON.parse(apply(START)));
  const collector = await startCollector(t, configPath);
  await collector.untilLog(READY);
  const senders = new ChaosSenders(`http://127.0.0.1:${places.port}${METRICS_PATH}`, SENDERS);
  const ends = () => collector.logs.filter(({ msg }) => ENDS.has(msg)).length;
  return {
    collector,
    sinks,
    senders,
    apply,
    async reload(text: string) {
      await writeFile(`${configPath}.new`, text);
      await rename(`${configPath}.new`, configPath);
      const before = ends();
      collector.signal("SIGHUP");
      await collector.until(() => ends() > before, "the end of the reload");
    },
  };
}

/** Changes each backend's mind at times of its own. */
function flap(sinks: Readonly<Record<Exporter, OtlpSink>>, random: () => number) {
  const timer = setInterval(() => {
    const id = EXPORTERS[Math.floor(random() * EXPORTERS.length)] as Exporter;
    const faults = id === "otlp_http/stored" ? FAULTS : [...FAULTS, ...LOSSES];
    const fault = faults[Math.floor(random() * faults.length)] ?? {};
    sinks[id].defaultAnswer = random() < 0.5 ? fault : {};
  }, 150);
  return {
    stop() {
      clearInterval(timer);
      for (const id of EXPORTERS) sinks[id].defaultAnswer = {};
    },
  };
}

/** A configuration that cannot start: its receiver's port belongs to somebody else. */
async function portTaken(
  t: TestContext,
  apply: (settings: ChaosSettings, port: number) => string,
  settings: ChaosSettings,
): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => void server.close());
  await once(server, "listening");
  return apply(settings, (server.address() as AddressInfo).port);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Own metrics as soon as the queues are empty and every attempt is in one place; between scrapes nothing is on its way. */
async function untilAccountedFor(collector: CollectorProcess): Promise<OwnMetrics> {
  let metrics: OwnMetrics | undefined;
  const read = async () => {
    for (;;) {
      metrics = await ownMetrics(collector);
      const { offered, found, queued } = balanceOf(metrics);
      if (offered === found && queued === 0) return metrics;
    }
  };
  return await collector.within(read(), "everything to be accounted for").catch((error: unknown) => {
    assert.fail(`${JSON.stringify(metrics && balanceOf(metrics))} ${error}`);
  });
}

/** The edge between the last processor and the exporters: see docs/self-telemetry.md. */
function balanceOf(metrics: OwnMetrics) {
  const points = (name: string, id: Exporter) =>
    metrics(`otelcol_exporter_${name}_metric_points`, { exporter: id });
  const found = (id: Exporter) =>
    ["sent", "queue", "dropped", "queue_left", "enqueue_failed"].reduce(
      (sum, name) => sum + points(name, id),
      0,
    ) +
    // Without a queue what fails goes back to the sender.
    (id === "otlp_http/none" ? points("send_failed", id) : 0) -
    points("queue_restored", id);
  const missed = metrics("otelcol_fanout_dropped_items") + metrics("otelcol_fanout_returned_items");
  return {
    offered:
      metrics("otelcol_processor_outgoing_items", { processor: LAST }) * EXPORTERS.length +
      metrics("otelcol_reload_redelivered_items", { component: LAST }),
    found: EXPORTERS.reduce((sum, id) => sum + found(id), missed),
    queued: EXPORTERS.reduce((sum, id) => sum + points("queue", id), 0),
  };
}

/** What is missing has been counted, nothing came twice that was taken once, and what has an order came in it. */
function assertArrived(
  id: Exporter,
  arrivals: readonly Arrival[],
  senders: ChaosSenders,
  metrics: OwnMetrics,
): void {
  const points = (name: string) => metrics(`otelcol_exporter_${name}_metric_points`, { exporter: id });
  const keys = arrivals
    .filter(({ target }) => target >= FIRST_SENDER)
    .map(({ target, number }) => `${target}/${number}`);
  const arrived = new Set(keys);
  const missing = [...senders.taken].filter((key) => !arrived.has(key));
  const late = metrics("otelcol_fanout_dropped_items", { branch: `exporter ${id}` });
  const counted = late + points("dropped") + points("enqueue_failed") + points("send_failed");
  assert.ok(missing.length <= counted, `${id}: ${missing} are missing, ${counted} are counted`);
  if (id === "otlp_http/stored") assert.equal(points("dropped"), 0);
  const twice = keys.filter((key, i) => keys.indexOf(key) !== i && !senders.unsure.has(key));
  assert.deepEqual(twice, [], `${id}: came twice`);
  if (id !== "otlp_http/stored") return;
  for (let sender = FIRST_SENDER; sender < FIRST_SENDER + SENDERS; sender++) {
    const numbers = [...arrived].filter((key) => key.startsWith(`${sender}/`) && !senders.unsure.has(key));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => Number(a.split("/")[1]) - Number(b.split("/")[1])),
    );
  }
}
