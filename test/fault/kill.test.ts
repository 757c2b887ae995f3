import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { OtlpSink, type SinkAnswer } from "../support/otlp-sink.ts";
import { NumberedTargets } from "./numbered-target.ts";
import { type Arrival, arrivalsOf, firstArrivals, prepare, READY, startCollector } from "./pipeline.ts";
import { randomFrom, seedOfRun } from "./random.ts";

// Windows knows no SIGKILL that leaves what was written behind in the same way.
const skip = process.platform === "win32";

/** A few in each run of the tests, at least 50 in the nightly one. */
const KILLS = Number(process.env["FAULT_KILLS"] ?? 4);
const TARGETS = 60;

const FAULTS: readonly SinkAnswer[] = [
  { status: 503 },
  { status: 429, headers: { "retry-after": "0" } },
  { fault: "hang" },
  { fault: "reset-request" },
  // Without a body the head alone would be a whole answer.
  { fault: "reset-response", body: "cut off" },
];

test(`${KILLS} kills at random moments lose nothing, keep the order, and repeat only what was in flight`, {
  skip,
}, async (t) => {
  const seed = seedOfRun();
  t.diagnostic(`FAULT_SEED=${seed}`);
  const random = randomFrom(seed);
  const targets = await NumberedTargets.start(t, TARGETS);
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const { configPath } = await prepare(t, { targets, endpoint: sink.endpoint });
  const flapping = flap(t, sink, random);

  /** What each target had served last when a process was killed: it may not have been accepted yet. */
  const uncertain = targets.served.map(() => new Set<number>());
  for (let life = 1; life <= KILLS; life++) {
    flapping.mode = life % 3 === 0 ? "up" : life % 3 === 1 ? "down" : "flapping";
    // Large writes take longer, and are more often cut short.
    targets.padding = life % 2 === 0 ? 30_000 : 0;
    const collector = await startCollector(t, configPath, life);
    // In the start as well, but mostly at work.
    if (random() < 0.8) await collector.untilLog(READY);
    await delay(random() * 1500);
    collector.signal("SIGKILL");
    await collector.exited;
    await targets.quiet();
    for (const [target, number] of targets.served.entries()) uncertain[target]?.add(number);
  }

  flapping.mode = "up";
  targets.padding = 0;
  const last = await startCollector(t, configPath, KILLS + 1);
  await last.untilLog(READY);
  await targets.more(TARGETS);
  const { code } = await last.stop();
  assert.equal(code, 0, last.stderr);

  const arrivals = arrivalsOf(sink);
  assertComplete(arrivals, targets, uncertain);
  assertRepeatsWereInFlight(arrivals);
  t.diagnostic(`${targets.scrapes} scrapes, ${arrivals.length} arrivals`);
});

/** Changes the backend's mind all the time while the mode says so. */
function flap(t: TestContext, sink: OtlpSink, random: () => number) {
  const state: { mode: "up" | "down" | "flapping" } = { mode: "up" };
  const timer = setInterval(() => {
    const fails = state.mode === "down" || (state.mode === "flapping" && random() < 0.5);
    sink.defaultAnswer = fails ? (FAULTS[Math.floor(random() * FAULTS.length)] ?? {}) : {};
  }, 50);
  t.after(() => clearInterval(timer));
  return state;
}

/** All that was served has arrived in its order, but for what a kill may have caught on the way into the queue. */
function assertComplete(
  arrivals: readonly Arrival[],
  targets: NumberedTargets,
  uncertain: readonly ReadonlySet<number>[],
): void {
  for (const [target, numbers] of firstArrivals(arrivals, targets).entries()) {
    const served = Array.from({ length: targets.served[target] ?? 0 }, (_, i) => i + 1);
    const arrived = new Set(numbers);
    const expected = served.filter((number) => arrived.has(number) || !uncertain[target]?.has(number));
    assert.deepEqual(numbers, expected, `target ${target}`);
  }
}

/** With one request in flight at a time, only the last one that a process delivered can come again. */
function assertRepeatsWereInFlight(arrivals: readonly Arrival[]): void {
  const lastOfLife = new Map(arrivals.map(({ life, request }) => [life, request]));
  const seen = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    const key = `${arrival.target}/${arrival.number}`;
    const first = seen.get(key);
    if (first !== undefined) {
      assert.ok(first.life < arrival.life, `${key} came twice from process ${arrival.life}`);
      assert.equal(
        first.request,
        lastOfLife.get(first.life),
        `${key} was not the last of process ${first.life}`,
      );
    }
    seen.set(key, arrival);
  }
}
