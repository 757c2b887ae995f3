import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startVirtHandler } from "../../../examples/virt-handler-sim/index.ts";
import { systemClock } from "../../../src/component/index.ts";
import type { MetricsBatch } from "../../../src/metrics/index.ts";
import { configSchema } from "../../../src/receivers/kubevirt-handler/config.ts";
import definition from "../../../src/receivers/kubevirt-handler/index.ts";
import { Counts, recordingLogger } from "../../scrape/harness.ts";
import { createCertificateAuthority } from "../../support/certificates.ts";
import { point, run, value } from "./support.ts";

test("a virt-handler is scraped over verified TLS, with its identity on the resource", async (t) => {
  const handler = await startVirtHandler();
  t.after(() => handler.close());
  const { next, stop, log, counts } = await run(t, {
    targets: [
      {
        metrics_endpoint: handler.metricsUrl,
        pod_name: "virt-handler-7x2lq",
        namespace: "kubevirt",
        node_name: "node01",
        cluster_name: "prod-eu",
        labels: { team: "virt" },
      },
    ],
    tls: { ca_pem: handler.caPem, server_name_override: "virt-handler.kubevirt.svc" },
  });
  const batch = await next();
  const { port } = new URL(handler.url);
  assert.deepEqual(batch[0]?.resource.attributes, {
    "service.name": "virt-handler",
    "service.instance.id": `127.0.0.1:${port}`,
    "server.address": "127.0.0.1",
    "server.port": port,
    "url.scheme": "https",
    "k8s.pod.name": "virt-handler-7x2lq",
    "k8s.namespace.name": "kubevirt",
    "k8s.node.name": "node01",
    "k8s.cluster.name": "prod-eu",
  });
  const { name, version } = batch[0]?.scopeMetrics[0]?.scope ?? {};
  assert.deepEqual([name, version], ["otelcol-kubevirt", "1.2.3"]);
  assert.equal(value(batch, "up"), 1);
  const health = point(batch, "kubevirt_handler.can_connect");
  assert.equal(health?.value, 1);
  assert.deepEqual(health?.attributes, { endpoint: handler.healthzUrl, team: "virt" });
  const memory = point(batch, "kubevirt_vmi_memory_available_bytes");
  assert.equal(memory?.attributes["team"], "virt");
  assert.equal(memory?.attributes["namespace"] !== undefined, true);
  for (const { metrics } of batch[0]?.scopeMetrics ?? []) {
    for (const metric of metrics) {
      for (const { attributes } of metric.dataPoints) assert.equal(attributes["team"], "virt");
    }
  }
  await stop();
  assert.ok(counts.of("otelcol_receiver_accepted_metric_points") > 100);
  assert.deepEqual(log, []);
});

test("a failing health check leaves the metrics alone", async (t) => {
  const handler = await startVirtHandler();
  t.after(() => handler.close());
  handler.setHealthy(false);
  const { next, log, counts, status } = await run(t, {
    targets: [{ metrics_endpoint: handler.metricsUrl }],
    tls: { insecure_skip_verify: true },
  });
  const bad = await next();
  assert.equal(value(bad, "kubevirt_handler.can_connect"), 0);
  assert.equal(value(bad, "up"), 1);
  assert.ok(value(bad, "kubevirt_vmi_memory_available_bytes"));
  assert.equal(counts.of("otelcol_kubevirt_handler_failed_health_checks http_status"), 1);
  assert.deepEqual([log[0]?.message, log[0]?.fields["reason"]], ["Health check failed.", "http_status"]);
  handler.setHealthy(true);
  await next((batch) => value(batch, "kubevirt_handler.can_connect") === 1);
  assert.equal(log.at(-1)?.message, "Health check works again.");
  assert.ok(status.every((event) => event.status === "ok"));
});

test("without a health endpoint there is no can_connect", async (t) => {
  const handler = await startVirtHandler();
  t.after(() => handler.close());
  const { next } = await run(t, {
    targets: [{ metrics_endpoint: handler.metricsUrl, healthz_endpoint: null }],
    tls: { insecure_skip_verify: true },
  });
  const batch = await next();
  assert.equal(value(batch, "up"), 1);
  assert.equal(point(batch, "kubevirt_handler.can_connect"), undefined);
});

test("a target that refuses connections is down, its neighbour is not", { timeout: 20_000 }, async (t) => {
  const handler = await startVirtHandler();
  const other = await startVirtHandler();
  t.after(() => other.close());
  await handler.close();
  const { next, log, status } = await run(t, {
    targets: [{ metrics_endpoint: handler.metricsUrl }, { metrics_endpoint: other.metricsUrl }],
    tls: { insecure_skip_verify: true },
  });
  const isOf = (url: string) => (batch: MetricsBatch) =>
    batch[0]?.resource.attributes["server.port"] === new URL(url).port;
  const [down, up] = await Promise.all([next(isOf(handler.url)), next(isOf(other.url))]);
  assert.deepEqual([value(down, "up"), value(down, "kubevirt_handler.can_connect")], [0, 0]);
  assert.deepEqual([value(up, "up"), value(up, "kubevirt_handler.can_connect")], [1, 1]);
  assert.ok(
    log.some(({ message, fields }) => message === "Scrape failed." && fields["reason"] === "connect"),
  );
  // One that works is enough, whichever came first.
  assert.equal(status.at(-1)?.status, "ok");
});

test("a server with an unknown certificate is refused, and nothing secret is logged", async (t) => {
  const authority = createCertificateAuthority();
  const leaf = authority.issue({ commonName: "virt-handler", ipAddresses: ["127.0.0.1"] });
  const server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const { next, log, counts } = await run(t, {
    targets: [{ metrics_endpoint: `https://127.0.0.1:${port}/other` }],
    authorization: { credentials: "hunter2" },
    headers: { "x-token": "hunter3" },
  });
  const batch = await next();
  assert.equal(value(batch, "up"), 0);
  assert.equal(batch[0]?.resource.attributes["url.path"], "/other");
  assert.ok(counts.of("otelcol_scraper_failed_scrapes tls") >= 1);
  assert.doesNotMatch(JSON.stringify(log), /hunter/);
});

test("points of a migration pass once each", async (t) => {
  const handler = await startVirtHandler();
  t.after(() => handler.close());
  const [machine] = [...handler.world.vms].map(({ name }) => name);
  handler.world.migrate(machine as string);
  const { next } = await run(t, {
    collection_interval: "300ms",
    targets: [{ metrics_endpoint: handler.metricsUrl }],
    tls: { insecure_skip_verify: true },
  });
  const seen = new Set<string>();
  let points = 0;
  for (let i = 0; i < 4; i++) {
    handler.world.tick(5000);
    const batch = await next();
    const metrics = batch[0]?.scopeMetrics[0]?.metrics ?? [];
    const data = metrics.find(
      ({ descriptor }) => descriptor.name === "kubevirt_vmi_migration_data_bytes_total",
    );
    for (const { endTime } of data?.dataPoints ?? []) {
      seen.add(endTime.join("."));
      points += 1;
    }
  }
  assert.ok(points > 0);
  assert.equal(seen.size, points);
});

test("shutdown waits for the scrape under way", async (t) => {
  const asked = Promise.withResolvers<() => void>();
  const { certPem, keyPem } = createCertificateAuthority().issue({ commonName: "virt-handler" });
  const server = createServer({ cert: certPem, key: keyPem }, (_, response) => {
    response.setHeader("content-type", "text/plain");
    asked.resolve(() => response.end("a 1\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const { next, stop } = await run(t, {
    targets: [{ metrics_endpoint: `https://127.0.0.1:${port}/metrics`, healthz_endpoint: null }],
    tls: { insecure_skip_verify: true },
  });
  const order: string[] = [];
  const arrived = next().then((batch) => order.push(`a=${String(value(batch, "a"))}`));
  const answer = await asked.promise;
  const stopping = stop().then(() => order.push("stopped"));
  await new Promise(setImmediate);
  answer();
  await Promise.all([arrived, stopping]);
  assert.deepEqual(order, ["a=1", "stopped"]);
  await stop();
});

test("shutdown gives a scrape up that outlasts the time left", async (t) => {
  const asked = Promise.withResolvers<void>();
  const { certPem, keyPem } = createCertificateAuthority().issue({ commonName: "virt-handler" });
  const server = createServer({ cert: certPem, key: keyPem }, () => asked.resolve());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const { stop, counts, log } = await run(t, {
    targets: [{ metrics_endpoint: `https://127.0.0.1:${port}/metrics` }],
    tls: { insecure_skip_verify: true },
  });
  await asked.promise;
  await stop(10);
  assert.equal(counts.of("otelcol_receiver_accepted_metric_points"), 0);
  assert.deepEqual(log, []);
});

test("shutdown works without start, and twice", async () => {
  const idle = definition.create({
    id: "kubevirt_handler",
    config: configSchema.parse({ targets: [{ metrics_endpoint: "https://127.0.0.1:1/metrics" }] }),
    logger: recordingLogger([]),
    meter: new Counts().meter,
    clock: systemClock,
    reportStatus: () => undefined,
    build: { command: "otelcol-kubevirt", version: "1.2.3" },
    next: { consume: async () => undefined },
  });
  await idle.shutdown?.(1000);
  await idle.shutdown?.(1000);
});

test("a CA file that does not exist fails the start", async (t) => {
  await assert.rejects(
    run(t, {
      targets: [{ metrics_endpoint: "https://127.0.0.1:1/metrics" }],
      tls: { ca_file: "/does/not/exist.pem" },
    }),
    /exist\.pem/,
  );
});
