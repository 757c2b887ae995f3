import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startVirtHandler } from "../../examples/virt-handler-sim/index.ts";
import { modes } from "../../scripts/manifests/chart.ts";
import type { MetricsBatch } from "../../src/metrics/index.ts";
import { point, run, value } from "../receivers/kubevirt-handler/support.ts";
import { KubeApiServer } from "./kube-apiserver.ts";
import { type Manifest, manifestsOf, workloadsOf } from "./manifests.ts";

/** The collection that an object is posted to. */
function collectionOf({ apiVersion, kind, metadata: { namespace } }: Manifest): string {
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const plural = kind.toLowerCase().replace(/y$/, "ie");
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}s`;
}

/** As much of KubeVirt's API as is read. */
function resourceDefinition(kind: string): unknown {
  const singular = kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${singular}s.kubevirt.io` },
    spec: {
      group: "kubevirt.io",
      scope: "Namespaced",
      names: { kind, singular, plural: `${singular}s` },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  };
}

function podOf(name: string, url: string): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { "kubevirt.io": "virt-handler" } },
    spec: {
      nodeName: "node01",
      automountServiceAccountToken: false,
      containers: [
        {
          name: "virt-handler",
          image: "virt-handler",
          ports: [{ name: "metrics", containerPort: Number(new URL(url).port) }],
        },
      ],
    },
  };
}

const from = (pod: string) => (batch: MetricsBatch) => batch[0]?.resource.attributes["k8s.pod.name"] === pod;

const given = process.env["KUBE_APISERVER"] !== undefined && process.env["ETCD"] !== undefined;
const skip = given ? false : "KUBE_APISERVER and ETCD name no programs";

describe("against a real kube-apiserver", { skip }, () => {
  let api: KubeApiServer;
  const pods = "/api/v1/namespaces/kubevirt/pods";

  before(async () => {
    api = await KubeApiServer.start();
    await api.ok("POST", "/api/v1/namespaces", { metadata: { name: "kubevirt" } });
    for (const kind of ["KubeVirt", "VirtualMachineInstance"])
      await api.ok(
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        resourceDefinition(kind),
      );
  });
  after(() => api.stop());

  test("it takes all manifests, strictly", async () => {
    const seen = new Set<string>();
    for (const object of modes.flatMap(manifestsOf)) {
      const path = collectionOf(object);
      const key = `${path}/${object.metadata.name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      await api.ok("POST", `${path}?fieldValidation=Strict`, object);
    }
  });

  test("their pods meet the namespace's standard, restricted", async () => {
    for (const { metadata, spec } of modes.flatMap((mode) => workloadsOf(manifestsOf(mode)))) {
      const pod = { apiVersion: "v1", kind: "Pod", ...spec.template };
      await api.ok("POST", `/api/v1/namespaces/${metadata.namespace}/pods?dryRun=All`, {
        ...pod,
        metadata: { ...pod.metadata, name: metadata.name },
      });
    }
    const root = { metadata: { name: "root" }, spec: { containers: [{ name: "a", image: "a" }] } };
    const { status } = await api.call("POST", "/api/v1/namespaces/otelcol-kubevirt/pods?dryRun=All", root);
    assert.equal(status, 403);
  });

  test("pods that are created, rolled and deleted are followed with the permissions of the node mode", async (t) => {
    const [one, two] = [await startVirtHandler({ seed: 1 }), await startVirtHandler({ seed: 2 })];
    t.after(() => Promise.all([one.close(), two.close()]));
    const create = async (name: string, url: string) => {
      await api.ok("POST", pods, podOf(name, url));
      const status = { phase: "Running", podIP: "127.0.0.1", podIPs: [{ ip: "127.0.0.1" }] };
      await api.ok("PATCH", `${pods}/${name}/status`, { status });
    };
    await api.ok("POST", "/api/v1/namespaces/kubevirt/configmaps", {
      metadata: { name: "kubevirt-ca" },
      data: { "ca-bundle": one.caPem + two.caPem },
    });
    await create("a", one.url);
    const running = await run(t, {
      collection_interval: "200ms",
      kubernetes: {
        auth_type: "kubeConfig",
        kubeconfig_file: await api.kubeconfig("otelcol-kubevirt", "otelcol-kubevirt-node"),
        namespaces: ["kubevirt"],
        node: "node01",
      },
    });
    assert.equal(value(await running.next(from("a")), "up"), 1);
    const [ended, began] = [
      running.next((batch) => from("a")(batch) && point(batch, "up")?.flags === 1),
      running.next(from("b")),
    ];
    await api.ok("DELETE", `${pods}/a?gracePeriodSeconds=0`);
    const created = Date.now();
    await create("b", two.url);
    assert.equal(value(await began, "up"), 1);
    t.diagnostic(`a new pod was scraped ${Date.now() - created} ms after it was created`);
    await ended;
    assert.deepEqual(running.log, []);
  });

  test("what the account may not read is named", async (t) => {
    const running = await run(t, {
      kubernetes: {
        auth_type: "kubeConfig",
        kubeconfig_file: await api.kubeconfig("otelcol-kubevirt", "otelcol-kubevirt-gateway"),
        namespaces: ["kubevirt"],
      },
    });
    while (running.status.at(-1)?.status !== "recoverable_error")
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.match(String(running.log[0]?.fields["error"]), /resource "pods"|resource "configmaps"/);
  });
});
