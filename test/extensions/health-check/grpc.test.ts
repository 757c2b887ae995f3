import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { describe, type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import type { ServerAuthenticator } from "../../../src/component/index.ts";
import { stockClient } from "../../receivers/otlp/stock-client.ts";
import { createCertificateAuthority, writePemFiles } from "../../support/certificates.ts";
import { healthClient } from "./health-client.ts";
import { rig, userList } from "./rig.ts";

const grpc = { endpoint: "127.0.0.1:0" };
const component_health = { include_recoverable_errors: true, recovery_duration: "30s" };

describe("Check", () => {
  test("answers for the whole, for a pipeline and for the extensions", async (t) => {
    const { set, setAll, grpc: address } = await rig(t, { grpc });
    const { check } = healthClient(t, address);
    assert.equal(await check(), "NOT_SERVING");
    set("r", "ok");
    assert.equal(await check("metrics/2"), "SERVING");
    assert.equal(await check("metrics"), "NOT_SERVING", "its exporter is still starting");
    assert.equal(await check("extensions"), "SERVING");
    set("e", "ok");
    assert.equal(await check(), "SERVING");
    assert.equal(await check("traces"), '5 there is no pipeline "traces"');
    for (const status of ["stopping", "stopped", "fatal_error"] as const) {
      setAll(status);
      assert.equal(await check(), "NOT_SERVING", status);
    }
  });

  const outcomes = {
    recoverable_error: ["SERVING", "SERVING", "NOT_SERVING"],
    permanent_error: ["SERVING", "NOT_SERVING", "SERVING"],
  } as const;
  for (const [status, [neither, permanent, recoverable]] of Object.entries(outcomes)) {
    test(`${status} counts when it is to`, async (t) => {
      const options = [
        [neither, {}],
        [permanent, { include_permanent_errors: true }],
        [recoverable, component_health],
      ] as const;
      for (const [expected, health] of options) {
        const { set, setAll, pass, grpc: address } = await rig(t, { grpc, component_health: health });
        const { check } = healthClient(t, address);
        setAll("ok");
        set("e", status as keyof typeof outcomes, new Error("no"));
        if (status === "recoverable_error") assert.equal(await check(), "SERVING", "it may recover");
        await pass(30_000);
        assert.equal(await check(), expected);
        assert.equal(await check("metrics"), expected);
        assert.equal(await check("metrics/2"), "SERVING");
        set("e", "ok");
        assert.equal(await check(), "SERVING");
      }
    });
  }

  test("refuses what is no request", async (t) => {
    const { grpc: address } = await rig(t, { grpc });
    const { call } = stockClient(t, address);
    for (const bytes of [[0x0a], [0x0a, 0x05, 0x61], [0xff], [0x0b]]) {
      const { error } = await call(Uint8Array.from(bytes), "/grpc.health.v1.Health/Check");
      assert.equal(error?.code, 3);
      assert.match(error.details, /no grpc\.health\.v1\.HealthCheckRequest/);
    }
    // A field that is not known yet is no fault.
    const { answer } = await call(Uint8Array.from([0x10, 0x07]), "/grpc.health.v1.Health/Check");
    assert.deepEqual([...(answer ?? [])], [0x08, 0x02]);
    const { error } = await call(new Uint8Array(), "/grpc.health.v1.Health/List");
    assert.equal(error?.code, 12);
  });
});

describe("Watch", () => {
  test("sends the status at once and then each change, once", async (t) => {
    const { set, setAll, pass, grpc: address } = await rig(t, { grpc });
    const { watch } = healthClient(t, address);
    const whole = watch();
    const pipeline = watch("metrics/2");
    await Promise.all([whole.first(1), pipeline.first(1)]);
    setAll("ok");
    await pass(200);
    await Promise.all([whole.first(2), pipeline.first(2)]);
    set("e", "stopping");
    await pass(200);
    await whole.first(3);
    set("e", "stopped");
    await pass(1000);
    set("e", "ok");
    await pass(200);
    assert.deepEqual(await whole.first(4), ["NOT_SERVING", "SERVING", "NOT_SERVING", "SERVING"]);
    assert.deepEqual(pipeline.told, ["NOT_SERVING", "SERVING"]);
  });

  test("tells of an error that lasts too long when it does, counted from its beginning", async (t) => {
    const { set, setAll, pass, grpc: address } = await rig(t, { grpc, component_health });
    const { watch } = healthClient(t, address);
    setAll("ok");
    set("e", "recoverable_error", new Error("away"));
    await pass(10_000);
    const late = watch();
    await late.first(1);
    await pass(19_999);
    assert.deepEqual(late.told, ["SERVING"]);
    await pass(1);
    assert.deepEqual(await late.first(2), ["SERVING", "NOT_SERVING"]);
    set("e", "ok");
    await pass(200);
    assert.deepEqual(await late.first(3), ["SERVING", "NOT_SERVING", "SERVING"]);
  });

  test("waits for a pipeline that is unknown, and says when one goes", async (t) => {
    const { place, remove, pass, grpc: address } = await rig(t, { grpc });
    const { watch } = healthClient(t, address);
    const coming = watch("metrics/new");
    assert.deepEqual(await coming.first(1), ["SERVICE_UNKNOWN"]);
    place("g", "metrics/new");
    await pass(200);
    await coming.first(2);
    remove("g");
    await pass(200);
    assert.deepEqual(await coming.first(3), ["SERVICE_UNKNOWN", "SERVING", "SERVICE_UNKNOWN"]);
  });

  test("ends with the client, and holds no timer then", async (t) => {
    const { clock, grpc: address } = await rig(t, { grpc });
    const { watch } = healthClient(t, address);
    const calls = [watch(), watch("metrics"), watch("none", new Date(Date.now() + 300))];
    await Promise.all(calls.map((call) => call.first(1)));
    for (const { cancel } of calls.slice(0, 2)) cancel();
    assert.match((await calls[2]?.first(2))?.[1] ?? "", /^4 /);
    const { session, stream } = await rawWatch(t, address);
    await once(stream, "data");
    session.destroy();
    while (clock.pendingTimers > 0) await turn();
  });

  test("a shutdown tells NOT_SERVING before it ends the stream", async (t) => {
    const { component, setAll, grpc: address } = await rig(t, { grpc });
    const { watch } = healthClient(t, address);
    setAll("ok");
    const calls = [watch(), watch("metrics")];
    await Promise.all(calls.map((call) => call.first(1)));
    await component.shutdown?.(30_000);
    for (const call of calls) {
      assert.deepEqual(await call.first(3), ["SERVING", "NOT_SERVING", "1 the server is shutting down"]);
    }
  });

  test("a client that does not read costs nothing, and sees the latest", async (t) => {
    const { setAll, pass, clock, grpc: address } = await rig(t, { grpc });
    // The window has room for one message.
    const { stream } = await rawWatch(t, address, 7);
    while (clock.pendingTimers === 0) await turn();
    for (let i = 0; i < 20; i++) {
      setAll(i % 2 === 0 ? "ok" : "stopping");
      await pass(200);
    }
    setAll("fatal_error");
    assert.equal(clock.pendingTimers, 0, "nothing is looked at while nobody reads");
    const told: number[] = [];
    for await (const chunk of stream) {
      const message = chunk as Buffer;
      for (let at = 0; at < message.length; at += 7) told.push(message[at + 6] as number);
      if (told.length >= 2 && told.at(-1) === 2) break;
    }
    assert.ok(told.length <= 3, `told ${told}`);
  });
});

describe("the server", () => {
  test("is there when its key is, beside HTTP or alone", async (t) => {
    const beside = await rig(t, { grpc });
    assert.equal((await beside.get("/livez")).status, 200);
    const alone = await rig(t, { use_v2: true, grpc });
    assert.equal(alone.url, "http://undefined");
    assert.equal(await healthClient(t, alone.grpc).check("extensions"), "SERVING");
    assert.equal((await rig(t)).grpc, "undefined");
  });

  test("asks for credentials, for streams too", async (t) => {
    const config = { grpc: { ...grpc, auth: { authenticator: "users" } } };
    const { grpc: address } = await rig(t, config, { users: userList("me:secret") });
    const stranger = healthClient(t, address);
    assert.match(await stranger.check(), /^16 /);
    assert.match((await stranger.watch().first(1))[0] ?? "", /^16 /);
    const authorization = `Basic ${btoa("me:secret")}`;
    const known = healthClient(t, address, undefined, { authorization });
    assert.equal(await known.check("extensions"), "SERVING");
    assert.deepEqual(await known.watch("extensions").first(1), ["SERVING"]);
    const broken: ServerAuthenticator = {
      authenticate: () => Promise.reject(new Error("the directory is away")),
    };
    const ill = await rig(t, config, { users: broken });
    assert.match(await healthClient(t, ill.grpc).check(), /^14 .*the directory is away/);
    await assert.rejects(rig(t, config), /failed to resolve authenticator "users"/);
  });

  test("serves with TLS and wants a client certificate where one is to be had", async (t) => {
    const authority = createCertificateAuthority();
    const clients = createCertificateAuthority();
    const { certPem, keyPem } = authority.issue({ commonName: "health", ipAddresses: ["127.0.0.1"] });
    const client = clients.issue({ commonName: "kubelet", client: true });
    const tls = { cert_pem: certPem, key_pem: keyPem };
    const [ca, key, cert] = [authority.certPem, client.keyPem, client.certPem].map((pem) => Buffer.from(pem));
    const open = await rig(t, { grpc: { ...grpc, tls } });
    assert.match(await healthClient(t, open.grpc).check("extensions"), /^14 /);
    const secure = credentials.createSsl(ca);
    assert.equal(await healthClient(t, open.grpc, secure).check("extensions"), "SERVING");
    const { clientCa } = await writePemFiles(t, { clientCa: clients.certPem });
    const mutual = await rig(t, { grpc: { ...grpc, tls: { ...tls, client_ca_file: clientCa } } });
    assert.match(await healthClient(t, mutual.grpc, secure).check("extensions"), /^14 /);
    const identified = healthClient(t, mutual.grpc, credentials.createSsl(ca, key, cert));
    assert.deepEqual(await identified.watch("extensions").first(1), ["SERVING"]);
  });

  test("limits messages, streams of a connection and its age", async (t) => {
    const limits = {
      max_recv_msg_size_mib: 0.0001,
      max_concurrent_streams: 1,
      keepalive: { server_parameters: { max_connection_age: "200ms", max_connection_age_grace: "50ms" } },
    };
    const { grpc: address } = await rig(t, { grpc: { ...grpc, ...limits } });
    assert.match(await healthClient(t, address).check("x".repeat(200)), /^8 .*larger than max/);
    const session = connect(`http://${address}`);
    const [{ maxConcurrentStreams }] = await once(session, "remoteSettings");
    assert.equal(maxConcurrentStreams, 1);
    await once(session, "goaway");
    session.destroy();
    const { watch } = healthClient(t, address);
    const [status, end] = await watch("extensions").first(2);
    assert.equal(status, "SERVING");
    assert.match(end ?? "", /^(1|14|13) /);
  });

  test("whatever is bound is let go of when the start fails", async (t) => {
    const taken = await rig(t, { grpc });
    const { hostname, port } = new URL(taken.url);
    const free = await rig(t);
    await free.component.shutdown?.(0);
    const endpoint = new URL(free.url).host;
    await assert.rejects(
      rig(t, { endpoint, grpc: { endpoint: `${hostname}:${port}` } }),
      /cannot listen on 127\.0\.0\.1:\d+/,
    );
    await rig(t, { endpoint });
  });
});

/** A watch of the whole by a client that reads when the test does. */
async function rawWatch(t: TestContext, address: string, initialWindowSize = 65_535) {
  const session = connect(`http://${address}`, { settings: { initialWindowSize } });
  t.after(() => session.destroy());
  await once(session, "remoteSettings");
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Watch",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(Buffer.alloc(5));
  return { session, stream };
}
