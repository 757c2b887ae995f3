import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeKubernetes } from "../support/fake-kubernetes.ts";
import { machines } from "./step-source.ts";

/** A cluster with the machines and the pod of the batches; its settings for processors that follow it. */
export async function startCluster() {
  const cleanups: (() => unknown)[] = [];
  const fake = await FakeKubernetes.start({ after: (task: () => unknown) => void cleanups.push(task) });
  for (const { namespace, name } of machines) {
    fake.apply("virtualmachineinstances.kubevirt.io", {
      metadata: { name, namespace, uid: `uid-${name}` },
      status: { phase: "Running", guestOSInfo: { name: "Fedora Linux", version: "41" } },
    });
  }
  fake.apply("pods", {
    metadata: { name: "virt-handler-abcde", namespace: "kubevirt", uid: "uid-handler" },
    spec: { nodeName: "node-1" },
    status: { podIP: "10.0.0.1", phase: "Running" },
  });
  fake.apply("nodes", { metadata: { name: "node-1", uid: "uid-node-1" } });
  const directory = await mkdtemp(join(tmpdir(), "otelcol-bench-"));
  const kubeconfig_file = join(directory, "config");
  const kubeconfig = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c" } }],
    clusters: [{ name: "c", cluster: { server: fake.url, "insecure-skip-tls-verify": true } }],
  };
  await writeFile(kubeconfig_file, JSON.stringify(kubeconfig));
  return {
    connection: { auth_type: "kubeConfig", kubeconfig_file },
    async stop(): Promise<void> {
      for (const cleanup of cleanups) await cleanup();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
