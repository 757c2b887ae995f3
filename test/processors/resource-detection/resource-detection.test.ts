import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { hostname, platform } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../../src/component/index.ts";
import { Batch } from "../../../src/metrics/index.ts";
import resourcedetection from "../../../src/processors/resource-detection/index.ts";
import { temporaryDirectory } from "../../support/certificates.ts";
import { FakeKubernetes } from "../../support/fake-kubernetes.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";

/** Environment variables for the time of a test. */
function setEnv(t: TestContext, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

async function kubeconfig(t: TestContext, fake: FakeKubernetes): Promise<object> {
  const file = join(await temporaryDirectory(t), "config");
  const cluster = { server: fake.url, "insecure-skip-tls-verify": true };
  await writeFile(
    file,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c" } }],
      clusters: [{ name: "c", cluster }],
    }),
  );
  return { auth_type: "kubeConfig", kubeconfig_file: file };
}

const run = (t: TestContext, config: object) => runProcessor(t, resourcedetection, config, systemClock);

test("env reads OTEL_RESOURCE_ATTRIBUTES, and overrides unless told otherwise", async (t) => {
  setEnv(t, { OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=prod, note=a%2Cb%3D1%,,host.name = h" });
  const detected = { "deployment.environment": "prod", note: "a%2Cb%3D1%", "host.name": "h" };
  const own = { "host.name": "target", "service.name": "s" };
  assert.deepEqual(await (await run(t, {})).resource(own), { ...own, ...detected });
  assert.deepEqual(await (await run(t, { override: false })).resource(own), { ...detected, ...own });
  setEnv(t, { OTEL_RESOURCE_ATTRIBUTES: "note=a%2Cb" });
  assert.deepEqual(await (await run(t, {})).resource({}), { note: "a,b" });
});

test("the first detector that knows an attribute counts", async (t) => {
  setEnv(t, { OTEL_RESOURCE_ATTRIBUTES: "host.name=from-env" });
  const system = { hostname_sources: ["os"] };
  const first = await (await run(t, { detectors: ["env", "system"], system })).resource({});
  const second = await (await run(t, { detectors: ["system", "env"], system })).resource({});
  assert.equal(first?.["host.name"], "from-env");
  assert.equal(second?.["host.name"], hostname());
});

test("system tells what it is asked for", async (t) => {
  const switches = (enabled: boolean, ...names: string[]) =>
    Object.fromEntries(names.map((name) => [name, { enabled }]));
  const os = platform() === "win32" ? "windows" : platform();
  const config = (resource_attributes: object) => ({
    detectors: ["system"],
    system: { hostname_sources: ["os"], resource_attributes },
  });
  assert.deepEqual(await (await run(t, config({}))).resource({}), { "host.name": hostname(), "os.type": os });
  const more = await run(
    t,
    config({
      ...switches(false, "host.name"),
      ...switches(true, "host.arch", "host.ip", "host.mac", "os.description", "os.version"),
    }),
  );
  const found = await more.resource({});
  assert.deepEqual(Object.keys(found ?? {}).toSorted(), [
    "host.arch",
    "host.ip",
    "host.mac",
    "os.description",
    "os.type",
    "os.version",
  ]);
  assert.ok(Array.isArray(found?.["host.ip"]));
});

test("kubernetes_node knows the node by a variable, and its uid by the API server", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("nodes", { metadata: { name: "node01", uid: "u-1" } });
  fake.apply("nodes", { metadata: { name: "node02", uid: "u-2" } });
  setEnv(t, { MY_NODE: "node02" });
  const node = { node_from_env_var: "MY_NODE", ...(await kubeconfig(t, fake)) };
  const nameOnly = { ...node, resource_attributes: { "k8s.node.uid": { enabled: false } } };
  const name = await run(t, { detectors: ["k8snode"], k8snode: nameOnly });
  assert.deepEqual(await name.resource({}), { "k8s.node.name": "node02" });
  assert.equal(fake.calls.length, 0);
  const both = await run(t, { detectors: ["kubernetes_node"], kubernetes_node: node, timeout: "600s" });
  assert.deepEqual(await both.resource({}), { "k8s.node.name": "node02", "k8s.node.uid": "u-2" });
});

test("what is late is missing, without what is known", async (t) => {
  const fake = await FakeKubernetes.start(t);
  // Never answers.
  fake.faults.push(() => true);
  setEnv(t, { K8S_NODE_NAME: "node01" });
  const kubernetes_node = await kubeconfig(t, fake);
  const it = await run(t, { detectors: ["kubernetes_node"], kubernetes_node, timeout: "50ms" });
  assert.deepEqual(await it.resource({}), { "k8s.node.name": "node01" });
});

test("a detector that fails is logged, or stops the start", async (t) => {
  const config = {
    detectors: ["env", "kubernetes_node"],
    kubernetes_node: { node_from_env_var: "NO_SUCH_VARIABLE" },
  };
  setEnv(t, { OTEL_RESOURCE_ATTRIBUTES: "a=b" });
  const it = await run(t, config);
  assert.deepEqual(await it.resource({}), { a: "b" });
  assert.deepEqual(
    it.logger.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields["detector"]),
    ["kubernetes_node", "kubernetes_node"],
  );
  await assert.rejects(run(t, { ...config, fail_on_missing_metadata: true }), {
    code: "COMPONENT_START",
    message: /detector kubernetes_node failed/,
  });
  setEnv(t, { OTEL_RESOURCE_ATTRIBUTES: "no equals sign" });
  await assert.rejects(run(t, { fail_on_missing_metadata: true }), { code: "COMPONENT_START" });
});

test("a resource that has everything passes as it is; others keep their identity", async (t) => {
  setEnv(t, { OTEL_RESOURCE_ATTRIBUTES: "a=b" });
  const { send } = await run(t, {});
  const known = Batch.from([gauges({ a: "b" }, { m: [{}] })]);
  assert.equal(await send(known), known);
  const source = gauges({}, { m: [{}] });
  const resource = async () => (await send(Batch.from([source]))).layout.resources[0]?.resource;
  assert.equal(await resource(), await resource());
});

test("detectors that do not exist are refused", () => {
  assert.match(
    resourcedetection.config.safeParse({ detectors: ["ec2"] }).error?.message ?? "",
    /kubernetes_node/,
  );
});
