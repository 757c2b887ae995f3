import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrivalsOf, firstArrivals } from "./pipeline.ts";
import { startRig } from "./reload-rig.ts";

// Windows: a signal ends the collector at once.
const skip = process.platform === "win32";

describe("a shutdown while the backend is away", { concurrency: 2, skip }, () => {
  for (const persistent of [false, true]) {
    test(`${persistent ? "a persistent" : "a memory"} queue is delivered when it comes back in time`, async (t) => {
      const it = await startRig(t, persistent, "15s");
      await it.scrapes(9);
      const sink = await it.backend();
      sink.defaultAnswer = { status: 503 };
      it.collector.signal("SIGTERM");
      await it.collector.untilLog("Starting shutdown.");
      const before = sink.requests.length;
      await it.collector.within(
        sink.until(() => sink.requests.length > before + 5),
        "retries in the shutdown",
      );
      sink.defaultAnswer = {};
      const { code } = await it.collector.within(it.collector.exited, "the exit");
      assert.equal(code, 0);
      const served = it.targets.served.map((last) => Array.from({ length: last }, (_, i) => i + 1));
      assert.deepEqual(firstArrivals(arrivalsOf(sink), it.targets), served);
      assert.ok(!it.collector.logs.some(({ reason }) => reason === "shutdown"));
    });
  }
});
