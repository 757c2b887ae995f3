import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { temporaryDirectory } from "../support/certificates.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { type Answer, body, Handler } from "./handler.ts";
import { configOf, firstValue, pointsOf, startPipeline, startSink, writeConfig } from "./pipeline.ts";

const DEPTH = "kubevirt_handler.workqueue.depth";
const depth = (value: number) =>
  `# TYPE kubevirt_workqueue_depth gauge\nkubevirt_workqueue_depth{name="q"} ${value}\n`;

/** Each scrape gives its own number, from 1 on. */
function numbered(): Answer {
  let scrape = 0;
  return (response, request) => body(depth(++scrape))(response, request);
}

// Windows knows no signals between processes.
const skip = process.platform === "win32";

describe("life cycle", { concurrency: true, skip }, () => {
  test("SIGTERM waits for the scrape under way, delivers it and exits 0", async (t) => {
    const { handler, sink, collector, next } = await startPipeline(t, { interval: "1500ms" }, (it) => {
      it.metrics = body(depth(1));
    });
    // From now on the handler answers when it is told to.
    const asked = Promise.withResolvers<() => void>();
    assert.equal(firstValue(await next(), DEPTH), 1);
    handler.metrics = (response, request) => asked.resolve(() => body(depth(2))(response, request));
    const answer = await collector.within(asked.promise, "the second scrape");
    collector.signal("SIGTERM");
    const { reason } = await collector.untilLog("Starting shutdown.");
    assert.equal(reason, "SIGTERM");
    answer();
    const { code, signal } = await collector.exited;
    assert.deepEqual([code, signal], [0, null]);
    assert.deepEqual(
      sink.batches.map((batch) => firstValue(batch, DEPTH)),
      [1, 2],
    );
    assert.equal(collector.logs.at(-1)?.msg, "Shutdown complete.");
  });

  test("SIGINT sends what is queued behind a slow backend", async (t) => {
    const { sink, collector, next } = await startPipeline(t, {}, (it, backend) => {
      it.metrics = numbered();
      backend.defaultAnswer = { delayMs: 1000 };
    });
    await next();
    collector.signal("SIGINT");
    const { code } = await collector.within(collector.exited, "the exit");
    assert.equal(code, 0);
    const values = sink.batches.map((batch) => firstValue(batch, DEPTH));
    assert.ok(values.length >= 2, `${values}`);
    assert.deepEqual(
      values,
      values.map((_, i) => i + 1),
    );
    assert.ok(!collector.logs.some(({ level }) => level === "error"), collector.stderr);
  });

  test("a second signal forces it to stop with 1", async (t) => {
    const { sink, collector } = await startPipeline(t, {}, (it, backend) => {
      it.metrics = body(depth(1));
      backend.defaultAnswer = { fault: "hang" };
    });
    await collector.within(
      sink.until(() => sink.requests.length > 0),
      "a request that hangs",
    );
    collector.signal("SIGTERM");
    await collector.untilLog("Starting shutdown.");
    collector.signal("SIGTERM");
    const { code } = await collector.within(collector.exited, "the exit");
    assert.equal(code, 1);
    await collector.untilLog("Forced to stop before everything was handed on.");
  });

  test("what a shutdown cannot deliver in its time is counted and logged", async (t) => {
    const { sink, collector } = await startPipeline(
      t,
      { service: { shutdown_timeout: "300ms", telemetry: { metrics: { level: "none" } } } },
      (it, backend) => {
        it.metrics = body(depth(1));
        backend.defaultAnswer = { fault: "hang" };
      },
    );
    await collector.within(
      sink.until(() => sink.requests.length > 0),
      "a request that hangs",
    );
    const { code } = await collector.stop();
    assert.equal(code, 1);
    const lost = collector.logs.find(({ reason }) => reason === "shutdown");
    assert.ok(lost, collector.stderr);
    assert.ok(Number(lost["dropped_items"]) >= 7, JSON.stringify(lost));
    const unclean = collector.logs.find(({ msg }) => msg === "A component was not shut down cleanly.");
    assert.match(String(unclean?.["error"]), /"otlp_http" exporter: \d+ data points were lost/);
  });

  test("SIGHUP takes a good configuration and leaves a bad one", async (t) => {
    const options = (team: string) => ({ target: { labels: { team } } });
    const { handler, sink, collector, configPath, next } = await startPipeline(t, options("red"), (it) => {
      it.metrics = numbered();
    });
    const team = (batch: Awaited<ReturnType<typeof next>>) => pointsOf(batch, DEPTH)[0]?.attributes["team"];
    assert.equal(team(await next()), "red");

    await writeFile(configPath, JSON.stringify(configOf(handler, sink.endpoint, options("blue"))));
    collector.signal("SIGHUP");
    await collector.untilLog("The new configuration is in force.");
    let batch = await next();
    while (team(batch) !== "blue") batch = await next();

    await writeFile(
      configPath,
      JSON.stringify({ ...configOf(handler, sink.endpoint), receivers: { nope: {} } }),
    );
    collector.signal("SIGHUP");
    await collector.untilLog("The new configuration is not valid, the old one stays in force.");
    const problem = collector.logs.find(({ msg }) => msg === "Problem in the configuration.");
    assert.match(JSON.stringify(problem), /unknown receiver type \\"nope\\"/);
    const before = sink.batches.length;
    await collector.within(
      sink.until(() => sink.batches.length > before + 1),
      "more batches",
    );
    assert.equal(team(sink.batches.at(-1) ?? []), "blue");

    // One that is valid but cannot start: its CA is not there.
    await writeFile(
      configPath,
      JSON.stringify(configOf(handler, sink.endpoint, { receiver: { tls: { ca_file: "/no/such/ca.pem" } } })),
    );
    collector.signal("SIGHUP");
    await collector.untilLog("The configuration could not be reloaded.");
    const then = sink.batches.length;
    await collector.within(
      sink.until(() => sink.batches.length > then + 1),
      "more batches",
    );
    assert.equal(team(sink.batches.at(-1) ?? []), "blue");
    const { code } = await collector.stop();
    assert.equal(code, 0);
    const values = sink.batches.map((one) => firstValue(one, DEPTH)).filter((value) => value !== undefined);
    assert.deepEqual(
      values,
      values.map((_, i) => i + 1),
      "no scrape is lost by a reload",
    );
  });

  test("it outlives whoever reads its log, and counts the lines that nobody got", async (t) => {
    const readers = [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: 0 } } } }];
    const telemetry = { logs: { level: "debug" }, metrics: { readers } };
    const service = { telemetry };
    const { collector, next } = await startPipeline(t, { interval: "100ms", service }, (it) => {
      it.metrics = numbered();
    });
    const { url } = await collector.untilLog("Serving the collector's own metrics.");
    await next();
    collector.leaveStderr();
    const lost = async () => {
      const text = await (await fetch(String(url))).text();
      return Number(/^otelcol_log_lost_lines\{output="stderr"\} (\d+)$/m.exec(text)?.[1]);
    };
    while ((await lost()) < 2) {
      collector.signal("SIGHUP");
      await next();
    }
    await next();
    const { code, signal } = await collector.stop();
    assert.deepEqual([code, signal], [0, null]);
  });

  test("signals that come while it reads its configuration do not kill it", async (t) => {
    const pipe = join(await temporaryDirectory(t), "config.yaml");
    await promisify(execFile)("mkfifo", [pipe]);
    const collector = await CollectorProcess.start(t, ["--config", pipe]);
    // Opens when the collector reads it.
    const writer = await collector.within(open(pipe, "w"), "the reading of the configuration");
    collector.signal("SIGHUP");
    collector.signal("SIGTERM");
    await writer.close();
    const { code, signal, stderr } = await collector.within(collector.exited, "the end");
    assert.deepEqual([code, signal, stderr], [0, null, ""]);
  });

  test("a backend that is down at first gets all that the queue holds", async (t) => {
    const reserved = await OtlpSink.start();
    const { port } = reserved;
    await reserved.close();
    const { handler, collector } = await startPipeline(
      t,
      {
        endpoint: `http://127.0.0.1:${port}`,
        exporter: { retry_on_failure: { initial_interval: "100ms", max_interval: "200ms" } },
      },
      (it) => {
        it.metrics = numbered();
      },
    );
    await collector.within(
      handler.until(() => handler.scrapes.length >= 4),
      "four scrapes",
    );
    const sink = await OtlpSink.start({ port });
    t.after(() => sink.close());
    await collector.within(
      sink.until(() => sink.batches.length >= 5),
      "the backlog",
    );
    const { code } = await collector.stop();
    assert.equal(code, 0);
    const values = sink.batches.map((batch) => firstValue(batch, DEPTH));
    assert.deepEqual(
      values,
      values.map((_, i) => i + 1),
    );
  });

  test("a backend that refuses for a while, and one that refuses for good", async (t) => {
    const { sink, collector, next } = await startPipeline(
      t,
      { exporter: { encoding: "json", retry_on_failure: { initial_interval: "100ms" } } },
      (it, backend) => {
        it.metrics = numbered();
        backend.answer({ status: 503 }, { status: 400, body: '{"code":3,"message":"not today"}' });
      },
    );
    // The first is tried again and then refused for good; nothing of it arrives, the others do.
    const values = [firstValue(await next(), DEPTH), firstValue(await next(), DEPTH)];
    assert.deepEqual(values, [2, 3]);
    assert.deepEqual(
      sink.requests.slice(0, 2).map(({ batch }) => firstValue(batch, DEPTH)),
      [1, 1],
    );
    const dropped = await collector.untilLog(({ reason }) => reason === "permanent");
    assert.match(JSON.stringify(dropped), /not today/);
  });
});

describe("a start that fails", { concurrency: true }, () => {
  test("a file that is missing: 1, and nothing has been asked or sent", async (t) => {
    const handler = await Handler.start(t);
    const sink = await startSink(t);
    const config = configOf(handler, sink.endpoint, { receiver: { tls: { ca_file: "/no/such/ca.pem" } } });
    const collector = await CollectorProcess.start(t, ["--config", await writeConfig(t, config)]);
    const { code, stderr } = await collector.within(collector.exited, "the exit");
    assert.equal(code, 1);
    assert.match(stderr, /\/no\/such\/ca\.pem/);
    assert.doesNotMatch(stderr, /Everything is ready/);
    assert.deepEqual([handler.requests.length, sink.requests.length], [0, 0]);
  });
});
