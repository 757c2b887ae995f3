import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { healthClient } from "../extensions/health-check/health-client.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { body, Handler } from "./handler.ts";
import { writeConfig } from "./pipeline.ts";

// Windows knows no signals between processes.
const skip = process.platform === "win32";

test("gRPC health follows an exporter whose backend is away, a reload and a shutdown", {
  skip,
}, async (t) => {
  const handler = await Handler.start(t);
  handler.metrics = body("# TYPE kubevirt_workqueue_depth gauge\nkubevirt_workqueue_depth 1\n");
  const reserved = await OtlpSink.start();
  const { port } = reserved;
  await reserved.close();
  const config = (pipelines: Readonly<Record<string, string>>) => ({
    receivers: {
      kubevirt_handler: {
        collection_interval: "500ms",
        initial_delay: 0,
        targets: [{ metrics_endpoint: handler.metricsUrl }],
        tls: { ca_pem: handler.caPem },
      },
    },
    exporters: {
      nop: {},
      otlp_http: {
        endpoint: `http://127.0.0.1:${port}`,
        retry_on_failure: { initial_interval: "50ms", max_interval: "50ms" },
      },
    },
    extensions: {
      healthcheckv2: {
        use_v2: true,
        http: { endpoint: "127.0.0.1:0" },
        grpc: { endpoint: "127.0.0.1:0" },
        component_health: { include_recoverable_errors: true, recovery_duration: "1s" },
      },
    },
    service: {
      telemetry: { metrics: { level: "none" } },
      extensions: ["healthcheckv2"],
      pipelines: Object.fromEntries(
        Object.entries(pipelines).map(([id, exporter]) => [
          id,
          { receivers: ["kubevirt_handler"], exporters: [exporter] },
        ]),
      ),
    },
  });
  const path = await writeConfig(t, config({ "metrics/away": "otlp_http", "metrics/fine": "nop" }));
  const collector = await CollectorProcess.start(t, ["--config", path]);
  const { endpoint } = await collector.untilLog("Serving health checks over gRPC.");
  const { check, watch } = healthClient(t, String(endpoint));
  const calls = [watch(), watch("metrics/away"), watch("metrics/fine"), watch("metrics/later")];
  const [whole, away, fine, later] = calls as [ReturnType<typeof watch>, ...typeof calls];
  /** What was told since it served first, up to so much: it may have been asked while it still started. */
  const sinceServing = (call: ReturnType<typeof watch> | undefined, count: number) =>
    collector.within(
      (async () => {
        assert.ok(call !== undefined);
        let told: readonly string[] = [];
        for (let length = 1; told.length < count; length++) {
          told = await call.first(length);
          told = told.slice(told.includes("SERVING") ? told.indexOf("SERVING") : length);
        }
        return told;
      })(),
      `${count} statuses`,
    );

  assert.deepEqual(await sinceServing(whole, 2), ["SERVING", "NOT_SERVING"]);
  assert.equal(await check(), "NOT_SERVING");
  assert.equal(await check("metrics/away"), "NOT_SERVING");
  assert.equal(await check("metrics/fine"), "SERVING");
  assert.match(await check("metrics/later"), /^5 /);
  const { endpoint: http } = await collector.untilLog("Serving health checks.");
  const status = await fetch(`http://${http}/status?verbose`);
  assert.equal(status.status, 500);
  const { components } = (await status.json()) as {
    components: Record<string, { healthy: boolean; components: Record<string, { error?: string }> }>;
  };
  assert.equal(components["pipeline:metrics/fine"]?.healthy, true);
  assert.match(
    components["pipeline:metrics/away"]?.components["exporter:otlp_http"]?.error ?? "",
    /ECONNREFUSED/,
  );
  assert.equal((await fetch(`http://${http}/livez`)).status, 200, "a restart would not help");

  const back = await OtlpSink.start({ port });
  t.after(() => back.close());
  assert.deepEqual(await sinceServing(whole, 3), ["SERVING", "NOT_SERVING", "SERVING"]);
  assert.deepEqual(await sinceServing(away, 3), ["SERVING", "NOT_SERVING", "SERVING"]);

  assert.deepEqual(later?.told, ["SERVICE_UNKNOWN"]);
  const extended = { "metrics/away": "otlp_http", "metrics/fine": "nop", "metrics/later": "nop" };
  await writeFile(path, JSON.stringify(config(extended)));
  collector.signal("SIGHUP");
  assert.deepEqual(await sinceServing(later, 1), ["SERVING"]);

  const exit = await collector.stop();
  assert.equal(exit.code, 0, exit.stderr);
  const stopped = ["SERVING", "NOT_SERVING", "1 the server is shutting down"];
  assert.deepEqual((await sinceServing(whole, 5)).slice(2), stopped);
  assert.deepEqual(await sinceServing(fine, 3), stopped, "what is fine stays so, also during the reload");
  assert.deepEqual(await sinceServing(later, 3), stopped);
});
