import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
  connect,
  type KubernetesObject,
  resources,
  type StoreEvent,
  WatchedObjects,
  type WatchedObjectsSettings,
} from "../../src/kubernetes/index.ts";
import type { Cleanup } from "../support/certificates.ts";
import { FakeKubernetes, fullName, status } from "../support/fake-kubernetes.ts";
import { eventually, hastyClock, podHost } from "./support.ts";

const auth = { auth_type: "serviceAccount" } as const;

const pod = (name: string, more: Record<string, unknown> = {}, namespace = "demo") => ({
  metadata: { name, namespace, labels: { app: "shop" } },
  spec: { nodeName: "node01" },
  ...more,
});

/** Watches pods and keeps what the store told, as "add demo/a", in order. */
async function watchPods(
  t: Cleanup,
  fake: FakeKubernetes,
  settings: Partial<WatchedObjectsSettings<Pod>> = {},
  clock = hastyClock,
) {
  const pod = await podHost(t, fake, clock);
  const context = await connect(auth, pod.host);
  const watched = new WatchedObjects<Pod>({
    ...context,
    resource: resources.pods,
    namespaces: [],
    project,
    ...settings,
  });
  t.after(async () => {
    await watched.close();
    await context.client.close();
  });
  const told: string[] = [];
  watched.store.subscribe((event: StoreEvent<Pod>) => told.push(`${event.type} ${event.key}`));
  return { ...pod, watched, told, names: () => [...watched.store.values()].map(({ name }) => name).sort() };
}

interface Pod {
  readonly name: string;
  readonly phase: unknown;
}

function project({ metadata, status: podStatus }: KubernetesObject): Pod {
  return { name: metadata.name, phase: (podStatus as { phase?: string } | undefined)?.phase };
}

test("lists in pages, then follows additions, changes and deletions in order", async (t) => {
  const fake = await FakeKubernetes.start(t);
  for (let i = 0; i < 1201; i++) fake.apply("pods", pod(`p${i}`));
  const { watched, told, meter } = await watchPods(t, fake);
  await watched.ready();
  assert.equal(watched.store.size, 1201);
  assert.deepEqual(
    fake.calls.filter(({ verb }) => verb === "list").map(({ query }) => query["limit"]),
    ["500", "500", "500"],
  );
  await fake.watching("pods");
  told.length = 0;
  fake.apply("pods", pod("new"));
  fake.apply("pods", pod("new", { status: { phase: "Running" } }));
  fake.delete("pods", "p7", "demo");
  await eventually(() => told.length === 3);
  assert.deepEqual(told, ["add demo/new", "update demo/new", "delete demo/p7"]);
  assert.deepEqual(watched.store.get("demo/new"), { name: "new", phase: "Running" });
  assert.equal(await meter.total("otelcol_kubernetes_lists", { resource: "pods", reason: "initial" }), 1);
  assert.equal(await meter.total("otelcol_kubernetes_watch_events"), 3);
  assert.equal(await meter.total("otelcol_kubernetes_objects"), 1201);
});

test("what the projection leaves out is no change", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  const { watched, told } = await watchPods(t, fake);
  await watched.ready();
  await fake.watching("pods");
  fake.apply("pods", pod("a", { spec: { nodeName: "elsewhere" } }));
  fake.apply("pods", pod("b"));
  await eventually(() => told.includes("add demo/b"));
  assert.deepEqual(told, ["add demo/a", "add demo/b"]);
});

test("selectors and namespaces go to the server; a pod that leaves the selection is deleted", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  fake.apply(
    "pods",
    pod("other", { metadata: { name: "other", namespace: "demo", labels: { app: "else" } } }),
  );
  fake.apply("pods", pod("elsewhere", { spec: { nodeName: "node02" } }));
  fake.apply("pods", pod("b", {}, "second"));
  fake.apply("pods", pod("c", {}, "third"));
  const { watched, names, told } = await watchPods(t, fake, {
    namespaces: ["demo", "second"],
    labelSelector: "app in (shop, market)",
    fieldSelector: "spec.nodeName=node01",
  });
  await watched.ready();
  assert.deepEqual(names(), ["a", "b"]);
  await fake.watching("pods", 2);
  fake.apply("pods", pod("a", { metadata: { name: "a", namespace: "demo", labels: {} } }));
  await eventually(() => told.includes("delete demo/a"));
});

test("a change of namespaces lets nothing vanish that is in both", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  fake.apply("pods", pod("b", {}, "second"));
  const { watched, names, told } = await watchPods(t, fake);
  await watched.ready();
  watched.setNamespaces(["second"]);
  await eventually(() => names().length === 1);
  assert.deepEqual(names(), ["b"]);
  watched.setNamespaces(["demo", "second"]);
  await watched.ready();
  assert.deepEqual(names(), ["a", "b"]);
  assert.ok(!told.includes("delete second/b"));
});

test("a watch that is cut in the middle of a line goes on where it was", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const { watched, told, meter, logger } = await watchPods(t, fake);
  await watched.ready();
  for (let round = 0; round < 3; round++) {
    await fake.watching("pods");
    fake.apply("pods", pod(`a${round}`));
    await eventually(() => told.length === round + 1);
    fake.closeWatches("pods", `{"type":"ADDED","object":{"metadata":{"name":"half`);
  }
  await fake.watching("pods");
  fake.apply("pods", pod("last"));
  await eventually(() => told.includes("add demo/last"));
  assert.deepEqual(told, ["add demo/a0", "add demo/a1", "add demo/a2", "add demo/last"]);
  assert.equal(await meter.total("otelcol_kubernetes_lists"), 1);
  assert.deepEqual(logger.lines, [], "nothing to be told of");
});

test("bookmarks move the resource version, so that a compaction costs no list", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const { watched, meter, told } = await watchPods(t, fake);
  await watched.ready();
  await fake.watching("pods");
  fake.apply("configmaps", pod("moves-the-version"));
  fake.bookmark("pods");
  fake.apply("pods", pod("a"));
  fake.bookmark("pods");
  await eventually(() => told.length === 1);
  fake.compact();
  fake.closeWatches("pods");
  await fake.watching("pods");
  fake.apply("pods", pod("b"));
  await eventually(() => told.includes("add demo/b"));
  assert.equal(await meter.total("otelcol_kubernetes_lists"), 1);
});

for (const how of ["status 410", "an ERROR event"]) {
  test(`after ${how} a new list tells the difference, deletions too`, async (t) => {
    const fake = await FakeKubernetes.start(t);
    for (const name of ["stays", "changes", "goes"]) fake.apply("pods", pod(name));
    const { watched, told, meter } = await watchPods(t, fake);
    await watched.ready();
    await fake.watching("pods");
    told.length = 0;
    let away = true;
    fake.faults.push(({ verb }, response) => {
      if (verb !== "watch" || !away) return false;
      response.destroy();
      return true;
    });
    fake.closeWatches("pods");
    fake.delete("pods", "goes", "demo");
    fake.apply("pods", pod("changes", { status: { phase: "Failed" } }));
    fake.apply("pods", pod("comes"));
    fake.compact();
    if (how === "an ERROR event") {
      fake.faults.push((call, response) => {
        if (call.verb !== "watch" || Number(call.query["resourceVersion"]) > 104) return false;
        response.end(`${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410 } })}\n`);
        return true;
      });
    }
    away = false;
    await eventually(() => told.length === 3);
    assert.deepEqual(told.sort(), ["add demo/comes", "delete demo/goes", "update demo/changes"]);
    assert.equal(await meter.total("otelcol_kubernetes_lists", { reason: "expired" }), 1);
  });
}

test("a continue token that expires makes the list start again, in one piece", async (t) => {
  const fake = await FakeKubernetes.start(t);
  for (let i = 0; i < 700; i++) fake.apply("pods", pod(`p${i}`));
  fake.faults.push(({ query }) => {
    if (query["continue"] === undefined) return false;
    fake.apply("configmaps", pod("moves-the-version"));
    fake.compact();
    return false;
  });
  const { watched } = await watchPods(t, fake);
  await watched.ready();
  assert.equal(watched.store.size, 700);
  assert.deepEqual(
    fake.calls.filter(({ verb }) => verb === "list").map(({ query }) => query["limit"]),
    ["500", "500", undefined],
  );
});

test("an outage keeps the last known state; what happened meanwhile comes afterwards", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  const { watched, names, told, logger } = await watchPods(t, fake);
  await watched.ready();
  await fake.watching("pods");
  const { port } = fake;
  await fake.stop();
  fake.delete("pods", "a", "demo");
  fake.apply("pods", pod("b"));
  await eventually(() => logger.lines.length > 0);
  assert.deepEqual(names(), ["a"]);
  await fake.listen(port);
  await eventually(() => names().includes("b") && !names().includes("a"));
  assert.deepEqual(told, ["add demo/a", "delete demo/a", "add demo/b"]);
  await eventually(() => logger.lines.some(({ message }) => /answers again/.test(message)));
  const warnings = logger.lines.filter(({ level }) => level === "warn");
  assert.ok(warnings.length <= 2, "an outage is not logged at each try");
});

test("after an outage a watch that has nothing to tell counts as recovered", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  const { watched, told, logger, problems } = await watchPods(t, fake);
  await watched.ready();
  await fake.watching("pods");
  const { port } = fake;
  await fake.stop();
  await eventually(() => problems.length > 0);
  await fake.listen(port);
  await eventually(() => logger.lines.some(({ message }) => /answers again/.test(message)));
  assert.equal(problems.at(-1), undefined);
  assert.deepEqual(told, ["add demo/a"]);
});

test("watches that break as soon as they are answered are one problem, until one lasts", async (t) => {
  const fake = await FakeKubernetes.start(t);
  let answers = 0;
  let breaks = true;
  fake.faults.push(({ verb }, response) => {
    if (verb !== "watch" || !breaks) return false;
    response.writeHead(200);
    response.flushHeaders();
    response.socket?.end();
    answers++;
    return true;
  });
  const { watched, logger, problems } = await watchPods(t, fake);
  await watched.ready();
  await eventually(() => answers >= 8);
  assert.deepEqual(
    logger.lines.map(({ level }) => level),
    ["warn"],
  );
  assert.equal(problems.length, 1);
  breaks = false;
  await eventually(() => problems.length === 2);
  assert.equal(problems[1], undefined);
});

test("a server that takes long to fail a watch is a problem all the same", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.faults.push(({ verb }, response) => {
    if (verb !== "watch") return false;
    response.destroy();
    return true;
  });
  let now = 0;
  const slow = { ...hastyClock, monotonic: () => (now += 2000) };
  const { watched, logger, problems } = await watchPods(t, fake, {}, slow);
  await watched.ready();
  await eventually(() => problems.length > 0);
  assert.equal(logger.lines[0]?.level, "warn");
});

test("429 and 503 are tried again, not before Retry-After is over", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const answers = [429, 503];
  fake.faults.push((_, response) => {
    const code = answers.shift();
    return (
      code !== undefined && status(response, code, "TooManyRequests", "slow down", { "retry-after": "7" })
    );
  });
  const delays: number[] = [];
  const clock = {
    ...hastyClock,
    schedule(delayMs: number, task: () => void) {
      delays.push(delayMs);
      return hastyClock.schedule(delayMs, task);
    },
  };
  const { watched } = await watchPods(t, fake, {}, clock);
  await watched.ready();
  assert.deepEqual(delays, [7000, 7000]);
});

test("back-off grows and is spread", async (t) => {
  const fake = await FakeKubernetes.start(t);
  let failures = 10;
  fake.faults.push((_, response) => failures-- > 0 && status(response, 500, "InternalError", "etcd is ill"));
  const delays: number[] = [];
  const clock = {
    ...hastyClock,
    schedule(delayMs: number, task: () => void) {
      delays.push(delayMs);
      return hastyClock.schedule(0, task);
    },
  };
  const { watched } = await watchPods(t, fake, { random: () => 0.75 }, clock);
  await watched.ready();
  const factors = [1, 2, 4, 8, 16, 32, 64, 128, 150, 150];
  assert.deepEqual(
    delays,
    factors.map((factor) => factor * 200 * 1.25),
  );
});

test("a server that never lets a watch begin is listed more and more rarely", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.faults.push(({ verb }, response) => verb === "watch" && status(response, 410, "Expired", "too old"));
  const delays: number[] = [];
  const clock = {
    ...hastyClock,
    schedule(delayMs: number, task: () => void) {
      delays.push(delayMs);
      return hastyClock.schedule(delayMs / 100, task);
    },
  };
  await watchPods(t, fake, { random: () => 0.5 }, clock);
  await eventually(() => delays.length >= 6);
  assert.deepEqual(delays.slice(0, 6), [200, 400, 800, 1600, 3200, 6400]);
});

test("garbage, in a list or a watch, harms nothing", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  const bodies = [
    "<html>no</html>",
    '{"items":[{"metadata":{}}],"metadata":{"resourceVersion":"1"}}',
    '{"a":',
    "[]",
  ];
  fake.faults.push(({ verb }, response) => {
    const body = verb === "list" ? bodies.shift() : undefined;
    if (body === undefined) return false;
    response.writeHead(200).end(body);
    return true;
  });
  const { watched, told, names, meter } = await watchPods(t, fake);
  await watched.ready();
  assert.deepEqual(names(), ["a"]);
  for (const line of [
    "no json",
    "[1]",
    '{"type":"ADDED"}',
    '{"type":"WHAT","object":{"metadata":{"name":"x"}}}',
  ]) {
    await fake.watching("pods");
    fake.write("pods", line);
    await fake.until(() => fake.watchCount === 0);
  }
  await fake.watching("pods");
  fake.apply("pods", pod("b"));
  await eventually(() => told.includes("add demo/b"));
  assert.equal(
    await meter.total("otelcol_kubernetes_request_failures", { verb: "list", reason: "garbage" }),
    4,
  );
  assert.equal(
    await meter.total("otelcol_kubernetes_request_failures", { verb: "watch", reason: "garbage" }),
    4,
  );
});

test("events out of order do not bring back the past", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const { watched, told } = await watchPods(t, fake);
  await watched.ready();
  await fake.watching("pods");
  const first = fake.apply("pods", pod("a", { status: { phase: "Pending" } }));
  fake.apply("pods", pod("a", { status: { phase: "Running" } }));
  fake.write("pods", JSON.stringify({ type: "MODIFIED", object: first }));
  fake.delete("pods", "a", "demo");
  fake.write("pods", JSON.stringify({ type: "MODIFIED", object: first }));
  // The same name again, and only then the deletion of the one before.
  fake.apply("pods", pod("a", { metadata: { name: "a", namespace: "demo", uid: "another" } }));
  fake.write("pods", JSON.stringify({ type: "DELETED", object: first }));
  fake.apply("pods", pod("end"));
  await eventually(() => told.includes("add demo/end"));
  assert.deepEqual(told, ["add demo/a", "update demo/a", "delete demo/a", "add demo/a", "add demo/end"]);
  assert.deepEqual(watched.store.get("demo/a"), { name: "a", phase: undefined });
});

test("a slow answer and objects with a megabyte of annotations pass, and are not kept", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const annotations = { big: `"\\${"ü{[".repeat(300_000)}` };
  for (let i = 0; i < 5; i++) {
    fake.apply("pods", pod(`a${i}`, { metadata: { name: `a${i}`, namespace: "demo", annotations } }));
  }
  let slow = true;
  fake.faults.push(({ verb }, response) => {
    if (verb !== "list" || !slow) return false;
    slow = false;
    const item = JSON.stringify(pod("slow"));
    response.writeHead(200);
    // Cut at every byte: an escape, a key, a multi-byte character.
    const body = Buffer.from(
      `{"kind":"List","items": [${item},\n ${item.replaceAll("slow", 'slö\\"w}')}],"metadata":{"resourceVersion":"1"}}`,
    );
    void (async () => {
      for (const byte of body) {
        response.write(Buffer.of(byte));
        await turn();
      }
      response.end();
    })();
    return true;
  });
  const { watched, names } = await watchPods(t, fake);
  await watched.ready();
  assert.deepEqual(names(), ["slow", 'slö"w}']);
  await eventually(() => names().includes("a4"));
});

test("an object that is not what its kind should be is left out, the others are kept", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  fake.apply("pods", pod("odd", { status: 7 }));
  const { watched, names, logger } = await watchPods(t, fake, {
    project(object) {
      if (typeof object.status === "number") throw new TypeError("status is no object");
      return project(object);
    },
  });
  await watched.ready();
  assert.deepEqual(names(), ["a"]);
  assert.equal(logger.lines[0]?.fields["object"], "demo/odd");
  await fake.watching("pods");
  fake.apply("pods", pod("odd"));
  await eventually(() => names().includes("odd"));
  fake.apply("pods", pod("odd", { status: 7 }));
  await eventually(() => !names().includes("odd"));
});

test("a missing permission names verb and resource, and the other kinds go on", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  fake.deny("list", "nodes");
  const { watched, logger, host, names } = await watchPods(t, fake);
  const context = await connect(auth, host);
  const nodes = new WatchedObjects({ ...context, resource: resources.nodes, namespaces: [], project });
  t.after(async () => {
    await nodes.close();
    await context.client.close();
  });
  await Promise.all([watched.ready(), nodes.ready()]);
  assert.deepEqual(names(), ["a"]);
  assert.equal(nodes.synced, false);
  const [line] = logger.lines;
  assert.match(
    String(line?.fields["error"]),
    /not allowed to list nodes cluster-wide, grant verb "list" on resource "nodes" of API group "".*serviceaccount/,
  );
  assert.equal(line?.level, "warn");
  fake.allow("list", "nodes");
  fake.apply("nodes", { metadata: { name: "node01" } });
  await eventually(() => nodes.store.size === 1);
});

test("without the permission to watch, lists follow the objects", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.deny("watch", "pods");
  const { watched, told, logger } = await watchPods(t, fake);
  await watched.ready();
  fake.apply("pods", pod("a"));
  await eventually(() => told.includes("add demo/a"));
  fake.apply("pods", pod("b"));
  await eventually(() => told.includes("add demo/b"));
  assert.equal(logger.lines.length, 1, "said once");
  assert.match(String(logger.lines[0]?.fields["error"]), /not allowed to watch pods cluster-wide/);
});

test("a kind that the server does not know is no obstacle", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.faults.push((call, response) => {
    if (fullName(call) !== "virtualmachines.kubevirt.io") return false;
    return status(response, 404, "NotFound", "the server could not find the requested resource");
  });
  const { watched, logger } = await watchPods(t, fake, { resource: resources.virtualMachines });
  await watched.ready();
  assert.match(
    String(logger.lines[0]?.fields["error"]),
    /cannot list virtualmachines.kubevirt.io cluster-wide/,
  );
});

test("an expired server certificate is a failure like any other", async (t) => {
  const fake = await FakeKubernetes.start(t, { certificateDays: -1 });
  const { logger, watched } = await watchPods(t, fake);
  await eventually(() => logger.lines.length > 0);
  assert.match(String(logger.lines[0]?.fields["error"]), /certificate has expired/);
  assert.equal(watched.synced, false);
});

test("close ends a watch, a list that hangs and a wait at once", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.faults.push(({ verb, resource }) => verb === "list" && resource === "nodes");
  fake.deny("list", "configmaps");
  const { watched, host } = await watchPods(t, fake);
  const context = await connect(auth, host);
  const others = [resources.nodes, resources.configMaps].map(
    (resource) => new WatchedObjects({ ...context, resource, namespaces: [], project }),
  );
  await fake.watching("pods");
  await fake.until(() => fake.calls.some(({ resource }) => resource === "nodes"));
  await Promise.all([watched, ...others].map((objects) => objects.close()));
  await context.client.close();
  await fake.until(() => fake.watchCount === 0);
});
