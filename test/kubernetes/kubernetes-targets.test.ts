import assert from "node:assert/strict";
import { test } from "node:test";
import { type KubernetesTarget, KubernetesTargets, kubernetesSchema } from "../../src/kubernetes/index.ts";
import type { Cleanup } from "../support/certificates.ts";
import { FakeKubernetes } from "../support/fake-kubernetes.ts";
import { eventually, podHost } from "./support.ts";

interface Handler {
  readonly name: string;
  readonly ip?: string;
  readonly node?: string;
  readonly namespace?: string;
  readonly phase?: string;
  readonly component?: string;
  readonly metadata?: object;
  readonly ready?: boolean;
}

function handler({ name, ip, node = "node01", namespace = "kubevirt", phase = "Running", ...more }: Handler) {
  return {
    metadata: {
      name,
      namespace,
      labels: { "kubevirt.io": more.component ?? "virt-handler" },
      ...more.metadata,
    },
    spec: {
      nodeName: node,
      containers: [
        {
          name: "virt-handler",
          ports: [
            { name: "metrics", containerPort: 8443 },
            { name: "console", containerPort: 8186 },
          ],
        },
      ],
    },
    status: {
      phase,
      ...(ip !== undefined && { podIP: ip }),
      conditions: [{ type: "Ready", status: more.ready === false ? "False" : "True" }],
    },
  };
}

const kubevirt = (namespace: string) => ({ metadata: { name: "kubevirt", namespace } });
const bundle = (pem: string, namespace = "kubevirt") => ({
  metadata: { name: "kubevirt-ca", namespace },
  data: { "ca-bundle": pem },
});

async function discover(t: Cleanup, fake: FakeKubernetes, config: object = {}, component?: string) {
  const { host, logger } = await podHost(t, fake);
  const told: (readonly KubernetesTarget[])[] = [];
  const targets = await KubernetesTargets.start({
    config: kubernetesSchema.parse(config),
    host,
    ...(component !== undefined && { component }),
    onChange: (current) => told.push(current),
  });
  t.after(() => targets.close());
  return { targets, told, logger, names: () => targets.current.map(({ podName }) => podName) };
}

test("finds the handlers where KubeVirt lives, with node, port, server name and CA", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("kubevirts.kubevirt.io", kubevirt("kubevirt"));
  fake.apply("configmaps", bundle("PEM 1"));
  const { metadata } = fake.apply("pods", handler({ name: "virt-handler-a", ip: "10.0.0.1" }));
  fake.apply("pods", handler({ name: "virt-handler-x", ip: "10.0.0.9", namespace: "elsewhere" }));
  fake.apply("pods", handler({ name: "virt-api", ip: "10.0.0.8", component: "virt-api" }));
  const { told, targets } = await discover(t, fake);
  await eventually(() => told.length > 0);
  assert.deepEqual(targets.current, [
    {
      podName: "virt-handler-a",
      podUid: metadata.uid,
      namespace: "kubevirt",
      nodeName: "node01",
      address: "10.0.0.1",
      port: 8443,
      serverName: "virt-handler.kubevirt.svc",
      caPem: "PEM 1",
    },
  ]);
  const calls = fake.calls.map(({ verb, resource, namespace }) => `${verb} ${resource} ${namespace}`);
  assert.ok(
    calls.every((call) => /^(list|watch) (kubevirts $|(pods|configmaps) kubevirt$)/.test(call)),
    String(calls),
  );
});

test("targets come, change their address and go; what stays is the same object", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", handler({ name: "a", ip: "10.0.0.1" }));
  const { told, targets, names } = await discover(t, fake, { namespaces: ["kubevirt"] });
  await eventually(() => told.length === 1);
  const [a] = targets.current;
  await fake.watching("pods");
  fake.apply("pods", handler({ name: "b", node: "node02", phase: "Pending" }));
  fake.apply("pods", handler({ name: "b", node: "node02" }));
  fake.apply("pods", handler({ name: "b", node: "node02", ip: "10.0.0.2" }));
  await eventually(() => names().includes("b"));
  assert.equal(targets.current[0], a);
  fake.apply("pods", handler({ name: "b", node: "node02", ip: "fd00::7" }));
  await eventually(() => targets.current[1]?.address === "fd00::7");
  fake.apply(
    "pods",
    handler({ name: "a", ip: "10.0.0.1", metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }),
  );
  await eventually(() => names().join() === "b");
  fake.apply("pods", handler({ name: "b", node: "node02", ip: "fd00::7", phase: "Failed" }));
  await eventually(() => names().length === 0);
  assert.equal(told.length, 5);
});

test("the CA is followed as it rotates", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", handler({ name: "a", ip: "10.0.0.1" }));
  const { told, targets } = await discover(t, fake, { namespaces: ["kubevirt"] });
  await eventually(() => told.length === 1);
  assert.equal(targets.current[0]?.caPem, undefined);
  await fake.watching("configmaps");
  for (const pem of ["PEM 1", "PEM 1\nPEM 2"]) {
    fake.apply("configmaps", bundle(pem));
    await eventually(() => targets.current[0]?.caPem === pem);
  }
});

test("without a KubeVirt object, or without the permission to see it, all namespaces are looked at", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.deny("list", "kubevirts.kubevirt.io");
  fake.apply("pods", handler({ name: "a", ip: "10.0.0.1", namespace: "somewhere" }));
  const { told, targets, logger } = await discover(t, fake);
  await eventually(() => told.length === 1);
  assert.equal(targets.current[0]?.serverName, "virt-handler.somewhere.svc");
  assert.match(String(logger.lines[0]?.fields["error"]), /resource "kubevirts" of API group "kubevirt.io"/);
  // Later it is known.
  fake.apply("pods", handler({ name: "b", ip: "10.0.0.2", namespace: "kubevirt" }));
  await eventually(() => targets.current.length === 2);
  fake.apply("kubevirts.kubevirt.io", kubevirt("kubevirt"));
  fake.allow("list", "kubevirts.kubevirt.io");
  await eventually(() => targets.current.length === 1);
  assert.equal(targets.current[0]?.podName, "b");
});

test("node, label selector, numeric port, another component, no ConfigMap", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const api = { component: "virt-api", node: "node01" };
  fake.apply("pods", handler({ name: "api-1", ip: "10.0.0.1", ...api }));
  fake.apply("pods", handler({ name: "api-2", ip: "10.0.0.2", ...api, node: "node02" }));
  fake.apply("configmaps", bundle("PEM"));
  const config = { namespaces: ["kubevirt"], node: "node01", port: 9090, ca_config_map: null };
  const { told, targets } = await discover(t, fake, config, "virt-api");
  await eventually(() => told.length === 1);
  assert.deepEqual(
    targets.current.map(({ podName, port, serverName, caPem }) => [podName, port, serverName, caPem]),
    [["api-1", 9090, "virt-api.kubevirt.svc", undefined]],
  );
  assert.ok(fake.calls.every(({ resource }) => resource === "pods"));
  const custom = await discover(t, fake, {
    namespaces: ["kubevirt"],
    label_selector: "kubevirt.io=virt-api",
  });
  await eventually(() => custom.told.length === 1);
  assert.deepEqual(custom.names(), ["api-1", "api-2"]);
});

test("shards share the nodes without gap or overlap, and a new pod on a node stays in its shard", async (t) => {
  const fake = await FakeKubernetes.start(t);
  for (let i = 0; i < 60; i++)
    fake.apply("pods", handler({ name: `h${i}`, ip: `10.0.0.${i}`, node: `node${i}` }));
  const shards = await Promise.all(
    [0, 1, 2].map((index) => discover(t, fake, { namespaces: ["kubevirt"], shard: { index, total: 3 } })),
  );
  await eventually(() => shards.every(({ told }) => told.length === 1));
  const all = shards.flatMap(({ names }) => names());
  assert.equal(new Set(all).size, 60);
  assert.equal(all.length, 60);
  assert.ok(shards.every(({ names }) => names().length > 8));
  const owner = shards.find(({ names }) => names().includes("h7"));
  await fake.watching("pods", 3);
  fake.delete("pods", "h7", "kubevirt");
  fake.apply("pods", handler({ name: "h7-new", ip: "10.0.1.7", node: "node7" }));
  await eventually(() => owner?.names().includes("h7-new") === true);
  assert.throws(() => kubernetesSchema.parse({ shard: { index: 3, total: 3 } }), /must be below total 3/);
});

test("of two pods with one IP the ready, then the younger one is scraped", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const at = (creationTimestamp: string) => ({ metadata: { creationTimestamp } });
  const names = [
    handler({ name: "old", ip: "10.0.0.1", ...at("2026-01-01T00:00:00Z") }),
    handler({ name: "young", ip: "10.0.0.1", node: "node02", ...at("2026-02-01T00:00:00Z") }),
    handler({
      name: "youngest",
      ip: "10.0.0.1",
      node: "node03",
      ready: false,
      ...at("2026-03-01T00:00:00Z"),
    }),
  ];
  for (const object of names) fake.apply("pods", object);
  const found = await discover(t, fake, { namespaces: ["kubevirt"] });
  await eventually(() => found.told.length === 1);
  assert.deepEqual(found.names(), ["young"]);
  const warned = found.logger.lines.filter(({ message }) => /same address/.test(message));
  assert.deepEqual(warned.map(({ fields }) => fields["pod"]).sort(), ["old", "youngest"]);
});

test("a pod without the named port is left out and named", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", handler({ name: "a", ip: "10.0.0.1" }));
  const { told, logger } = await discover(t, fake, { namespaces: ["kubevirt"], port: "prometheus" });
  await eventually(() => told.length === 1);
  assert.deepEqual(told, [[]]);
  assert.deepEqual(logger.lines[0]?.fields, { pod: "a", namespace: "kubevirt", port: "prometheus" });
});

test("an API outage keeps the targets", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", handler({ name: "a", ip: "10.0.0.1" }));
  const { told, names, logger } = await discover(t, fake, { namespaces: ["kubevirt"] });
  await eventually(() => told.length === 1);
  const { port } = fake;
  await fake.stop();
  await eventually(() => logger.lines.length > 0);
  assert.deepEqual(names(), ["a"]);
  fake.apply("pods", handler({ name: "b", ip: "10.0.0.2", node: "node02" }));
  await fake.listen(port);
  await eventually(() => names().length === 2);
  assert.equal(told.length, 2);
});
