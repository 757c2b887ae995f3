import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { test } from "node:test";
import { createCertificateAuthority } from "../../support/certificates.ts";
import { rig, userList } from "./rig.ts";

test("ready when every part of the pipelines has been started, and no more when one is stopped", async (t) => {
  const { get, set, pass } = await rig(t);
  const before = await get("/");
  assert.equal(before.status, 503);
  assert.equal(
    before.text,
    '{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}\n',
  );
  assert.equal((await get("/status")).status, 503);
  assert.equal((await get("/livez")).status, 200);
  set("r", "ok");
  set("e", "ok");
  await pass(61_500);
  const ready = await get("/");
  assert.equal(ready.status, 200);
  assert.match(ready.text, /"status":"Server available","upSince":"2023-.*","uptime":"1m1.5s"/);
  assert.equal((await get("/status")).json.status, "StatusOK");
  set("r", "stopping");
  assert.equal((await get("/")).status, 503);
  assert.deepEqual((await get("/status")).json.status, "StatusStopping");
});

test("a failing exporter shows in its pipeline, and counts when that is asked for and lasts", async (t) => {
  const component_health = { include_recoverable_errors: true, recovery_duration: "30s" };
  const { get, set, pass } = await rig(t, { component_health });
  set("r", "ok");
  set("e", "recoverable_error", new Error("backend away", { cause: new Error("ECONNREFUSED") }));
  const fresh = await get("/status?verbose");
  assert.equal(fresh.status, 200);
  assert.equal(fresh.json.healthy, true);
  assert.equal(fresh.json.status, "StatusRecoverableError");
  assert.equal(fresh.json.error, "backend away: ECONNREFUSED");
  const pipelines = fresh.json.components ?? {};
  assert.deepEqual(Object.keys(pipelines), [
    "extensions",
    "pipeline:metrics",
    "pipeline:metrics/2",
    "service",
  ]);
  assert.equal(pipelines["pipeline:metrics"]?.components?.["exporter:e"]?.status, "StatusRecoverableError");
  assert.equal(pipelines["pipeline:metrics/2"]?.status, "StatusOK");
  await pass(30_000);
  assert.equal((await get("/status")).status, 500);
  assert.equal((await get("/status?pipeline=metrics")).status, 500);
  assert.equal((await get("/status?pipeline=metrics/2")).status, 200);
  assert.equal((await get("/status?pipeline=none")).status, 404);
  assert.equal((await get("/")).status, 200, "the pipelines run all the same");
  set("e", "ok");
  assert.equal((await get("/status")).status, 200);
});

test("permanent errors count when asked for, fatal ones always, a bad configuration never", async (t) => {
  const strict = await rig(t, { component_health: { include_permanent_errors: true } });
  const lax = await rig(t);
  for (const { set } of [strict, lax]) {
    set("r", "ok");
    set("e", "permanent_error", new Error("no"));
  }
  assert.equal((await strict.get("/status")).status, 500);
  assert.equal((await lax.get("/status")).status, 200);
  lax.set("e", "fatal_error", new Error("gone"));
  assert.equal((await lax.get("/status")).status, 500);
  assert.equal((await lax.get("/livez")).status, 500);
  assert.equal((await lax.get("/")).status, 503);
  strict.set("e", "ok");
  strict.set("config", "recoverable_error", new Error("unknown option"));
  await strict.pass(1e9);
  const { status, json } = await strict.get("/status?verbose");
  assert.equal(status, 200);
  assert.equal(json.components?.["service"]?.components?.["service:config"]?.error, "unknown option");
});

test("the most relevant status is shown: life cycle, then the errors that count", async (t) => {
  const component_health = { include_recoverable_errors: true, recovery_duration: "30s" };
  const counting = await rig(t, { component_health });
  const lax = await rig(t);
  const strict = await rig(t, { component_health: { ...component_health, include_permanent_errors: true } });
  for (const { set, setAll } of [counting, lax, strict]) {
    setAll("ok");
    set("e", "recoverable_error", new Error("away"));
    set("f", "permanent_error", new Error("denied"));
  }
  const status = async ({ get }: typeof lax) => {
    const { status, json } = await get("/status");
    return [status, json.status, json.healthy, json.error];
  };
  assert.deepEqual(await status(lax), [200, "StatusPermanentError", true, "denied"]);
  assert.deepEqual(await status(counting), [200, "StatusRecoverableError", true, "away"]);
  assert.deepEqual(await status(strict), [500, "StatusPermanentError", false, "denied"]);
  await counting.pass(30_000);
  assert.deepEqual(await status(counting), [500, "StatusRecoverableError", false, "away"]);
  lax.set("r", "stopped");
  assert.deepEqual(await status(lax), [503, "StatusStopping", false, undefined]);
  lax.set("e", "starting");
  assert.deepEqual(await status(lax), [503, "StatusStarting", false, undefined]);
  lax.set("f", "fatal_error", new Error("gone"));
  assert.deepEqual(await status(lax), [500, "StatusFatalError", false, "gone"]);
  lax.setAll("stopped");
  assert.deepEqual(await status(lax), [503, "StatusStopped", false, undefined]);
});

test("an error is as old as its first occurrence, anything else as the last change", async (t) => {
  const component_health = { include_recoverable_errors: true, recovery_duration: "30s" };
  const { get, set, setAll, pass, clock } = await rig(t, { component_health });
  setAll("ok");
  await pass(1000);
  const last = new Date(clock.now()).toISOString();
  set("f", "ok");
  assert.equal((await get("/status")).json.status_time, last);
  const first = new Date(clock.now()).toISOString();
  set("f", "recoverable_error", new Error("first"));
  await pass(20_000);
  set("e", "recoverable_error", new Error("second"));
  const { json } = await get("/status?verbose");
  assert.deepEqual([json.status_time, json.error], [first, "first"]);
  await pass(10_000);
  assert.equal((await get("/status")).status, 500, "the second error gives the first no more time");
  assert.equal((await get("/status?pipeline=metrics")).status, 200);
  set("f", "ok");
  assert.equal((await get("/status")).status, 200);
});

test("a part is asked for by its name, and says since when the collector runs", async (t) => {
  const { get, setAll, set, pass } = await rig(t);
  setAll("ok");
  set("health_check", "recoverable_error", new Error("odd"));
  await pass(5000);
  const whole = await get("/status?pipeline=");
  assert.equal(whole.json.status, "StatusRecoverableError");
  assert.equal(whole.json.components, undefined);
  const pipeline = await get("/status?pipeline=metrics&verbose");
  assert.equal(pipeline.json.start_time, whole.json.start_time);
  assert.deepEqual(Object.keys(pipeline.json.components ?? {}), ["receiver:r", "exporter:e"]);
  assert.equal((await get("/status?pipeline=metrics&verbose=false")).json.components, undefined);
  const extensions = await get("/status?pipeline=extensions&verbose");
  assert.equal(extensions.json.components?.["extension:health_check"]?.error, "odd");
});

test("paths are as configured", async (t) => {
  const { get, url } = await rig(t, {
    path: "/health",
    response_body: { healthy: "fine", unhealthy: "not now" },
    http: { status: { enabled: false }, config: { enabled: true, path: "/cfg" } },
  });
  assert.equal((await get("/health")).text, "not now");
  assert.match((await get("/cfg")).text, /REDACTED/);
  assert.equal((await get("/status")).status, 404);
  assert.equal((await get("/")).status, 404);
  assert.equal((await fetch(`${url}/health`, { method: "POST" })).status, 405);
  const terse = await rig(t, { response_body: { healthy: "fine" } });
  assert.equal((await terse.get("/")).text, "");
  const both = await rig(t, { path: "/status", response_body: { unhealthy: "mine" } });
  assert.equal((await both.get("/status")).text, "mine");
  const v2 = await rig(t, { use_v2: true, http: { endpoint: "127.0.0.1:0", status: { path: "/s" } } });
  assert.equal((await v2.get("/s")).status, 503);
  assert.equal((await v2.get("/")).status, 404);
  assert.equal((await v2.get("/config")).status, 404);
});

test("what http says about its server goes before what stands beside it", async (t) => {
  const authority = createCertificateAuthority();
  const { certPem, keyPem } = authority.issue({ commonName: "health", ipAddresses: ["127.0.0.1"] });
  const beside = await rig(t, {
    response_headers: { "x-from": "beside" },
    cors: { allowed_origins: ["https://a.example"] },
  });
  const origin = { origin: "https://a.example" };
  const plain = await beside.get("/livez", origin);
  assert.equal(plain.headers.get("x-from"), "beside");
  assert.equal(plain.headers.get("access-control-allow-origin"), "https://a.example");
  const within = await rig(t, {
    use_v2: true,
    response_headers: { "x-from": "beside" },
    http: {
      response_headers: { "x-from": "within" },
      tls: { cert_pem: certPem, key_pem: keyPem },
      keep_alives_enabled: false,
    },
  });
  const url = within.url.replace("http:", "https:");
  const request = httpsRequest(`${url}/livez`, { ca: authority.certPem, agent: false }).end();
  const [response] = await once(request, "response");
  response.resume();
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers["x-from"], "within");
  assert.equal(response.headers.connection, "close");
});

test("who may ask is decided by the authenticator", async (t) => {
  const extensions = { users: userList("kubelet:secret") };
  const auth = { authenticator: "users" };
  const credentials = { authorization: `Basic ${btoa("kubelet:secret")}` };
  for (const config of [{ auth }, { use_v2: true, http: { auth } }, { auth, http: {} }]) {
    const { get } = await rig(t, config, extensions);
    const refused = await get("/livez");
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get("www-authenticate") ?? "", /^Basic realm=/);
    assert.equal((await get("/nothing")).status, 401, "nor is it told what there is");
    assert.equal((await get("/livez", credentials)).status, 200);
  }
  await assert.rejects(rig(t, { auth }), /failed to resolve authenticator "users"/);
});
