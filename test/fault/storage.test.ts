import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { temporaryDirectory } from "../support/certificates.ts";
import type { CollectorProcess } from "../support/collector-process.ts";
import { canLimitFiles, limitFiles } from "../support/file-limit.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { NumberedTargets } from "./numbered-target.ts";
import { arrivalsOf, firstArrivals, ownMetrics, prepare, READY, startCollector } from "./pipeline.ts";
import { randomFrom, seedOfRun } from "./random.ts";

const skip = process.platform === "win32";

async function setUp(t: TestContext, targetCount: number) {
  const targets = await NumberedTargets.start(t, targetCount);
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  return { targets, sink };
}

/** Asks for the collector's own metrics after each scrape until `holds`. */
async function untilMetrics(
  collector: CollectorProcess,
  targets: NumberedTargets,
  holds: (metrics: Awaited<ReturnType<typeof ownMetrics>>) => boolean,
) {
  for (;;) {
    const metrics = await ownMetrics(collector);
    if (holds(metrics)) return metrics;
    await collector.within(targets.more(1), "a scrape");
  }
}

/** The one folder in the storage directory. */
async function storeOf(directory: string): Promise<string> {
  return join(directory, "exporter.otlp_http.metrics");
}

describe("storage", { concurrency: 2, skip }, () => {
  test("damaged by random bytes: the collector starts, says what it set aside, and sends the rest, all of it true", async (t) => {
    const seed = seedOfRun();
    t.diagnostic(`FAULT_SEED=${seed}`);
    const random = randomFrom(seed);
    const { targets, sink } = await setUp(t, 20);
    targets.padding = 3000;
    sink.defaultAnswer = { status: 503 };
    const { configPath, directory } = await prepare(t, { targets, endpoint: sink.endpoint });
    const first = await startCollector(t, configPath, 1);
    await first.untilLog(READY);
    await first.within(targets.more(45), "scrapes");
    first.signal("SIGKILL");
    await first.exited;
    const path = join(await storeOf(directory), "0000000001.log");
    const bytes = await readFile(path);
    for (let i = 0; i < 5; i++) {
      const at = Math.floor(random() * bytes.length);
      for (let j = at; j < Math.min(at + 20, bytes.length); j++) bytes[j] = Math.floor(random() * 256);
    }
    await writeFile(path, bytes);

    sink.defaultAnswer = {};
    const second = await startCollector(t, configPath, 2);
    const damage = await second.untilLog(
      "A storage file is damaged. It was set aside, what can be read of it is kept.",
    );
    assert.equal(damage["path"], path);
    assert.deepEqual(await readFile(String(damage["set_aside"])), bytes);
    await untilMetrics(second, targets, (metrics) => metrics("otelcol_exporter_queue_metric_points") === 0);
    assert.equal((await second.stop()).code, 0);
    const numbers = firstArrivals(arrivalsOf(sink), targets);
    for (const [target, arrived] of numbers.entries()) {
      assert.deepEqual(
        arrived,
        arrived.toSorted((a, b) => a - b),
      );
      assert.ok(arrived.every((number) => number >= 1 && number <= (targets.served[target] ?? 0)));
    }
    // Five wounds hit ten records at most, and each target may have had one scrape on its way.
    assert.ok(numbers.flat().length >= targets.scrapes - 10 - targets.count, `${numbers.flat().length}`);
    assert.ok(sink.malformed.length === 0, "nothing that cannot be decoded is sent");
  });

  test("of one collector is refused to a second one, and given to the next after a SIGKILL", async (t) => {
    const { targets, sink } = await setUp(t, 3);
    const { configPath, directory } = await prepare(t, { targets, endpoint: sink.endpoint });
    const first = await startCollector(t, configPath, 1);
    await first.untilLog(READY);
    const second = await startCollector(t, configPath, 2);
    const { code, stderr } = await second.within(second.exited, "its refusal");
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`storage directory ${directory} is in use by another collector`));
    assert.match(stderr, /its lock was not released within 1s/);
    await first.within(targets.more(3), "the first one to go on");
    first.signal("SIGKILL");
    await first.exited;
    const third = await startCollector(t, configPath, 3);
    await third.untilLog(READY);
    assert.equal((await third.stop()).code, 0);
  });

  test("that is full refuses, counts and says so; what it had taken arrives, and it goes on when there is room", async (t) => {
    if (!canLimitFiles()) return t.skip("takes prlimit");
    const { targets, sink } = await setUp(t, 8);
    targets.padding = 5000;
    sink.defaultAnswer = { status: 503 };
    const { configPath, directory } = await prepare(t, { targets, endpoint: sink.endpoint });
    const collector = await startCollector(t, configPath);
    await collector.untilLog(READY);
    await collector.within(targets.more(10), "scrapes");
    // To the file system this process is now over its quota.
    const size = async () => (await stat(join(await storeOf(directory), "0000000001.log"))).size;
    limitFiles(collector.pid, (await size()) + 20_000);
    const failed = await collector.untilLog("Writing to storage failed.");
    assert.match(String(failed["error"]), /cannot write to .*0000000001\.log: EFBIG/);
    const full = await untilMetrics(
      collector,
      targets,
      (metrics) => metrics("otelcol_exporter_enqueue_failed_metric_points") >= 30,
    );
    assert.equal(full("otelcol_exporter_dropped_metric_points"), 0);
    assert.ok(full("otelcol_file_storage_failed_writes", { reason: "full" }) > 0);
    assert.equal(
      full("otelcol_exporter_enqueue_failed_metric_points"),
      full("otelcol_receiver_refused_metric_points"),
    );
    // Still over quota: what is sent makes room.
    sink.defaultAnswer = {};
    await collector.untilLog("Writing to storage works again.");
    limitFiles(collector.pid, undefined);
    await collector.within(targets.more(16), "scrapes");
    assert.equal((await collector.stop()).code, 0);
    const numbers = firstArrivals(arrivalsOf(sink), targets);
    for (const [target, arrived] of numbers.entries()) {
      assert.deepEqual(
        arrived,
        arrived.toSorted((a, b) => a - b),
      );
      assert.equal(arrived.at(-1), targets.served[target], "the last one got through");
    }
    assert.ok(!(await readdir(await storeOf(directory))).some((name) => name.includes("damaged")));
  });

  test("a queue outlives a change of the configuration: another endpoint, encoding and number of consumers", async (t) => {
    const { targets, sink } = await setUp(t, 5);
    const directory = `${await temporaryDirectory(t)}/storage`;
    const before = await prepare(t, { targets, endpoint: "http://127.0.0.1:1", directory });
    const first = await startCollector(t, before.configPath, 1);
    await first.untilLog(READY);
    await first.within(targets.more(12), "scrapes");
    const { code } = await first.stop();
    assert.equal(code, 0, "a backend that is away is no unclean shutdown of a persistent queue");
    assert.equal(arrivalsOf(sink).length, 0);
    const after = await prepare(t, {
      targets,
      endpoint: sink.endpoint,
      directory,
      exporter: { encoding: "json", compression: "zstd" },
      queue: { preserve_order: true, queue_size: 1000 },
      storage: { fsync: true },
    });
    const second = await startCollector(t, after.configPath, 2);
    await second.untilLog(READY);
    await second.within(targets.more(5), "scrapes");
    assert.equal((await second.stop()).code, 0);
    const numbers = firstArrivals(arrivalsOf(sink), targets);
    assert.deepEqual(
      numbers,
      targets.served.map((last) => Array.from({ length: last }, (_, i) => i + 1)),
    );
  });
});
