import { writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Component, type Consumer, systemClock } from "../../src/component/index.ts";
import otlpGrpc from "../../src/exporters/otlp-grpc/index.ts";
import otlpHttp from "../../src/exporters/otlp-http/index.ts";
import prometheus from "../../src/receivers/prometheus/index.ts";
import { harness, noHost } from "../delivery/harness.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { type Peer, startPeer } from "./peers.ts";

/** Starts the peer with this configuration; settles when it takes data. Every JSON text is YAML. */
export async function startCollector(
  t: Cleanup,
  binary: string,
  config: object,
  args: readonly string[] = [],
): Promise<Peer> {
  const path = join(await temporaryDirectory(t), "config.yaml");
  await writeFile(path, JSON.stringify(config));
  const peer = startPeer(t, binary, ["--config", path, ...args]);
  await peer.logged(/Everything is ready/);
  return peer;
}

/** The `service` section of a peer with one pipeline and no telemetry of its own. */
export function serviceOf(receivers: readonly string[], exporters: readonly string[]) {
  return {
    telemetry: { metrics: { level: "none" } },
    pipelines: { metrics: { receivers, exporters } },
  };
}

export async function startSink(t: Cleanup): Promise<OtlpSink> {
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  return sink;
}

/** A port of the loopback interface that was free a moment ago, for peers that cannot say which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const direct = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };

/** One of our exporters, without a queue: `consume` settles with what the backend says. */
export async function startExporter(
  t: TestContext,
  type: "otlp_http" | "otlp_grpc",
  config: object,
): Promise<Component & Consumer> {
  const settings = { ...harness(type).settings, clock: systemClock };
  const exporter =
    type === "otlp_http"
      ? otlpHttp.create({ ...settings, config: otlpHttp.config.parse({ ...direct, ...config }) })
      : otlpGrpc.create({ ...settings, config: otlpGrpc.config.parse({ ...direct, ...config }) });
  await exporter.start?.(noHost);
  t.after(() => exporter.shutdown?.(0));
  return exporter;
}

/** Our prometheus receiver, scraping into `next`. */
export async function startScraping(t: TestContext, config: object, next: Consumer): Promise<void> {
  const settings = { ...harness("prometheus").settings, clock: systemClock };
  const receiver = prometheus.create({ ...settings, config: prometheus.config.parse({ config }), next });
  await receiver.start?.(noHost);
  t.after(() => receiver.shutdown?.(0));
}
