import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { Batch, type MetricsBatch } from "../../src/metrics/index.ts";
import { gauges } from "../delivery/harness.ts";
import { startReceiver } from "../receivers/otlp/support.ts";
import { createCertificateAuthority, writePemFiles } from "../support/certificates.ts";
import { metricsBatch } from "../support/metrics-arbitraries.ts";
import { classicBodies } from "./bodies.ts";
import { freePort, serviceOf, startCollector, startExporter, startSink } from "./parts.ts";
import { buildCollector } from "./peers.ts";
import { serveBodies } from "./scraped-server.ts";

let binary: string;
before(async () => {
  binary = await buildCollector();
});

/** A queue of the peer would answer before the data has arrived. */
const direct = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };

/** Without the sign of zeros, which a Collector loses in optional and default fields (docs/interop.md). */
function unsigned<T>(value: T): T {
  if (typeof value === "number") return (value === 0 ? 0 : value) as T;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(unsigned) as T;
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    Object.defineProperty(copy, key, { value: unsigned(inner), enumerable: true });
  }
  return copy as T;
}

describe("what our exporters send to a Collector comes out of it as it was", () => {
  const ways = [
    ["otlp_http", { encoding: "proto", compression: "gzip" }],
    ["otlp_http", { encoding: "json", compression: "zstd" }],
    ["otlp_grpc", { compression: "gzip", tls: { insecure: true } }],
    ["otlp_grpc", { compression: "zstd", tls: { insecure: true } }],
    ["otlp_grpc", { compression: "none", tls: { insecure: true } }],
  ] as const;
  for (const [type, config] of ways) {
    test(`${type} ${JSON.stringify(config)}`, async (t) => {
      const sink = await startSink(t);
      const [http, grpc] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
      await startCollector(t, binary, {
        receivers: { otlp: { protocols: { http: { endpoint: http }, grpc: { endpoint: grpc } } } },
        exporters: { otlp_http: { endpoint: sink.endpoint, ...direct } },
        service: serviceOf(["otlp"], ["otlp_http"]),
      });
      const endpoint = type === "otlp_http" ? `http://${http}` : grpc;
      const exporter = await startExporter(t, type, { ...config, endpoint });
      await fc.assert(
        fc.asyncProperty(metricsBatch, async (batch) => {
          fc.pre(Batch.from(batch).pointCount > 0);
          await exporter.consume(Batch.from(batch));
          assert.deepEqual(unsigned(await sink.next()), unsigned(batch));
        }),
        { numRuns: 100 },
      );
    });
  }
});

test("what a Collector's exporters send arrives alike, whichever way it takes", async (t) => {
  const authority = createCertificateAuthority();
  const server = authority.issue({ commonName: "otlp", ipAddresses: ["127.0.0.1"] });
  const client = authority.issue({ commonName: "peer", client: true });
  const files = await writePemFiles(t, { ca: authority.certPem, cert: client.certPem, key: client.keyPem });
  const tls = { cert_pem: server.certPem, key_pem: server.keyPem, client_ca_file: files.ca };
  const clientTls = { ca_file: files.ca, cert_file: files.cert, key_file: files.key };
  const target = await serveBodies(t, "text/plain; version=0.0.4", classicBodies);
  const ways = {
    "otlp_http/proto": { http: {} },
    "otlp_http/json": { http: {} },
    "otlp_http/tls": { http: { tls } },
    "otlp_grpc/gzip": { grpc: {} },
    "otlp_grpc/none": { grpc: {} },
    "otlp_grpc/tls": { grpc: { tls } },
  };
  const receivers = new Map<string, Awaited<ReturnType<typeof startReceiver>>>();
  for (const [id, protocols] of Object.entries(ways)) receivers.set(id, await startReceiver(t, protocols));
  const http = (id: string) => `http://${receivers.get(id)?.http}`;
  const grpc = (id: string) => receivers.get(id)?.grpc;
  await startCollector(t, binary, {
    receivers: {
      prometheus: {
        config: {
          scrape_configs: [
            {
              job_name: "target",
              scrape_interval: "1s",
              scrape_timeout: "1s",
              static_configs: [{ targets: [target] }],
            },
          ],
        },
      },
    },
    exporters: {
      "otlp_http/proto": { endpoint: http("otlp_http/proto") },
      "otlp_http/json": { endpoint: http("otlp_http/json"), encoding: "json", compression: "zstd" },
      "otlp_http/tls": {
        endpoint: `https://${receivers.get("otlp_http/tls")?.http}`,
        compression: "deflate",
        tls: clientTls,
      },
      "otlp_grpc/gzip": { endpoint: grpc("otlp_grpc/gzip"), tls: { insecure: true } },
      "otlp_grpc/none": { endpoint: grpc("otlp_grpc/none"), compression: "none", tls: { insecure: true } },
      "otlp_grpc/tls": { endpoint: grpc("otlp_grpc/tls"), tls: clientTls },
    },
    service: serviceOf(["prometheus"], Object.keys(ways)),
  });
  const first = await Promise.all(
    [...receivers].map(async ([id, { received }]): Promise<[string, MetricsBatch]> => {
      while (received.batches.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      return [id, received.batches[0] as MetricsBatch];
    }),
  );
  const [, expected = []] = first[0] ?? [];
  assert.ok(Batch.from(expected).pointCount > 20);
  for (const [id, batch] of first) assert.deepEqual(batch, expected, id);
});

test("a message that is too large for a Collector is refused for good, over gRPC and HTTP", async (t) => {
  const sink = await startSink(t);
  const [http, grpc] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  await startCollector(t, binary, {
    receivers: {
      otlp: {
        protocols: {
          http: { endpoint: http, max_request_body_size: 1000 },
          grpc: { endpoint: grpc, max_recv_msg_size_mib: 1 },
        },
      },
    },
    exporters: { otlp_http: { endpoint: sink.endpoint, ...direct } },
    service: serviceOf(["otlp"], ["otlp_http"]),
  });
  const large = gauges(60_000);
  const overGrpc = await startExporter(t, "otlp_grpc", { endpoint: grpc, tls: { insecure: true } });
  await assert.rejects(overGrpc.consume(large), {
    code: "FLOW_PERMANENT",
    message: /code = ResourceExhausted/,
  });
  const overHttp = await startExporter(t, "otlp_http", { endpoint: `http://${http}` });
  await assert.rejects(overHttp.consume(large), { code: "FLOW_PERMANENT", message: /Status Code 400/ });
  await overGrpc.consume(gauges(3));
  await overHttp.consume(gauges(3));
});

test("what a Collector's pipeline says reaches us as what it means", async (t) => {
  const sink = await startSink(t);
  const [http, grpc] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  await startCollector(t, binary, {
    receivers: { otlp: { protocols: { http: { endpoint: http }, grpc: { endpoint: grpc } } } },
    exporters: { otlp_http: { endpoint: sink.endpoint, ...direct } },
    service: serviceOf(["otlp"], ["otlp_http"]),
  });
  const exporters = [
    await startExporter(t, "otlp_grpc", { endpoint: grpc, tls: { insecure: true } }),
    await startExporter(t, "otlp_http", { endpoint: `http://${http}` }),
  ];
  for (const exporter of exporters) {
    // The Collector keeps the delay to itself.
    sink.answer({ status: 503, headers: { "retry-after": "7" } });
    await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_RETRYABLE" });
    sink.answer({ status: 400 });
    await assert.rejects(exporter.consume(gauges(3)), { code: "FLOW_PERMANENT" });
  }
});
