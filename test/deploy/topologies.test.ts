import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { startVirtHandler, type VirtHandler } from "../../examples/virt-handler-sim/index.ts";
import type { Mode } from "../../scripts/manifests/chart.ts";
import { DOCUMENTED } from "../e2e/expected.ts";
import { metricsOf, startSink } from "../e2e/pipeline.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import { type Call, FakeKubernetes, fullName, status } from "../support/fake-kubernetes.ts";
import type { OtlpSink } from "../support/otlp-sink.ts";
import { type Manifest, manifestsOf, ofKind, workloadsOf } from "./manifests.ts";

/** One thing that a service account may do, as `verb resource namespace name`. */
function permissions(objects: readonly Manifest[], account: string): string[] {
  const roles = ofKind(objects, "RoleBinding", "ClusterRoleBinding")
    .filter(({ subjects }) => subjects.some(({ name }: { name: string }) => name === account))
    .map(({ roleRef }) =>
      objects.find(({ kind, metadata }) => kind === roleRef.kind && metadata.name === roleRef.name),
    );
  return roles
    .flatMap((role) =>
      role?.["rules"].flatMap(
        ({ apiGroups, resources, resourceNames = [""], verbs }: Record<string, string[]>) =>
          verbs?.flatMap((verb) =>
            resources?.flatMap((resource) =>
              resourceNames.map((name) => {
                const full = fullName({ group: apiGroups?.[0] ?? "", resource });
                return `${verb} ${full} ${role.metadata.namespace ?? ""} ${name}`;
              }),
            ),
          ),
      ),
    )
    .sort();
}

/** What a call needs; Kubernetes takes a field selector of the name for the name. */
function needs(call: Call): string {
  const name = /^metadata\.name=(.*)$/.exec(call.query["fieldSelector"] ?? "")?.[1] ?? "";
  return `${call.verb} ${fullName(call)} ${call.namespace} ${name}`;
}

interface Cluster {
  readonly fake: FakeKubernetes;
  readonly handler: VirtHandler;
  readonly kubeconfig: string;
}

/** KubeVirt with one node, and an API server that lets through what these permissions allow. */
async function startCluster(t: TestContext, allowed: readonly string[]): Promise<Cluster> {
  const fake = await FakeKubernetes.start(t);
  fake.faults.push((call, response) =>
    allowed.includes(needs(call)) ? false : status(response, 403, "Forbidden", "not allowed"),
  );
  const handler = await startVirtHandler({ vms: 2, node: "node01" });
  t.after(() => handler.close());
  fake.apply("configmaps", {
    metadata: { name: "kubevirt-ca", namespace: "kubevirt" },
    data: { "ca-bundle": handler.caPem },
  });
  fake.apply("pods", {
    metadata: { name: "virt-handler-a", namespace: "kubevirt", labels: { "kubevirt.io": "virt-handler" } },
    spec: {
      nodeName: "node01",
      containers: [{ ports: [{ name: "metrics", containerPort: Number(new URL(handler.url).port) }] }],
    },
    status: { phase: "Running", podIP: "127.0.0.1" },
  });
  for (const { name, namespace } of handler.world.vms) {
    fake.apply("virtualmachineinstances.kubevirt.io", {
      metadata: {
        name,
        namespace,
        labels: { "kubevirt.io/nodeName": "node01" },
        annotations: { "kubevirt.io/cluster-instancetype-name": "u1.medium" },
      },
      status: { phase: "Running", nodeName: "node01" },
    });
  }
  const kubeconfig = join(await temporaryDirectory(t), "kubeconfig");
  const cluster = {
    server: fake.url,
    "certificate-authority-data": Buffer.from(fake.authority.certPem).toString("base64"),
  };
  await writeFile(
    kubeconfig,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c" } }],
      clusters: [{ name: "c", cluster }],
    }),
  );
  return { fake, handler, kubeconfig };
}

interface Running {
  readonly collector: CollectorProcess;
  /** What the kubelet would ask for. */
  readonly probes: readonly string[];
}

/**
 * A part of a topology as its manifest says: the ConfigMap's text, the container's environment. Only where things are
 * is set: the API server, ports and directories of this machine.
 */
async function runPart(
  t: TestContext,
  mode: Mode,
  role: string,
  kubeconfig: string,
  env: Readonly<Record<string, string>>,
): Promise<Running> {
  const objects = manifestsOf(mode);
  const name = `otelcol-kubevirt-${role}`;
  const directory = await temporaryDirectory(t);
  const config = ofKind(objects, "ConfigMap").find(({ metadata }) => metadata.name === name);
  const text: string = config?.["data"]["config.yaml"];
  const file = join(directory, "config.yaml");
  await writeFile(file, text);
  const workload = workloadsOf(objects).find(({ metadata }) => metadata.name === name);
  const container = workload?.["spec"].template.spec.containers[0];
  const variables: { name: string; value?: string }[] = container.env;
  const given = Object.fromEntries(
    variables.map((variable) => [variable.name, variable.value ?? downward[variable.name] ?? ""]),
  );
  const healthPort = await freePort();
  const clients = ["receivers.kubevirt_handler.kubernetes", "processors.kubevirt_attributes"].filter((path) =>
    text.includes(`  ${path.split(".")[1]}:`),
  );
  const sets = [
    `extensions.health_check.endpoint=127.0.0.1:${healthPort}`,
    `extensions.file_storage.directory=${directory}`,
    // Its port is a fixed one, and other tests run beside this.
    "service.telemetry.metrics.level=none",
    "service.telemetry.logs.encoding=json",
    ...clients
      .filter((path) => role !== "gateway" || path.startsWith("processors"))
      .flatMap((path) => [`${path}.auth_type=kubeConfig`, `${path}.kubeconfig_file=${kubeconfig}`]),
    ...(role === "gateway" ? [`receivers.otlp.protocols.grpc.endpoint=${env["GATEWAY_ENDPOINT"]}`] : []),
    ...(role === "gateway" ? [] : ["receivers.kubevirt_handler.initial_delay=0s"]),
  ];
  const args = ["--config", file, ...sets.flatMap((set) => ["--set", set])];
  const collector = await CollectorProcess.start(t, args, {
    env: { ...given, COLLECTION_INTERVAL: "500ms", ...env },
  });
  const probes = [container.livenessProbe, container.readinessProbe].map(
    ({ httpGet }) => `http://127.0.0.1:${healthPort}${httpGet.path}`,
  );
  return { collector, probes };
}

/** What the downward API gives. */
const downward: Readonly<Record<string, string>> = {
  POD_IP: "127.0.0.1",
  K8S_NODE_NAME: "node01",
  SHARD_INDEX: "0",
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** All documented metrics arrive, those of machines with what the cluster knows about them. */
async function arrives(sink: OtlpSink, collector: CollectorProcess): Promise<void> {
  const complete = () => {
    const names = new Set(sink.batches.flatMap(metricsOf).map(({ descriptor }) => descriptor.name));
    const machines = sink.batches.flat().filter(({ resource }) => resource.attributes["name"] !== undefined);
    return (
      DOCUMENTED.every((name) => names.has(name)) &&
      machines.some(({ resource }) => resource.attributes["kubevirt.vm.instancetype"] === "u1.medium")
    );
  };
  await collector.within(sink.until(complete), "all documented metrics");
  assert.deepEqual(sink.malformed, []);
}

/** Each permission is used, and none is missing: what is not among them is refused. */
async function usesAll(fake: FakeKubernetes, allowed: readonly string[]): Promise<void> {
  await fake.until(() =>
    allowed.every((permission) => fake.calls.some((call) => needs(call) === permission)),
  );
  assert.deepEqual([...new Set(fake.calls.map(needs))].sort(), [...new Set(allowed)].sort());
}

async function stops({ collector, probes }: Running): Promise<void> {
  for (const url of probes) {
    const { status: code } = await fetch(url);
    assert.equal(code, 200, url);
  }
  const { code: exit } = await collector.stop();
  if (process.platform !== "win32") assert.equal(exit, 0);
  assert.deepEqual(
    collector.logs.filter(({ level }) => level !== "info"),
    [],
  );
}

describe("topologies run as their manifests say, with the permissions they have", {
  concurrency: true,
}, () => {
  for (const mode of ["node", "cluster"] as const) {
    test(mode, async (t) => {
      const allowed = permissions(manifestsOf(mode), `otelcol-kubevirt-${mode}`);
      const { fake, kubeconfig } = await startCluster(t, allowed);
      const sink = await startSink(t);
      const running = await runPart(t, mode, mode, kubeconfig, { OTLP_ENDPOINT: sink.endpoint });
      await arrives(sink, running.collector);
      await usesAll(fake, allowed);
      await stops(running);
    });
  }

  test("gateway", async (t) => {
    const objects = manifestsOf("gateway");
    const [agentMay, gatewayMay] = ["agent", "gateway"].map((role) =>
      permissions(objects, `otelcol-kubevirt-${role}`),
    ) as [string[], string[]];
    // Two API servers, so that each part's calls are seen by themselves.
    const nodes = await startCluster(t, agentMay);
    const machines = await startCluster(t, gatewayMay);
    const sink = await startSink(t);
    const env = { OTLP_ENDPOINT: sink.endpoint, GATEWAY_ENDPOINT: `127.0.0.1:${await freePort()}` };
    const gateway = await runPart(t, "gateway", "gateway", machines.kubeconfig, env);
    await gateway.collector.untilLog("Everything is ready. Begin running and processing data.");
    const agent = await runPart(t, "gateway", "agent", nodes.kubeconfig, env);
    await arrives(sink, gateway.collector);
    await usesAll(nodes.fake, agentMay);
    await usesAll(machines.fake, gatewayMay);
    await stops(agent);
    await stops(gateway);
  });
});
