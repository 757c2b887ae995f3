import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { temporaryDirectory } from "../support/certificates.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { body, Handler } from "./handler.ts";
import { firstValue, startSink, writeConfig } from "./pipeline.ts";

const DEPTH = "kubevirt_handler.workqueue.depth";
const text = '# TYPE kubevirt_workqueue_depth gauge\nkubevirt_workqueue_depth{name="q"} 1\n';

// Windows knows no signals between processes.
const skip = process.platform === "win32";

/** A configuration whose sections are those of the argument, over one target and one backend. */
async function collectorOf(
  t: TestContext,
  handler: Handler,
  sections: {
    readonly extensions?: Record<string, unknown>;
    readonly processors?: Record<string, unknown>;
    readonly exporters: Record<string, unknown>;
    readonly service?: Record<string, unknown>;
  },
): Promise<{ readonly collector: CollectorProcess; readonly path: string }> {
  const { extensions = {}, processors = {}, exporters, service = {} } = sections;
  const config = {
    receivers: {
      kubevirt_handler: {
        collection_interval: "700ms",
        initial_delay: 0,
        targets: [{ metrics_endpoint: handler.metricsUrl }],
        tls: { ca_pem: handler.caPem },
      },
    },
    processors: { ...processors, kubevirt_handler: {} },
    extensions,
    exporters,
    service: {
      telemetry: { logs: { level: "debug" }, metrics: { level: "none" } },
      extensions: Object.keys(extensions),
      ...service,
      pipelines: {
        metrics: {
          receivers: ["kubevirt_handler"],
          processors: [...Object.keys(processors), "kubevirt_handler"],
          exporters: Object.keys(exporters),
        },
      },
    },
  };
  const path = await writeConfig(t, config);
  return { collector: await CollectorProcess.start(t, ["--config", path]), path };
}

async function target(t: TestContext): Promise<Handler> {
  const handler = await Handler.start(t);
  handler.metrics = body(text);
  return handler;
}

describe("operations", { concurrency: true, skip }, () => {
  test("health shows a backend that is away, and that it is back", async (t) => {
    const reserved = await OtlpSink.start();
    const { port } = reserved;
    await reserved.close();
    const { collector } = await collectorOf(t, await target(t), {
      extensions: {
        health_check: {
          endpoint: "127.0.0.1:0",
          http: { config: { enabled: true } },
          component_health: { include_recoverable_errors: true, recovery_duration: 0 },
        },
      },
      exporters: {
        otlp_http: {
          endpoint: `http://127.0.0.1:${port}`,
          headers: { "x-key": "very-secret" },
          retry_on_failure: { initial_interval: "50ms", max_interval: "50ms" },
        },
      },
    });
    const { endpoint } = await collector.untilLog("Serving health checks.");
    const get = async (path: string) => {
      const response = await fetch(`http://${endpoint}${path}`);
      return { status: response.status, text: await response.text() };
    };
    await collector.untilLog("Exporting failed. Will retry the request after interval.");
    const away = await get("/status?verbose");
    assert.equal(away.status, 500);
    assert.match(
      away.text,
      /"exporter:otlp_http":\{"healthy":false,"status":"StatusRecoverableError","error":"[^"]*ECONNREFUSED/,
    );
    assert.equal((await get("/livez")).status, 200, "a restart would not help");
    assert.equal((await get("/")).status, 200);
    const config = await get("/config");
    assert.match(config.text, /"x-key": "\[REDACTED\]"/);
    assert.ok(!config.text.includes("very-secret"));
    const back = await OtlpSink.start({ port });
    t.after(() => back.close());
    await collector.within(back.next(), "the first batch");
    let again = await get("/status");
    while (again.status !== 200) again = await get("/status");
    assert.match(again.text, /"status":"StatusOK"/);
    assert.equal((await collector.stop()).code, 0);
  });

  test("an exporter sends the token that its file holds now", async (t) => {
    const sink = await startSink(t);
    const filename = join(await temporaryDirectory(t), "token");
    await writeFile(filename, "first");
    const { collector } = await collectorOf(t, await target(t), {
      extensions: { bearertokenauth: { filename } },
      exporters: { otlp_http: { endpoint: sink.endpoint, auth: { authenticator: "bearertokenauth" } } },
    });
    await collector.within(sink.next(), "a batch");
    assert.equal(sink.requests[0]?.headers.authorization, "Bearer first");
    await writeFile(filename, "second-token");
    await collector.within(
      sink.until(() => sink.requests.some(({ headers }) => headers.authorization === "Bearer second-token")),
      "the new token",
    );
    assert.equal((await collector.stop()).code, 0);
  });

  test("a process short of memory keeps what it scraped, and sends it when it may", async (t) => {
    const handler = await target(t);
    const sink = await startSink(t);
    const { collector, path } = await collectorOf(t, handler, {
      // Less than any process of Node's has.
      processors: { memory_limiter: { limit_mib: 8, check_interval: "100ms" } },
      exporters: { otlp_http: { endpoint: sink.endpoint } },
    });
    await collector.untilLog(
      "The pipeline refuses points for now. They are kept, and no further scrape is made.",
    );
    await collector.untilLog("Memory usage is above soft limit. Refusing data.");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(handler.scrapes.length, 1, "no further scrape while refused");
    assert.equal(sink.requests.length, 0);
    // More memory is what a new configuration gives it here; the scrape that was kept survives that.
    const config = JSON.parse(await readFile(path, "utf8"));
    config.processors.memory_limiter.limit_mib = 100_000;
    await writeFile(path, JSON.stringify(config));
    collector.signal("SIGHUP");
    assert.equal(firstValue(await collector.within(sink.next(), "what was kept"), DEPTH), 1);
    assert.equal((await collector.stop()).code, 0);
    assert.equal(sink.batches.length, handler.scrapes.length);
  });

  test("a component that ignores its shutdown does not hold up the process", async (t) => {
    const sink = await startSink(t);
    const module = join(await temporaryDirectory(t), "stuck.ts");
    await writeFile(
      module,
      `import { defineExporter, z } from "otelcol-kubevirt";
export default defineExporter({
  type: "stuck",
  stability: "alpha",
  config: z.strictObject({}).prefault({}),
  create: () => ({
    start() { setInterval(() => {}, 1000); },
    async consume() {},
    shutdown: () => new Promise(() => {}),
  }),
});
`,
    );
    const { collector } = await collectorOf(t, await target(t), {
      exporters: { stuck: {}, otlp_http: { endpoint: sink.endpoint } },
      service: { modules: [module], shutdown_timeout: "500ms" },
    });
    assert.equal(firstValue(await collector.within(sink.next(), "a batch"), DEPTH), 1);
    const { code } = await collector.stop();
    assert.equal(code, 1);
    const error = collector.logs.find(({ msg }) => msg === "A component was not shut down cleanly.");
    assert.match(
      String(error?.["error"]),
      /failed to shut down "stuck" exporter: it did not come to an end in time/,
    );
  });

  test("a component that fails for good ends the process with 1", async (t) => {
    const module = join(await temporaryDirectory(t), "fatal.ts");
    await writeFile(
      module,
      `import { defineExporter, z } from "otelcol-kubevirt";
export default defineExporter({
  type: "fatal",
  stability: "alpha",
  config: z.strictObject({}).prefault({}),
  create: ({ reportStatus }) => ({
    async consume() { reportStatus({ status: "fatal_error", error: new Error("the disk is gone") }); },
  }),
});
`,
    );
    const { collector } = await collectorOf(t, await target(t), {
      exporters: { fatal: {} },
      service: { modules: [module] },
    });
    const { code } = await collector.within(collector.exited, "the end");
    assert.equal(code, 1);
    const error = collector.logs.find(({ msg }) => msg === "A component failed for good, terminating.");
    assert.equal(error?.["error"], "the disk is gone");
  });
});
