import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createCertificateAuthority } from "../../examples/virt-handler-sim/certificates.ts";
import { BodySource } from "./body.ts";

/** A running collector at one scrape a second, over TLS, gzip both ways. */
export interface CollectorResult {
  readonly samples: number;
  /** CPU microseconds a sample: fetch, parse, map, encode, compress, send. */
  readonly microseconds: number;
  /** Resident memory at the end, MB. */
  readonly rssMb: number;
  readonly requests: number;
}

const WARM_UP_REQUESTS = 5;
const MEASURED_REQUESTS = 15;

/** Runs the built binary against a server and a sink in this process; its CPU comes from its own metrics. */
export async function benchCollector(vmis: number): Promise<CollectorResult> {
  const source = new BodySource(vmis);
  const bodies = [source.next(), source.next(), source.next()].map((body) => gzipSync(body, { level: 1 }));
  const authority = createCertificateAuthority();
  const { certPem, keyPem } = authority.issue({ commonName: "bench", ipAddresses: ["127.0.0.1"] });
  let scrapes = 0;
  const target = createHttpsServer({ cert: certPem, key: keyPem }, (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4", "content-encoding": "gzip" });
    response.end(bodies[scrapes++ % bodies.length]);
  });
  let requests = 0;
  let onRequest = () => {};
  const sink = createHttpServer((request, response) => {
    request.resume().on("end", () => {
      requests++;
      response.writeHead(200).end();
      onRequest();
    });
  });
  const directory = await mkdtemp(join(tmpdir(), "otelcol-bench-"));
  let collector: ChildProcess | undefined;
  try {
    const caFile = join(directory, "ca.pem");
    await writeFile(caFile, authority.certPem);
    const metricsPort = await freePort();
    const config = configOf(await listen(target), await listen(sink), caFile, metricsPort);
    const binary = fileURLToPath(new URL("../../bin/otelcol-kubevirt", import.meta.url));
    collector = spawn(process.execPath, [binary, "--config", `yaml:${JSON.stringify(config)}`], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const reach = (count: number) =>
      new Promise<void>((resolve) => {
        onRequest = () => {
          if (requests >= count) resolve();
        };
      });
    await reach(WARM_UP_REQUESTS);
    const before = await ownMetric(metricsPort, "otelcol_process_cpu_seconds");
    const from = requests;
    await reach(WARM_UP_REQUESTS + MEASURED_REQUESTS);
    const cpu = (await ownMetric(metricsPort, "otelcol_process_cpu_seconds")) - before;
    const rss = await ownMetric(metricsPort, "otelcol_process_memory_rss");
    const samples = source.samples * (requests - from);
    return {
      samples: source.samples,
      microseconds: (cpu * 1e6) / samples,
      rssMb: rss / 1e6,
      requests: requests - from,
    };
  } finally {
    collector?.kill("SIGKILL");
    for (const server of [target, sink]) {
      server.close();
      server.closeAllConnections();
    }
    await rm(directory, { recursive: true, force: true });
  }
}

function configOf(targetPort: number, sinkPort: number, caFile: string, metricsPort: number): unknown {
  return {
    receivers: {
      kubevirt_handler: {
        collection_interval: "1s",
        initial_delay: "0s",
        targets: [{ metrics_endpoint: `https://127.0.0.1:${targetPort}/metrics`, healthz_endpoint: null }],
        tls: { ca_file: caFile },
        body_size_limit_mib: 1024,
      },
    },
    processors: { kubevirt_handler: { metrics: "all" } },
    exporters: { otlp_http: { endpoint: `http://127.0.0.1:${sinkPort}` } },
    service: {
      telemetry: {
        logs: { level: "warn" },
        metrics: {
          readers: [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: metricsPort } } } }],
        },
      },
      pipelines: {
        metrics: {
          receivers: ["kubevirt_handler"],
          processors: ["kubevirt_handler"],
          exporters: ["otlp_http"],
        },
      },
    },
  };
}

async function listen(server: Server | ReturnType<typeof createHttpsServer>): Promise<number> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createHttpServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
}

async function ownMetric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  if (line === undefined) throw new Error(`the collector does not have ${name}`);
  return Number(line.slice(name.length + 1));
}
