import assert from "node:assert/strict";
import { test } from "node:test";
import { writePemFiles } from "../../support/certificates.ts";
import { FakeKubernetes, type FakeObject } from "../../support/fake-kubernetes.ts";
import { run, STALE, startExporter } from "./support.ts";

function pod(name: string, address: string, annotations: Record<string, string>): FakeObject {
  const [podIP, port] = address.split(":");
  return {
    metadata: {
      name,
      namespace: "kubevirt",
      uid: `uid-${name}`,
      labels: { "kubevirt.io": "virt-controller" },
      annotations,
      ownerReferences: [{ kind: "ReplicaSet", name: "virt-controller-5d9", controller: true }],
    },
    spec: {
      nodeName: "node01",
      containers: [
        { name: "virt-controller", image: "i", ports: [{ name: "metrics", containerPort: Number(port) }] },
      ],
    },
    status: { phase: "Running", podIP, conditions: [{ type: "Ready", status: "True" }] },
  };
}

test("pods are found, scraped with what the cluster says of them, and end when they are gone", async (t) => {
  const exporter = await startExporter(t, "a 1\n");
  const fake = await FakeKubernetes.start(t);
  const { ca } = await writePemFiles(t, { ca: fake.authority.certPem });
  fake.apply("pods", pod("virt-controller-1", exporter.address, { "prometheus.io/scrape": "true" }));
  fake.apply("pods", pod("virt-controller-2", exporter.address, {}));
  const { next } = await run(t, [
    {
      kubernetes_sd_configs: [{ role: "pod", api_server: fake.url, tls_config: { ca_file: ca } }],
      relabel_configs: [
        {
          action: "keep",
          source_labels: ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"],
          regex: "true",
        },
        { action: "labelmap", regex: "__meta_kubernetes_pod_label_(kubevirt_io)" },
      ],
    },
  ]);
  const { resource, points } = await next();
  const [host, port] = exporter.address.split(":");
  assert.deepEqual(resource, {
    "service.name": "test",
    "service.instance.id": exporter.address,
    "server.address": host,
    "server.port": port,
    "url.scheme": "http",
    "k8s.pod.name": "virt-controller-1",
    "k8s.pod.uid": "uid-virt-controller-1",
    "k8s.container.name": "virt-controller",
    "k8s.namespace.name": "kubevirt",
    "k8s.node.name": "node01",
    "k8s.replicaset.name": "virt-controller-5d9",
  });
  assert.deepEqual(points, { "a{kubevirt_io=virt-controller}": 1 });
  fake.delete("pods", "virt-controller-1", "kubevirt");
  const ended = await next(({ report }) => report["up"] === STALE);
  assert.deepEqual(ended.points, { "a{kubevirt_io=virt-controller}": STALE });
  assert.equal(ended.resource["k8s.pod.name"], "virt-controller-1");
});

test("a pod that takes the address of another is another target", async (t) => {
  const exporter = await startExporter(t, "a 1\n");
  const fake = await FakeKubernetes.start(t);
  const { ca } = await writePemFiles(t, { ca: fake.authority.certPem });
  fake.apply("pods", pod("old", exporter.address, {}));
  const { next } = await run(t, [
    { kubernetes_sd_configs: [{ role: "pod", api_server: fake.url, tls_config: { ca_file: ca } }] },
  ]);
  await next();
  fake.delete("pods", "old", "kubevirt");
  fake.apply("pods", pod("new", exporter.address, {}));
  const ended = next(({ report }) => report["up"] === STALE);
  const begun = next(({ resource }) => resource["k8s.pod.name"] === "new");
  assert.deepEqual((await begun).points, { "a{}": 1 });
  assert.equal((await ended).resource["k8s.pod.name"], "old");
});
