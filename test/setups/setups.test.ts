import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { main } from "../../src/cli/main.ts";
import { components } from "../../src/distribution/index.ts";
import { runPipelineTest } from "../../src/testing/index.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { FakeKubernetes } from "../support/fake-kubernetes.ts";

/** Configurations as users of the Collector write them. */
const here = import.meta.dirname;
const setups = globSync("*.yaml", { cwd: here }).filter((name) => !name.endsWith(".test.yaml"));

/** A copy of the setups beside `api-server.yaml`, which says where the Kubernetes API is. */
async function beside(t: TestContext, fake: FakeKubernetes): Promise<string> {
  const directory = await temporaryDirectory(t);
  await cp(here, directory, { recursive: true });
  const kubeconfig = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c" } }],
    clusters: [{ name: "c", cluster: { server: fake.url, "insecure-skip-tls-verify": true } }],
  };
  const file = join(directory, "kubeconfig");
  await writeFile(file, JSON.stringify(kubeconfig));
  const k8sattributes = { auth_type: "kubeConfig", kubeconfig_file: file, wait_for_metadata: true };
  await writeFile(join(directory, "api-server.yaml"), JSON.stringify({ processors: { k8sattributes } }));
  return directory;
}

async function cluster(t: TestContext): Promise<FakeKubernetes> {
  const fake = await FakeKubernetes.start(t);
  fake.apply("namespaces", {
    metadata: { name: "demo", uid: "demo", annotations: { "example.org/team": "checkout" } },
  });
  fake.apply("pods", {
    metadata: {
      name: "shop-5f7-x1",
      namespace: "demo",
      uid: "uid-1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { "app.kubernetes.io/name": "shop", "pod-template-hash": "5f7" },
      ownerReferences: [{ kind: "ReplicaSet", name: "shop-5f7", uid: "rs", controller: true }],
    },
    spec: { nodeName: "node01", containers: [{ name: "main", image: "shop:1" }] },
    status: { phase: "Running", podIP: "10.0.0.1" },
  });
  return fake;
}

for (const setup of setups) {
  test(`${setup} is valid, and does what its test says`, async (t) => {
    let err = "";
    const code = await main(["validate", "--config", setup], {
      out: () => {},
      err: (text) => {
        err += text;
      },
      errIsTerminal: false,
      cwd: here,
      env: { API_KEY: "key", TOKEN: "t0ken", K8S_NODE_NAME: "node01", CLUSTER_NAME: "prod" },
      stdin: async function* () {},
    });
    assert.equal(code, 0, err);
    // Old names of components are told, and nothing else.
    assert.deepEqual(
      err.split("\n").filter((line) => line.includes("warning:") && !line.includes("alias is deprecated")),
      [],
    );
    const name = setup.replace(/\.yaml$/, ".test.yaml");
    const file = join(await beside(t, await cluster(t)), name);
    const { steps, ok } = await runPipelineTest(file, { components });
    assert.ok(ok, steps.map(({ step, diff = "" }) => `${step}\n${diff}`).join("\n"));
  });
}
