import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { describe, type TestContext, test } from "node:test";
import type { z } from "zod";
import {
  type ClientAuthenticator,
  type ClientMetadata,
  clientMetadata,
  type Host,
  systemClock,
} from "../../../src/component/index.ts";
import { formatDiagnostics } from "../../../src/config/index.ts";
import { components } from "../../../src/distribution/index.ts";
import otlpGrpc from "../../../src/exporters/otlp-grpc/index.ts";
import otlpHttp from "../../../src/exporters/otlp-http/index.ts";
import headersSetter from "../../../src/extensions/headers-setter/index.ts";
import { Batch, type MetricsBatch } from "../../../src/metrics/index.ts";
import { MetricsEncoder } from "../../../src/otlp/index.ts";
import batchProcessor from "../../../src/processors/batch/index.ts";
import { loadConfig, Service } from "../../../src/service/index.ts";
import { gauges, harness } from "../../delivery/harness.ts";
import { GrpcSink } from "../../support/grpc-sink.ts";
import { OtlpSink } from "../../support/otlp-sink.ts";
import { stockClient } from "./stock-client.ts";
import { startReceiver } from "./support.ts";

/** A request whose data says whose it is. */
function requestOf(tenant: string): Buffer {
  const batch = Batch.from(
    gauges(3).resourceMetrics.map((one) => ({ ...one, resource: { attributes: { tenant } } })),
  );
  return Buffer.from(new MetricsEncoder().encode(batch).bytes);
}

const tenantsOf = (batch: MetricsBatch) => batch.map(({ resource }) => resource.attributes["tenant"]);

async function post(address: string, body: Buffer, headers: Record<string, string | string[]>) {
  const sent = httpRequest(`http://${address}/v1/metrics`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", ...headers },
  });
  sent.end(body);
  const [response] = await once(sent, "response");
  response.resume();
  await once(response, "end");
  return response.statusCode as number;
}

const withMetadata = { include_metadata: true };

async function settersHost(config: z.input<typeof headersSetter.config>): Promise<Host> {
  const { settings } = harness("headers_setter");
  const extension = headersSetter.create({
    ...settings,
    config: headersSetter.config.parse(config),
  }) as ClientAuthenticator;
  return { extension: (id) => (id === "headers_setter" ? extension : undefined) };
}

type Protocol = "http" | "grpc";

/** A backend and an exporter in front of it that sets X-Scope-OrgID from the senders' X-Tenant. */
async function backend(t: TestContext, protocol: Protocol, sendingQueue: object) {
  const sink = protocol === "http" ? await OtlpSink.start() : await GrpcSink.start();
  t.after(() => sink.close());
  const common = { auth: { authenticator: "headers_setter" }, sending_queue: sendingQueue };
  const settings = { ...harness(`otlp_${protocol}`).settings, clock: systemClock };
  const exporter =
    sink instanceof OtlpSink
      ? otlpHttp.create({
          ...settings,
          config: otlpHttp.config.parse({ ...common, endpoint: sink.endpoint }),
        })
      : otlpGrpc.create({
          ...settings,
          config: otlpGrpc.config.parse({
            ...common,
            endpoint: sink.endpoint,
            tls: { insecure: true },
          }),
        });
  await exporter.start?.(
    await settersHost({
      headers: [{ key: "X-Scope-OrgID", from_context: "X-Tenant", default_value: "nobody" }],
    }),
  );
  t.after(() => exporter.shutdown?.(0));
  return { sink, exporter, requests: () => (sink instanceof OtlpSink ? sink.requests : sink.calls) };
}

describe("the tenant of a sender reaches the backend with its data", () => {
  const queues = {
    "a queue": {},
    "no queue": { enabled: false },
    "a batch": { batch: { min_size: 30, flush_timeout: "20ms" } },
  };
  for (const protocol of ["http", "grpc"] as const) {
    for (const [name, queue] of Object.entries(queues)) {
      test(`over ${protocol}, through ${name}`, async (t) => {
        const { exporter, requests } = await backend(t, protocol, queue);
        const receiver = await startReceiver(t, { http: withMetadata, grpc: withMetadata });
        receiver.received.answer = (batch) => exporter.consume(Batch.from(batch));
        const { call } = stockClient(t, receiver.grpc);
        const send = async (tenant: string) => {
          const headers: Record<string, string> = tenant === "nobody" ? {} : { "x-tenant": tenant };
          if (protocol === "http") assert.equal(await post(receiver.http, requestOf(tenant), headers), 200);
          else assert.equal((await call(requestOf(tenant), undefined, headers)).error, undefined);
        };
        const tenants = Array.from({ length: 30 }, (_, i) => ["a", "b", "nobody"][i % 3] as string);
        await Promise.all(tenants.map(send));
        await exporter.shutdown?.(10_000);
        const arrived = requests().flatMap(({ headers, batch }) => {
          const own = tenantsOf(batch);
          for (const tenant of own) assert.equal(headers["x-scope-orgid"], tenant);
          return own;
        });
        assert.deepEqual(arrived.toSorted(), tenants.toSorted());
        if (name === "a batch") assert.ok(requests().length < tenants.length);
      });
    }
  }
});

test("in a collector, tenants stay apart through a batch processor and a fan-out to two protocols", async (t) => {
  const [httpSink, grpcSink] = [await OtlpSink.start(), await GrpcSink.start()];
  t.after(() => Promise.all([httpSink.close(), grpcSink.close()]));
  const auth = { authenticator: "headers_setter" };
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0", ...withMetadata } } } },
    processors: { batch: { timeout: "20ms", send_batch_size: 9, metadata_keys: ["x-tenant"] } },
    exporters: {
      otlp_http: { endpoint: httpSink.endpoint, auth },
      otlp_grpc: { endpoint: grpcSink.endpoint, auth, tls: { insecure: true } },
    },
    extensions: { headers_setter: { headers: [{ key: "X-Scope-OrgID", from_context: "x-tenant" }] } },
    service: {
      extensions: ["headers_setter"],
      telemetry: { metrics: { level: "none" } },
      pipelines: {
        metrics: { receivers: ["otlp"], processors: ["batch"], exporters: ["otlp_http", "otlp_grpc"] },
      },
    },
  };
  const uris = [`yaml:${JSON.stringify(config)}`];
  const loaded = await loadConfig({ uris, env: {}, cwd: "." }, components);
  assert.ok(loaded.config !== undefined, formatDiagnostics(loaded.diagnostics.items));
  const { settings, logs } = harness("service");
  const service = new Service(loaded.config, { ...settings, clock: systemClock });
  await service.start();
  t.after(() => service.shutdown());
  const address = String(logs.find(({ message }) => message === "Starting HTTP server.")?.fields["endpoint"]);
  const tenants = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? "a" : "b"));
  const statuses = await Promise.all(
    tenants.map((tenant) => post(address, requestOf(tenant), { "x-tenant": tenant })),
  );
  assert.deepEqual(new Set(statuses), new Set([200]));
  await service.shutdown();
  for (const requests of [httpSink.requests, grpcSink.calls]) {
    const arrived = requests.flatMap(({ headers, batch }) => {
      for (const tenant of tenantsOf(batch)) assert.equal(headers["x-scope-orgid"], tenant);
      return tenantsOf(batch);
    });
    assert.deepEqual(arrived.toSorted(), tenants.toSorted());
  }
});

test("without include_metadata nothing is kept", async (t) => {
  const receiver = await startReceiver(t, { http: {}, grpc: {} });
  const seen: (ClientMetadata | undefined)[] = [];
  receiver.received.answer = async () => void seen.push(clientMetadata.current());
  await post(receiver.http, requestOf("a"), { "x-tenant": "a" });
  await stockClient(t, receiver.grpc).call(requestOf("a"), undefined, { "x-tenant": "a" });
  assert.deepEqual(seen, [undefined, undefined]);
});

test("what tells of the connection or the body is left out, and several values are kept apart", async (t) => {
  const receiver = await startReceiver(t, { http: withMetadata, grpc: withMetadata });
  const seen: (ClientMetadata | undefined)[] = [];
  receiver.received.answer = async () => void seen.push(clientMetadata.current());
  await post(receiver.http, requestOf("a"), {
    "X-Tenant": ["a", "b"],
    Connection: "close, X-Hop",
    "X-Hop": "1",
    TE: "trailers",
    Authorization: "Bearer abc",
  });
  const { call } = stockClient(t, receiver.grpc);
  await call(requestOf("a"), undefined, { "x-tenant": "a", "x-key-bin": Buffer.from("key") });
  const [http, grpc] = seen.map((metadata) => Object.fromEntries(metadata ?? []));
  assert.deepEqual(http, { "x-tenant": ["a", "b"], authorization: ["Bearer abc"] });
  const { "user-agent": userAgent, ...rest } = grpc ?? {};
  assert.match(String(userAgent), /grpc-node-js/);
  assert.deepEqual(rest, { "x-tenant": ["a"] });
});

test("data of a sender that gave several values for one is refused for good, not sent to a guess", async (t) => {
  const { exporter, requests } = await backend(t, "grpc", { enabled: false });
  const receiver = await startReceiver(t, { http: withMetadata });
  receiver.received.answer = (batch) => exporter.consume(Batch.from(batch));
  assert.equal(await post(receiver.http, requestOf("a"), { "X-Tenant": ["a", "b"] }), 500);
  assert.equal(requests().length, 0);
});

describe("the batch processor", () => {
  const tenant = (name: string): ClientMetadata =>
    new Map([
      ["x-tenant", [name]],
      ["x-request", [name + Math.random()]],
    ]);
  function rig(config: object) {
    const seen: { readonly points: number; readonly metadata: object | undefined }[] = [];
    const { settings, clock } = harness("batch");
    const processor = batchProcessor.create({
      ...settings,
      config: batchProcessor.config.parse({ timeout: "1s", ...config }),
      next: {
        async consume({ pointCount: points }) {
          const metadata = clientMetadata.current();
          seen.push({ points, metadata: metadata && Object.fromEntries(metadata) });
        },
      },
    });
    const consume = (name: string) => clientMetadata.run(tenant(name), () => processor.consume(gauges(2)));
    return { seen, clock, consume, processor };
  }

  test("gives what it puts together no metadata", async () => {
    const { seen, consume, processor } = rig({ send_batch_size: 4 });
    await Promise.all([consume("a"), consume("b")]);
    assert.deepEqual(seen, [{ points: 4, metadata: undefined }]);
    await processor.shutdown?.(0);
  });

  test("collects apart by metadata_keys, whatever their case, and keeps these", async () => {
    const { seen, consume, processor } = rig({ send_batch_size: 4, metadata_keys: ["X-Tenant"] });
    await Promise.all(["a", "b", "b", "a"].map(consume));
    assert.deepEqual(seen, [
      { points: 4, metadata: { "x-tenant": ["b"] } },
      { points: 4, metadata: { "x-tenant": ["a"] } },
    ]);
    await processor.shutdown?.(0);
  });

  test("refuses further combinations than the limit", async () => {
    const { seen, consume, processor } = rig({ metadata_keys: ["x-tenant"], metadata_cardinality_limit: 1 });
    const taken = consume("a");
    await assert.rejects(consume("b"), /too many batcher metadata-value combinations/);
    await processor.shutdown?.(0);
    await taken;
    assert.deepEqual(seen, [{ points: 2, metadata: { "x-tenant": ["a"] } }]);
    assert.throws(() => batchProcessor.config.parse({ metadata_keys: ["a", "A"] }), /duplicate entry/);
  });
});
