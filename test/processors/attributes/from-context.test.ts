import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { describe, type TestContext, test } from "node:test";
import { type Client, clientContext, clientMetadata, systemClock } from "../../../src/component/index.ts";
import { formatDiagnostics } from "../../../src/config/index.ts";
import { components } from "../../../src/distribution/index.ts";
import { type Attributes, Batch, type MetricsBatch } from "../../../src/metrics/index.ts";
import { MetricsEncoder } from "../../../src/otlp/index.ts";
import attributes from "../../../src/processors/attributes/index.ts";
import resource from "../../../src/processors/resource/index.ts";
import { loadConfig, Service } from "../../../src/service/index.ts";
import { harness } from "../../delivery/harness.ts";
import { stockClient } from "../../receivers/otlp/stock-client.ts";
import { OtlpSink } from "../../support/otlp-sink.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";

const upsert = (key: string, from_context: string) => ({ key, action: "upsert", from_context });

/** Attributes of the resource and of the first point. */
function firstOf([one]: MetricsBatch): { resource: Attributes | undefined; point: Attributes | undefined } {
  const metric = one?.scopeMetrics[0]?.metrics[0];
  return { resource: one?.resource.attributes, point: metric?.dataPoints[0]?.attributes };
}

const body = (sender: string) =>
  Buffer.from(new MetricsEncoder().encode(Batch.from([gauges({ sender }, { up: [{ vm: "web" }] })])).bytes);

/** A collector with an otlp receiver, both processors and the given ones, and a backend. */
async function collector(t: TestContext, protocols: object, actions: readonly object[], after: object = {}) {
  const sink = await OtlpSink.start();
  t.after(() => sink.close());
  const config = {
    receivers: { otlp: { protocols } },
    processors: { attributes: { actions }, resource: { attributes: actions }, ...after },
    exporters: { otlp_http: { endpoint: sink.endpoint } },
    extensions: { basicauth: { htpasswd: { inline: "ann:secret\nbob:secret" } } },
    service: {
      extensions: ["basicauth"],
      telemetry: { metrics: { level: "none" } },
      pipelines: {
        metrics: {
          receivers: ["otlp"],
          processors: [...Object.keys(after), "attributes", "resource"],
          exporters: ["otlp_http"],
        },
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
  const address = (message: string) =>
    String(logs.find((log) => log.message === message)?.fields["endpoint"]);
  return {
    sink,
    /** Stops the collector, and gives what arrived by its sender. */
    async arrived() {
      await service.shutdown();
      return new Map(
        sink.requests.flatMap(({ batch }) =>
          batch.map((one) => [String(one.resource.attributes["sender"]), firstOf([one])] as const),
        ),
      );
    },
    async post(sender: string, headers: Record<string, string | string[]>): Promise<number | undefined> {
      const sent = request(`http://${address("Starting HTTP server.")}/v1/metrics`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf", ...headers },
      });
      sent.end(body(sender));
      const [response] = await once(sent, "response");
      response.resume();
      await once(response, "end");
      return response.statusCode;
    },
    call: (sender: string, headers: Record<string, string>) =>
      stockClient(t, address("Starting GRPC server.")).call(body(sender), undefined, headers),
  };
}

const basic = (user: string) => `Basic ${Buffer.from(`${user}:secret`).toString("base64")}`;

describe("in a collector with an otlp receiver", () => {
  const endpoint = "127.0.0.1:0";
  const auth = { authenticator: "basicauth" };
  const taken = [
    upsert("tenant", "metadata.X-Tenant"),
    upsert("user", "auth.username"),
    upsert("address", "client.address"),
    upsert("plain", "x-plain"),
    upsert("nothing", "auth.raw"),
  ];

  test("headers, user and address of each sender become attributes of its points and resources", async (t) => {
    const protocol = { endpoint, auth, include_metadata: true };
    const { post, call, arrived } = await collector(t, { http: protocol, grpc: protocol }, taken);
    const address = "127.0.0.1";
    const answers = await Promise.all([
      post("1", { "x-tenant": "a", authorization: basic("ann") }),
      post("2", { "x-tenant": ["b", "c"], "x-plain": "p", authorization: basic("bob") }),
      post("3", { authorization: basic("ann") }),
      post("refused", { "x-tenant": "a", authorization: basic("eve") }),
    ]);
    assert.deepEqual(answers, [200, 200, 200, 401]);
    const calls = await Promise.all([
      call("4", { "x-tenant": "d", authorization: basic("bob") }),
      call("5", { authorization: basic("ann") }),
    ]);
    assert.deepEqual(
      calls.map(({ error }) => error),
      [undefined, undefined],
    );
    const expected = {
      1: { tenant: "a", user: "ann", address },
      2: { tenant: "b;c", user: "bob", address, plain: "p" },
      3: { user: "ann", address },
      4: { tenant: "d", user: "bob", address },
      5: { user: "ann", address },
    };
    const seen = await arrived();
    assert.deepEqual([...seen.keys()].toSorted(), Object.keys(expected));
    for (const [sender, attributes] of Object.entries(expected)) {
      assert.deepEqual({ ...seen.get(sender)?.resource }, { sender, ...attributes });
      assert.deepEqual({ ...seen.get(sender)?.point }, { vm: "web", ...attributes });
    }
  });

  test("without include_metadata and auth only the address is known", async (t) => {
    const { post, arrived } = await collector(t, { http: { endpoint } }, taken);
    assert.equal(await post("1", { "x-tenant": "a", authorization: basic("ann") }), 200);
    const seen = await arrived();
    assert.deepEqual({ ...seen.get("1")?.point }, { vm: "web", address: "127.0.0.1" });
  });

  test("behind a batch processor that puts senders together, data is nobody's", async (t) => {
    const { post, arrived } = await collector(t, { http: { endpoint, include_metadata: true } }, taken, {
      batch: { send_batch_size: 2, timeout: "10s" },
    });
    const answers = await Promise.all(["1", "2"].map((one) => post(one, { "x-tenant": one })));
    assert.deepEqual(answers, [200, 200]);
    const seen = await arrived();
    for (const sender of ["1", "2"]) assert.deepEqual({ ...seen.get(sender)?.point }, { vm: "web" });
  });
});

describe("from_context", () => {
  const tenant = [upsert("tenant", "metadata.x-tenant")];
  const of = (name: string): Client => ({ metadata: new Map([["x-tenant", [name]]]) });

  for (const [definition, config] of [
    [attributes, { actions: tenant }],
    [resource, { attributes: tenant }],
  ] as const) {
    test(`gives a sender that comes again the ${definition.type} layout of before, and no other's`, async (t) => {
      const { send } = await runProcessor(t, definition as typeof attributes, config);
      const batch = Batch.from([gauges({ job: "a" }, { up: [{}] })]);
      const layouts = [];
      for (const name of ["a", "b", "a", "b"]) {
        const { layout } = await clientContext.run(of(name), () => send(batch));
        assert.ok(
          JSON.stringify(
            firstOf((await clientContext.run(of(name), () => send(batch))).resourceMetrics),
          ).includes(`"tenant":"${name}"`),
        );
        layouts.push(layout);
      }
      assert.equal(layouts[0], layouts[2]);
      assert.equal(layouts[1], layouts[3]);
      assert.notEqual(layouts[0], layouts[1]);
      assert.equal(await send(batch), batch);
    });
  }

  test("takes lists of an authenticator, and nothing of other kinds or from an object's own methods", async (t) => {
    const actions = ["groups", "age", "none", "toString"].map((name) => upsert(name, `auth.${name}`));
    const { send } = await runProcessor(t, attributes, { actions });
    const auth = { groups: ["x", "y"], age: 7, none: [] } as unknown as NonNullable<Client["auth"]>;
    const batch = Batch.from([gauges({}, { up: [{}] })]);
    const out = await clientContext.run({ auth }, () => send(batch));
    assert.deepEqual({ ...firstOf(out.resourceMetrics).point }, { groups: "x;y" });
  });

  test("of thousands of senders each gets its own", async (t) => {
    const { send } = await runProcessor(t, attributes, { actions: tenant });
    const batch = Batch.from([gauges({}, { up: [{}] })]);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 1500; i++) {
        const out = await clientContext.run(of(`t${i}`), () => send(batch));
        assert.equal(firstOf(out.resourceMetrics).point?.["tenant"], `t${i}`);
      }
    }
  });
});

test("handing on under metadata hands on nothing else of the client", () => {
  const metadata = new Map([["x-tenant", ["a"]]]);
  const client = { address: "127.0.0.1", auth: { username: "ann" }, metadata };
  clientContext.run(client, () => {
    assert.equal(clientMetadata.current(), metadata);
    clientMetadata.run(metadata, () => assert.deepEqual(clientContext.current(), { metadata }));
    clientMetadata.run(undefined, () => assert.equal(clientContext.current(), undefined));
  });
});
