import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Batch } from "../../../src/metrics/index.ts";
import k8sAttributes from "../../../src/processors/k8s-attributes/index.ts";
import { eventually, hastyClock } from "../../kubernetes/support.ts";
import { type Cleanup, temporaryDirectory } from "../../support/certificates.ts";
import { FakeKubernetes, type FakeObject } from "../../support/fake-kubernetes.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";

async function kubeconfig(t: Cleanup, fake: FakeKubernetes): Promise<object> {
  const file = join(await temporaryDirectory(t), "config");
  const config = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c" } }],
    clusters: [{ name: "c", cluster: { server: fake.url, "insecure-skip-tls-verify": true } }],
  };
  await writeFile(file, JSON.stringify(config));
  return { auth_type: "kubeConfig", kubeconfig_file: file };
}

async function run(t: Cleanup, fake: FakeKubernetes, config: object = {}, clock = hastyClock) {
  const connection = await kubeconfig(t, fake);
  return await runProcessor(
    t,
    k8sAttributes,
    { ...connection, wait_for_metadata: true, wait_for_metadata_timeout: "600s", ...config },
    clock,
  );
}

function pod(name: string, more: { metadata?: object; spec?: object; status?: object } = {}): FakeObject {
  return {
    metadata: {
      name,
      namespace: "kubevirt",
      uid: `uid-${name}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { "kubevirt.io": "virt-handler", "pod-template-hash": "5f7" },
      annotations: { team: "virt", huge: "x".repeat(100_000) },
      ownerReferences: [{ kind: "ReplicaSet", name: "web-5f7", uid: "rs-uid", controller: true }],
      ...more.metadata,
    },
    spec: {
      nodeName: "node01",
      containers: [{ name: "main", image: "quay.io:5000/kubevirt/handler:v1.9" }],
      ...more.spec,
    },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      containerStatuses: [{ name: "main", containerID: "containerd://abc", imageID: "docker.io/h@sha256:1" }],
      ...more.status,
    },
  };
}

const defaults = {
  "k8s.namespace.name": "kubevirt",
  "k8s.pod.name": "a",
  "k8s.pod.uid": "uid-a",
  "k8s.pod.start_time": "2026-01-01T00:00:00Z",
  "k8s.deployment.name": "web",
  "k8s.node.name": "node01",
};

test("associates scraped data out of the box: by uid, by name and namespace, by IP", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  fake.apply("pods", pod("b", { status: { podIP: "10.0.0.2" } }));
  const { resource, meter } = await run(t, fake);
  for (const attributes of [
    { "k8s.pod.uid": "uid-a" },
    { "k8s.pod.name": "a", "k8s.namespace.name": "kubevirt" },
    { "k8s.pod.ip": "10.0.0.1" },
  ]) {
    assert.deepEqual(await resource({ "service.name": "x", ...attributes }), {
      "service.name": "x",
      ...defaults,
      ...attributes,
    });
  }
  // A uid that is not known does not stop the next rule.
  assert.equal((await resource({ "k8s.pod.uid": "?", "k8s.pod.ip": "10.0.0.2" }))?.["k8s.pod.name"], "b");
  const unknown = { "k8s.pod.name": "none", "k8s.namespace.name": "kubevirt" };
  assert.deepEqual(await resource(unknown), unknown);
  const name = "otelcol_processor_k8s_attributes_resources";
  assert.equal(await meter.total(name, { outcome: "matched" }), 4);
  assert.equal(await meter.total(name, { outcome: "unmatched" }), 1);
  // Only pods: what is not asked for needs no permission.
  assert.ok(fake.calls.every(({ resource: kind }) => kind === "pods"));
});

test("own attributes stay, empty ones are filled", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  const { resource } = await run(t, fake);
  const result = await resource({
    "k8s.pod.uid": "uid-a",
    "k8s.node.name": "mine",
    "k8s.deployment.name": "",
  });
  assert.equal(result?.["k8s.node.name"], "mine");
  assert.equal(result?.["k8s.deployment.name"], "web");
});

test("labels and annotations of pod, namespace, node and owner, by key and by pattern", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  fake.apply("namespaces", { metadata: { name: "kubevirt", labels: { tier: "gold" } } });
  fake.apply("namespaces", { metadata: { name: "kube-system", uid: "cluster-1" } });
  fake.apply("nodes", {
    metadata: { name: "node01", uid: "node-uid", labels: { zone: "a", "topology/rack": "7" } },
  });
  fake.apply("deployments.apps", {
    metadata: { name: "web", namespace: "kubevirt", annotations: { owner: "me" } },
  });
  fake.apply("replicasets.apps", {
    metadata: {
      name: "web-5f7",
      namespace: "kubevirt",
      ownerReferences: [{ kind: "Deployment", name: "web", uid: "deployment-uid", controller: true }],
    },
  });
  const { resource } = await run(t, fake, {
    extract: {
      metadata: ["k8s.cluster.uid", "k8s.node.uid", "k8s.deployment.uid"],
      labels: [
        { key: "kubevirt.io", tag_name: "component" },
        { key: "tier", from: "namespace" },
        { key_regex: "topology/(.*)", tag_name: "rack.$1", from: "node" },
      ],
      annotations: [{ key_regex: "te.m" }, { key: "owner", tag_name: "owner", from: "deployment" }],
    },
  });
  assert.deepEqual(await resource({ "k8s.pod.uid": "uid-a" }), {
    "k8s.pod.uid": "uid-a",
    component: "virt-handler",
    "k8s.pod.annotations.team": "virt",
    "k8s.namespace.labels.tier": "gold",
    "rack.rack": "7",
    owner: "me",
    "k8s.cluster.uid": "cluster-1",
    "k8s.node.uid": "node-uid",
    "k8s.deployment.uid": "deployment-uid",
  });
  // Without a pod the namespace and the node are known all the same.
  assert.deepEqual(await resource({ "k8s.namespace.name": "kubevirt" }), {
    "k8s.namespace.name": "kubevirt",
    "k8s.namespace.labels.tier": "gold",
    "k8s.cluster.uid": "cluster-1",
  });
});

test("containers, images and service attributes", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply(
    "pods",
    pod("a", { metadata: { annotations: { "resource.opentelemetry.io/service.name": "named" } } }),
  );
  const { resource } = await run(t, fake, {
    extract: {
      metadata: [
        "k8s.container.name",
        "container.id",
        "container.image.name",
        "container.image.tag",
        "container.image.repo_digests",
        "service.name",
        "service.version",
        "service.instance.id",
        "service.namespace",
      ],
      otel_annotations: true,
    },
  });
  assert.deepEqual(await resource({ "k8s.pod.uid": "uid-a" }), {
    "k8s.pod.uid": "uid-a",
    "k8s.container.name": "main",
    "container.id": "abc",
    "container.image.name": "quay.io:5000/kubevirt/handler",
    "container.image.tag": "v1.9",
    "container.image.repo_digests": ["docker.io/h@sha256:1"],
    "service.name": "named",
    "service.version": "v1.9",
    "service.instance.id": "kubevirt.a.main",
    "service.namespace": "kubevirt",
  });
});

test("other owners", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const owned = (name: string, kind: string, owner: string) =>
    fake.apply(
      "pods",
      pod(name, {
        metadata: { ownerReferences: [{ kind, name: owner, uid: `${kind}-uid`, controller: true }] },
      }),
    );
  owned("a", "DaemonSet", "virt-handler");
  owned("b", "StatefulSet", "db");
  owned("c", "Job", "backup-29134567");
  const kinds = ["daemonset", "statefulset", "job", "cronjob"];
  const { resource } = await run(t, fake, { extract: { metadata: kinds.map((kind) => `k8s.${kind}.name`) } });
  const of = async (name: string) => {
    const { "k8s.pod.uid": _, ...rest } = (await resource({ "k8s.pod.uid": `uid-${name}` })) ?? {};
    return rest;
  };
  assert.deepEqual(await of("a"), { "k8s.daemonset.name": "virt-handler" });
  assert.deepEqual(await of("b"), { "k8s.statefulset.name": "db" });
  assert.deepEqual(await of("c"), { "k8s.job.name": "backup-29134567", "k8s.cronjob.name": "backup" });
});

test("filters go to the server; excluded, ignored and host network pods", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  fake.apply("pods", pod("far", { spec: { nodeName: "node02" } }));
  fake.apply("pods", pod("jaeger-agent-1"));
  fake.apply(
    "pods",
    pod("ignored", { metadata: { annotations: { "opentelemetry.io/k8s-processor/ignore": "true" } } }),
  );
  fake.apply(
    "pods",
    pod("host", { spec: { nodeName: "node01", hostNetwork: true }, status: { podIP: "192.168.0.1" } }),
  );
  process.env["TEST_NODE_NAME"] = "node01";
  t.after(() => {
    delete process.env["TEST_NODE_NAME"];
  });
  const { resource } = await run(t, fake, {
    filter: {
      node_from_env_var: "TEST_NODE_NAME",
      namespace: "kubevirt",
      labels: [
        { key: "kubevirt.io", op: "exists" },
        { key: "x", value: "y", op: "not-equals" },
      ],
      fields: [{ key: "status.phase", value: "Failed", op: "not-equals" }],
    },
  });
  const { namespace, query } = fake.calls[0] ?? {};
  assert.equal(namespace, "kubevirt");
  assert.equal(query?.["labelSelector"], "kubevirt.io,x!=y");
  assert.equal(query?.["fieldSelector"], "spec.nodeName=node01,status.phase!=Failed");
  const known: unknown[] = [];
  for (const name of ["a", "far", "jaeger-agent-1", "ignored", "host"]) {
    known.push((await resource({ "k8s.pod.uid": `uid-${name}` }))?.["k8s.pod.name"]);
  }
  assert.deepEqual(known, ["a", undefined, undefined, undefined, "host"]);
  assert.deepEqual(await resource({ "k8s.pod.ip": "192.168.0.1" }), { "k8s.pod.ip": "192.168.0.1" });
});

test("custom association, also by a label; a connection never applies", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  const rule = (...names: string[]) => ({
    sources: names.map((name) => ({ from: "resource_attribute", name })),
  });
  const config = {
    extract: { labels: [{ key: "kubevirt.io", tag_name: "component" }] },
    pod_association: [{ sources: [{ from: "connection" }] }, rule("component", "k8s.node.name")],
  };
  const { resource } = await run(t, fake, config);
  assert.equal(
    (await resource({ component: "virt-handler", "k8s.node.name": "node01" }))?.["k8s.pod.name"],
    "a",
  );
  const parsed = k8sAttributes.config.parse(config);
  assert.deepEqual(
    k8sAttributes.warnings?.(parsed).map(({ path }) => path),
    [["pod_association", 0]],
  );
});

test("layouts and resources stay the same objects until something that they show changes", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  fake.apply("pods", pod("b", { status: { podIP: "10.0.0.2" } }));
  const { send } = await run(t, fake, { extract: { labels: [{ key: "release" }] } });
  const { layout, column } = Batch.from(
    ["a", "b"].map((name) => gauges({ "k8s.pod.uid": `uid-${name}` }, { up: [{}] })),
  );
  const out = async () => (await send(Batch.fromColumns(layout, column))).layout;
  const first = await out();
  assert.equal(await out(), first);
  await fake.watching("pods");
  // Another pod, and something of this one that nobody asked for.
  fake.apply("pods", pod("c", { status: { podIP: "10.0.0.3" } }));
  fake.apply("pods", pod("a", { status: { podIP: "10.0.0.1", phase: "Failed" } }));
  fake.apply("pods", pod("marker", { metadata: { uid: "marker" } }));
  const marker = async () =>
    (await send(Batch.from([gauges({ "k8s.pod.uid": "marker" }, { up: [{}] })]))).resourceMetrics[0]?.resource
      .attributes["k8s.pod.name"];
  await eventually(async () => (await marker()) !== undefined);
  assert.equal(await out(), first);
  fake.apply("pods", pod("a", { metadata: { labels: { release: "2" } } }));
  await eventually(async () => (await out()) !== first);
  const second = await out();
  assert.equal(second.resources[0]?.resource.attributes["k8s.pod.labels.release"], "2");
  assert.equal(second.resources[1], first.resources[1]);
  assert.equal(second.resources[0]?.scopes, first.resources[0]?.scopes);
});

test("a deleted pod is known for a while; a new one with its address or name goes before it", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", pod("a"));
  let skewMs = 0;
  const clock = { ...hastyClock, monotonic: () => hastyClock.monotonic() + skewMs };
  const { resource } = await run(t, fake, { pod_delete_grace_period: "120s" }, clock);
  await fake.watching("pods");
  fake.delete("pods", "a", "kubevirt");
  fake.apply("pods", pod("b", { metadata: { creationTimestamp: "2025-01-01T00:00:00Z" } }));
  const byIp = async () => (await resource({ "k8s.pod.ip": "10.0.0.1" }))?.["k8s.pod.name"];
  await eventually(async () => (await byIp()) === "b");
  assert.equal((await resource({ "k8s.pod.uid": "uid-a" }))?.["k8s.pod.name"], "a");
  skewMs = 121_000;
  assert.equal((await resource({ "k8s.pod.uid": "uid-a" }))?.["k8s.pod.name"], undefined);
});

test("without the API metrics pass as they are; waiting for metadata has an end", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.deny("list", "pods");
  const { resource, statuses } = await run(t, fake, { wait_for_metadata: false });
  await eventually(() => statuses.length > 0);
  assert.equal(statuses[0]?.status, "recoverable_error");
  assert.match(String(statuses[0]?.error), /not allowed to list pods/);
  assert.deepEqual(await resource({ "k8s.pod.uid": "uid-a" }), { "k8s.pod.uid": "uid-a" });
  await assert.rejects(run(t, fake, { wait_for_metadata_timeout: "10s" }), {
    code: "COMPONENT_START",
    message: /the Kubernetes API did not give pods within wait_for_metadata_timeout 10s/,
  });
  fake.allow("list", "pods");
  fake.apply("pods", pod("a"));
  await eventually(async () => (await resource({ "k8s.pod.uid": "uid-a" }))?.["k8s.pod.name"] === "a");
  assert.deepEqual(
    statuses.map(({ status }) => status),
    ["recoverable_error", "ok"],
  );
});

test("passthrough asks nobody", async (t) => {
  const { resource, processor } = await runProcessor(t, k8sAttributes, { passthrough: true });
  assert.deepEqual(await resource({ "k8s.pod.uid": "uid-a" }), { "k8s.pod.uid": "uid-a" });
  await processor.shutdown?.(0);
});

test("rules that cannot work are refused", () => {
  const problem = (extract: object) => k8sAttributes.config.safeParse({ extract }).error?.issues[0]?.message;
  assert.match(problem({ labels: [{ key: "a", key_regex: "b" }] }) ?? "", /needs key or key_regex/);
  assert.match(problem({ labels: [{ key_regex: "(?=x)" }] }) ?? "", /invalid regular expression/);
  assert.match(problem({ metadata: ["k8s.pod.nam"] }) ?? "", /k8s.pod.name/);
});
