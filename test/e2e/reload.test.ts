import assert from "node:assert/strict";
import { once } from "node:events";
import { rename, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { inspectBody } from "../../src/exposition/index.ts";
import { type Answer, body } from "./handler.ts";
import { configOf, firstValue, type Pipeline, type PipelineOptions, startPipeline } from "./pipeline.ts";

const DEPTH = "kubevirt_handler.workqueue.depth";

/** Each scrape gives its own number, from 1 on. */
function numbered(): Answer {
  let scrape = 0;
  return (response, request) =>
    body(`# TYPE kubevirt_workqueue_depth gauge\nkubevirt_workqueue_depth{name="q"} ${++scrape}\n`)(
      response,
      request,
    );
}

const readers = [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: 0 } } } }];
/** Every line is looked for, so none is sampled out; the own metrics are always served at the same place. */
const telemetry = {
  logs: { level: "debug", sampling: { enabled: false } },
  metrics: { readers },
};

interface Rig extends Pipeline {
  readonly write: (config: unknown) => Promise<void>;
  readonly config: (options?: PipelineOptions) => Record<string, unknown>;
}

async function rig(t: TestContext, reload: unknown, options: PipelineOptions = {}): Promise<Rig> {
  const service = { telemetry, reload };
  const pipeline = await startPipeline(t, { interval: "100ms", ...options, service }, (it) => {
    it.metrics = numbered();
  });
  const { configPath, handler, sink } = pipeline;
  return {
    ...pipeline,
    config: (changed = {}) => ({
      ...configOf(handler, sink.endpoint, { interval: "100ms", ...options, ...changed, service }),
    }),
    async write(config) {
      await writeFile(`${configPath}.new`, JSON.stringify(config));
      await rename(`${configPath}.new`, configPath);
    },
  };
}

async function ownMetric(
  url: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { families } = inspectBody(Buffer.from(await (await fetch(url)).text()));
  return families
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

describe("reload", { concurrency: true }, () => {
  test("a storm of good and bad configurations under load loses no point", async (t) => {
    const it = await rig(t, { http: { host: "127.0.0.1", port: 0 } });
    const { collector, handler, sink, write, config, next } = it;
    const { url } = await collector.untilLog("Serving requests to reload.");
    const own = await collector.untilLog("Serving the collector's own metrics.");
    await next();
    const variants: readonly (readonly [kind: "good" | "bad", config: unknown])[] = [
      ["good", config({ exporter: { compression: "none" } })],
      ["bad", { ...config(), receivers: { nope: {} } }],
      ["good", config({ target: { labels: { team: "a" } } })],
      ["bad", config({ exporter: { tls: { ca_file: "/no/such/file.pem" } } })],
      ["good", config({ processor: { vmi_labels: { strip_prefix: true } } })],
      ["bad", config({ receiver: { tls: { ca_file: "/no/such/file.pem" } } })],
      ["good", config()],
    ];
    const rounds = 3;
    let good = 0;
    let bad = 0;
    for (let round = 0; round < rounds; round++) {
      for (const [kind, variant] of variants) {
        await write(variant);
        const response = await fetch(String(url), { method: "POST" });
        assert.equal(response.status, kind === "good" ? 200 : 500, await response.text());
        if (kind === "good") good++;
        else bad++;
        await next();
      }
    }
    const metric = (name: string, labels = {}) => ownMetric(String(own["url"]), name, labels);
    assert.equal(await metric("otelcol_config_reloads", { outcome: "success" }), good);
    assert.equal(await metric("otelcol_config_reloads", { outcome: "failure" }), bad);
    assert.equal(await metric("otelcol_config_last_reload_successful"), 1);
    assert.equal(await metric("otelcol_receiver_refused_metric_points"), 0);
    assert.equal(await metric("otelcol_exporter_dropped_metric_points"), 0);
    // On a busy machine a scrape may not wait for the answer, or not even come to ask: that is counted, and nothing was
    // accepted.
    const late = await metric("otelcol_scraper_failed_scrapes");
    const { code } = await collector.stop();
    assert.equal(code, 0, collector.stderr);
    const arrived = sink.batches
      .map((batch) => firstValue(batch, DEPTH))
      .filter((value) => value !== undefined && !Number.isNaN(value));
    const missing = handler.scrapes.length - arrived.length;
    assert.ok(missing >= 0 && missing <= late, `${missing} of the scrapes are missing, ${late} were late`);
    assert.deepEqual(
      arrived,
      [...new Set(arrived)].toSorted((a, b) => Number(a) - Number(b)),
      "in order",
    );
  });

  test("a changed file is taken when the watch is on, a bad one shows in the metrics", async (t) => {
    const it = await rig(t, { watch: true, watch_interval: "100ms" });
    const { collector, write, config, next } = it;
    const { url } = await collector.untilLog("Serving the collector's own metrics.");
    await next();
    await write(config({ target: { labels: { team: "blue" } } }));
    await collector.untilLog("The new configuration is in force.");
    await write({ ...config(), exporters: {} });
    const problem = await collector.untilLog("Problem in the configuration.");
    assert.match(JSON.stringify(problem), /"line":\d+,"column":\d+/);
    await collector.untilLog("The new configuration is not valid, the old one stays in force.");
    assert.equal(await ownMetric(String(url), "otelcol_config_last_reload_successful"), 0);
    await next();
    await write(config());
    await collector.until(
      () => collector.logs.filter(({ msg }) => msg === "The new configuration is in force.").length === 2,
      "the repaired configuration",
    );
    assert.equal(await ownMetric(String(url), "otelcol_config_last_reload_successful"), 1);
    assert.equal((await collector.stop()).code, 0);
  });

  test("an address of reloads that is taken makes the reload fail, and the old one serves on", async (t) => {
    const it = await rig(t, { http: { host: "127.0.0.1", port: 0 } });
    const { collector, write, config } = it;
    const url = String((await collector.untilLog("Serving requests to reload."))["url"]);
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const moved = config();
    const service = moved["service"] as Record<string, unknown>;
    await write({ ...moved, service: { ...service, reload: { http: { host: "127.0.0.1", port } } } });
    for (let i = 0; i < 2; i++) {
      const refused = await fetch(url, { method: "POST" });
      assert.equal(refused.status, 500);
      assert.match(await refused.text(), new RegExp(`cannot serve /-/reload on 127\\.0\\.0\\.1:${port}`));
    }
    taken.close();
    await once(taken, "close");
    assert.equal((await fetch(url, { method: "POST" })).status, 200, "the same configuration is tried again");
    const next = `http://127.0.0.1:${port}/-/reload`;
    await assert.rejects(fetch(url, { method: "POST" }), "the old one is gone");
    assert.equal((await fetch(next, { method: "POST" })).status, 200);
    // The same port of another address: the old one has to make room.
    await write({ ...moved, service: { ...service, reload: { http: { host: "0.0.0.0", port } } } });
    assert.equal((await fetch(next, { method: "POST" })).status, 200);
    await collector.untilLog(({ url: served }) => served === `http://0.0.0.0:${port}/-/reload`);
    assert.equal((await fetch(next, { method: "POST" })).status, 200);
    assert.equal((await collector.stop()).code, 0);
  });

  test("the log's level changes for running components", async (t) => {
    const it = await rig(t, { http: { host: "127.0.0.1", port: 0 } });
    const { collector, write, config, next } = it;
    const { url } = await collector.untilLog("Serving requests to reload.");
    await next();
    const quiet = config();
    const service = quiet["service"] as Record<string, unknown>;
    await write({
      ...quiet,
      service: {
        ...service,
        telemetry: { ...telemetry, logs: { level: "error", sampling: { enabled: false } } },
      },
    });
    const response = await fetch(String(url), { method: "POST" });
    assert.equal(response.status, 200);
    assert.equal((await fetch(String(url))).status, 405);
    assert.equal(
      (await fetch(String(url), { method: "POST", headers: { origin: "http://evil" } })).status,
      403,
    );
    const before = collector.logs.length;
    await next();
    assert.equal((await collector.stop()).code, 0);
    assert.deepEqual(
      collector.logs.slice(before).map(({ msg }) => msg),
      [],
    );
  });
});
