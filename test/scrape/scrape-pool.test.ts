import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { StatusEvent } from "../../src/component/index.ts";
import { type PoolTarget, ScrapePool, type ScrapeTarget } from "../../src/scrape/index.ts";
import { ManualClock } from "./harness.ts";

const INTERVAL = 1000;

function start() {
  const clock = new ManualClock();
  const events: string[] = [];
  const status: StatusEvent[] = [];
  const failing = new Set<string>();
  let created = 0;
  const pool = new ScrapePool({
    clock,
    initialDelayMs: 0,
    onSkipped: () => {},
    reportStatus: (event) => status.push(event),
  });
  const target = (key: string, identity = key): PoolTarget => ({
    key,
    identity,
    intervalMs: INTERVAL,
    create({ signal, onOutcome }) {
      created += 1;
      signal.addEventListener("abort", () => events.push(`done ${key}`));
      return {
        async scrape(time: number) {
          events.push(`scrape ${key} ${time}`);
          onOutcome(failing.has(key) ? new Error("down") : undefined);
        },
        async end(time: number) {
          events.push(`end ${key} ${time}`);
        },
      } as unknown as ScrapeTarget;
    },
  });
  return {
    clock,
    events,
    status,
    failing,
    pool,
    target,
    created: () => created,
    /** In steps, so that what a tick begins is over before the next. */
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 50) {
        clock.advance(50);
        await setImmediate();
      }
    },
    of: (key: string) => events.filter((event) => event.split(" ")[1] === key),
  };
}

test("targets that stay go on as they are", async () => {
  const { pool, target, pass, created, of } = start();
  pool.sync([target("a"), target("b"), target("a")]);
  assert.equal(pool.size, 2);
  await pass(2.5 * INTERVAL);
  pool.sync([target("b"), target("a"), target("c")]);
  await pass(2.5 * INTERVAL);
  assert.equal(created(), 3);
  assert.equal(of("a").length, 5);
  assert.equal(of("c").length >= 2, true);
  await pool.close(0);
});

test("a target that is gone ends with the time its next scrape would have had, a while after it", async () => {
  const { pool, target, pass, of, clock } = start();
  pool.sync([target("a")]);
  await pass(2 * INTERVAL);
  const last = Number(of("a").at(-1)?.split(" ")[2]);
  pool.sync([]);
  await pass(last + 2 * INTERVAL - clock.now());
  assert.equal(of("a").filter((event) => event.startsWith("end")).length, 0, "not before it might be back");
  await pass(INTERVAL);
  assert.deepEqual(of("a").slice(-2), [`end a ${last + INTERVAL}`, "done a"]);
  await pool.close(0);
});

test("nothing ends where the same target is scraped under another key, or where none was scraped", async () => {
  const { pool, target, pass, events } = start();
  pool.sync([target("a1", "a")]);
  await pass(INTERVAL);
  pool.sync([target("a2", "a")]);
  await pass(4 * INTERVAL);
  pool.sync([target("a2", "a"), target("young")]);
  pool.sync([target("a2", "a")]);
  await pass(4 * INTERVAL);
  assert.deepEqual(
    events.filter((event) => event.startsWith("end")),
    [],
  );
  await pool.close(0);
});

test("closing ends nothing, not even what was about to end", async () => {
  const { pool, target, pass, events, of } = start();
  pool.sync([target("a"), target("b")]);
  await pass(2 * INTERVAL);
  pool.sync([target("a")]);
  await setImmediate();
  await pool.close(0);
  assert.deepEqual(of("b").slice(-1), ["done b"]);
  const before = events.length;
  await pass(5 * INTERVAL);
  pool.sync([target("c")]);
  await pass(2 * INTERVAL);
  assert.equal(events.length, before);
});

test("it is in order while any target can be scraped", async () => {
  const { pool, target, pass, failing, status } = start();
  failing.add("a");
  pool.sync([target("a"), target("b")]);
  await pass(INTERVAL);
  assert.equal(status.at(-1)?.status, "ok");
  failing.add("b");
  await pass(INTERVAL);
  assert.equal(status.at(-1)?.status, "recoverable_error");
  failing.delete("a");
  await pass(INTERVAL);
  assert.equal(status.at(-1)?.status, "ok");
  await pool.close(0);
});
