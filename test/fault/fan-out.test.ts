import assert from "node:assert/strict";
import { test } from "node:test";
import { startSink, writeConfig } from "../e2e/pipeline.ts";
import { countPoints, type OtlpSink } from "../support/otlp-sink.ts";
import { NumberedTargets } from "./numbered-target.ts";
import { arrivalsOf, configOf, firstArrivals, ownMetrics, startCollector } from "./pipeline.ts";

const SLOW = "otlp_http/slow";
const PROMPT = "otlp_http/prompt";

test("a backend that hangs behind an exporter without a queue holds up no other, and what it misses is counted", {
  // Windows: a signal ends the collector at once, without a drain.
  skip: process.platform === "win32",
}, async (t) => {
  const targets = await NumberedTargets.start(t, 1);
  const [prompt, slow] = [await startSink(t), await startSink(t)];
  slow.defaultAnswer = { fault: "hang" };
  const { exporters, service, ...rest } = configOf({
    targets,
    endpoint: prompt.endpoint,
    directory: undefined,
    interval: "100ms",
  }) as Readonly<Record<string, Readonly<Record<string, object>>>>;
  const exporter = exporters?.["otlp_http"];
  const collector = await startCollector(
    t,
    await writeConfig(t, {
      ...rest,
      exporters: {
        [PROMPT]: exporter,
        [SLOW]: { ...exporter, endpoint: slow.endpoint, sending_queue: { enabled: false } },
      },
      service: {
        ...service,
        pipelines: { metrics: { receivers: ["kubevirt_handler"], exporters: [SLOW, PROMPT] } },
      },
    }),
  );

  await collector.untilLog(
    "A branch is slower than the others. It gets no more data until it has caught up.",
  );
  await targets.more(10);
  const last = targets.scrapes;
  await collector.within(
    prompt.until(() => arrivalsOf(prompt).some(({ number }) => number >= last)),
    "scrapes at the other backend",
  );
  assert.equal(arrivalsOf(slow).length, 0);

  slow.defaultAnswer = {};
  await collector.untilLog("A branch that was slow has caught up.");
  const caughtUp = targets.scrapes;
  await collector.within(
    slow.until(() => arrivalsOf(slow).some(({ number }) => number > caughtUp)),
    "scrapes at the backend that hung",
  );
  const metrics = await ownMetrics(collector);
  const left = metrics("otelcol_fanout_dropped_items", { branch: `exporter ${SLOW}`, reason: "late" });
  assert.ok(left >= 10);
  assert.equal((await collector.stop()).code, 0);

  const [atPrompt = []] = firstArrivals(arrivalsOf(prompt), targets);
  // The last answer may have come too late for a collector that was stopping.
  const complete = Array.from({ length: targets.scrapes }, (_, i) => i + 1);
  assert.deepEqual(atPrompt, complete.slice(0, Math.max(atPrompt.length, complete.length - 1)));
  const pointsAt = (sink: OtlpSink) => sink.batches.reduce((sum, batch) => sum + countPoints(batch), 0);
  assert.equal(firstArrivals(arrivalsOf(slow), targets)[0]?.[0], 1);
  assert.equal(pointsAt(slow) + left, pointsAt(prompt));
});
