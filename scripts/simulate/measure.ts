import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, request, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createCertificateAuthority } from "../../examples/virt-handler-sim/certificates.ts";
import { BodySource } from "../../test/bench/body.ts";
import { FakeKubernetes } from "../../test/support/fake-kubernetes.ts";

export interface Measured {
  /** CPU of the collector for a sample, of all it does. */
  readonly cpuUsPerSample: number;
  readonly residentBytes: number;
  /** Compressed bytes of a sample as they come in and go out. */
  readonly inBytesPerSample: number;
  readonly outBytesPerSample: number;
  readonly samples: number;
  /** Some requests as they went out. */
  readonly requests: readonly Buffer[];
}

export interface ScrapeLoad {
  readonly targets: number;
  readonly vmisPerTarget: number;
  readonly intervalMs: number;
}

const WARM_UP_ROUNDS = 3;
const MEASURED_ROUNDS = 5;

/** Runs the built collector against that many targets, over TLS and with gzip both ways, as on a node or for a cluster. */
export async function measureScraping({ targets, vmisPerTarget, intervalMs }: ScrapeLoad): Promise<Measured> {
  const source = new BodySource(vmisPerTarget);
  const bodies = [0, 1, 2].map(() => gzipSync(source.next(), { level: 1 }));
  const authority = createCertificateAuthority();
  const { certPem, keyPem } = authority.issue({ commonName: "measure", ipAddresses: ["127.0.0.1"] });
  let scrapes = 0;
  const handler = createHttpsServer({ cert: certPem, key: keyPem }, (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4", "content-encoding": "gzip" });
    response.end(bodies[scrapes++ % bodies.length]);
  });
  return await withCollector(
    [handler],
    (port, [handlerPort = 0]) => ({
      receivers: {
        kubevirt_handler: {
          collection_interval: `${intervalMs}ms`,
          initial_delay: "0s",
          targets: Array.from({ length: targets }, (_, i) => ({
            metrics_endpoint: `https://127.0.0.1:${handlerPort}/metrics?node=${i}`,
            healthz_endpoint: null,
            node_name: `node-${i}`,
          })),
          tls: { ca_pem: authority.certPem },
        },
      },
      processors: { kubevirt_handler: { metrics: "all", resource: "vmi" } },
      ...rest(port, "kubevirt_handler", "kubevirt_handler"),
    }),
    async (sink, own) => {
      await sink.until(WARM_UP_ROUNDS * targets);
      const before = await own("otelcol_process_cpu_seconds");
      const [from, bytes] = [sink.count, sink.bytes];
      await sink.until((WARM_UP_ROUNDS + MEASURED_ROUNDS) * targets);
      const cpu = (await own("otelcol_process_cpu_seconds")) - before;
      const samples = source.samples * (sink.count - from);
      return {
        cpuUsPerSample: (cpu * 1e6) / samples,
        residentBytes: await own("otelcol_process_memory_rss"),
        inBytesPerSample: (bodies[0]?.length ?? 0) / source.samples,
        outBytesPerSample: (sink.bytes - bytes) / samples,
        samples: source.samples * targets,
        requests: sink.bodies,
      };
    },
  );
}

/** Sends requests of agents to a gateway that adds metadata, so many in a second. */
export async function measureGateway(
  requests: readonly Buffer[],
  samplesPerRequest: number,
  requestsPerSecond: number,
): Promise<Measured> {
  const cleanups: (() => unknown)[] = [];
  const fake = await FakeKubernetes.start({ after: (cleanup) => cleanups.push(cleanup) });
  for (let i = 0; i < samplesPerRequest / 60; i++) {
    fake.apply("virtualmachineinstances.kubevirt.io", {
      metadata: {
        name: `vm-${String(i).padStart(5, "0")}`,
        namespace: `tenant-${String(i % 40).padStart(3, "0")}`,
        annotations: { "kubevirt.io/cluster-instancetype-name": "u1.medium" },
      },
    });
  }
  const directory = await mkdtemp(join(tmpdir(), "otelcol-measure-"));
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c" } }],
      clusters: [{ name: "c", cluster: { server: fake.url, "insecure-skip-tls-verify": true } }],
    }),
  );
  const otlpPort = await freePort();
  try {
    return await withCollector(
      [],
      (port) => ({
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlpPort}` } } } },
        processors: { kubevirt_attributes: { auth_type: "kubeConfig", kubeconfig_file: kubeconfig } },
        ...rest(port, "otlp", "kubevirt_attributes"),
      }),
      async (sink, own) => {
        const drive = async (count: number) => {
          const until = sink.count + count;
          for (let i = 0; i < count; i++) {
            void post(otlpPort, requests[i % requests.length] as Buffer);
            await delay(1000 / requestsPerSecond);
          }
          await sink.until(until);
        };
        await drive(requestsPerSecond * 4);
        const before = await own("otelcol_process_cpu_seconds");
        const [from, bytes] = [sink.count, sink.bytes];
        await drive(requestsPerSecond * 8);
        const cpu = (await own("otelcol_process_cpu_seconds")) - before;
        const samples = samplesPerRequest * (sink.count - from);
        return {
          cpuUsPerSample: (cpu * 1e6) / samples,
          residentBytes: await own("otelcol_process_memory_rss"),
          inBytesPerSample: (requests[0]?.length ?? 0) / samplesPerRequest,
          outBytesPerSample: (sink.bytes - bytes) / samples,
          samples: samplesPerRequest * requestsPerSecond,
          requests: [],
        };
      },
    );
  } finally {
    for (const cleanup of cleanups) await cleanup();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What all measured configurations have in common. */
function rest(ports: Ports, receiver: string, processor: string): object {
  return {
    exporters: { otlp_http: { endpoint: `http://127.0.0.1:${ports.sink}` } },
    service: {
      telemetry: {
        logs: { level: "warn" },
        metrics: {
          readers: [{ pull: { exporter: { prometheus: { host: "127.0.0.1", port: ports.own } } } }],
        },
      },
      pipelines: {
        metrics: { receivers: [receiver], processors: [processor], exporters: ["otlp_http"] },
      },
    },
  };
}

interface Ports {
  readonly sink: number;
  readonly own: number;
}

/** A backend that counts. */
class Sink {
  readonly server = createHttpServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      this.count += 1;
      this.bytes += body.length;
      if (this.bodies.length < 3) this.bodies.push(body);
      response.writeHead(200).end();
      this.#wake?.();
    });
  });
  readonly bodies: Buffer[] = [];
  count = 0;
  bytes = 0;
  #wake: (() => void) | undefined;

  async until(count: number): Promise<void> {
    while (this.count < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

async function withCollector(
  servers: readonly (Server | ReturnType<typeof createHttpsServer>)[],
  configOf: (ports: Ports, others: readonly number[]) => object,
  work: (sink: Sink, own: (name: string) => Promise<number>) => Promise<Measured>,
): Promise<Measured> {
  const sink = new Sink();
  const others = await Promise.all(servers.map(listen));
  const ports = { sink: await listen(sink.server), own: await freePort() };
  const binary = fileURLToPath(new URL("../../bin/otelcol-kubevirt", import.meta.url));
  const directory = await mkdtemp(join(tmpdir(), "otelcol-measure-"));
  const file = join(directory, "config.yaml");
  await writeFile(file, JSON.stringify(configOf(ports, others)));
  let collector: ChildProcess | undefined;
  try {
    collector = spawn(process.execPath, [binary, "--config", file], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    await ready(ports.own);
    return await work(sink, (name) => ownMetric(ports.own, name));
  } finally {
    collector?.kill("SIGKILL");
    for (const server of [...servers, sink.server]) {
      server.close();
      server.closeAllConnections();
    }
    await rm(directory, { recursive: true, force: true });
  }
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

async function ready(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
    if (answer?.ok === true) return;
    await delay(100);
  }
  throw new Error("the collector did not start");
}

async function ownMetric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  if (line === undefined) throw new Error(`the collector does not have ${name}`);
  return Number(line.slice(name.length + 1));
}

function post(port: number, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-protobuf", "content-encoding": "gzip" };
    const outgoing = request(
      { port, host: "127.0.0.1", method: "POST", path: "/v1/metrics", headers },
      (response) => {
        response.resume().on("end", resolve);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
