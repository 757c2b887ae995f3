import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Attributes, Batch } from "../../../src/metrics/index.ts";
import { METADATA } from "../../../src/processors/kubevirt-attributes/config.ts";
import kubevirtAttributes from "../../../src/processors/kubevirt-attributes/index.ts";
import { eventually } from "../../kubernetes/support.ts";
import { type Cleanup, temporaryDirectory } from "../../support/certificates.ts";
import { FakeKubernetes, type FakeObject } from "../../support/fake-kubernetes.ts";
import { gauges, runProcessor } from "../../support/processor-harness.ts";

const VMIS = "virtualmachineinstances.kubevirt.io";
const VMS = "virtualmachines.kubevirt.io";

async function run(t: Cleanup, fake: FakeKubernetes, config: object = {}, vms = false) {
  const file = join(await temporaryDirectory(t), "config");
  const kubeconfig = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c" } }],
    clusters: [{ name: "c", cluster: { server: fake.url, "insecure-skip-tls-verify": true } }],
  };
  await writeFile(file, JSON.stringify(kubeconfig));
  const harness = await runProcessor(t, kubevirtAttributes, {
    auth_type: "kubeConfig",
    kubeconfig_file: file,
    ...config,
  });
  await fake.watching(VMIS);
  if (vms) await fake.watching(VMS);
  return harness;
}

function vmi(name: string, more: { metadata?: object; status?: object } = {}): FakeObject {
  return {
    metadata: {
      name,
      namespace: "demo",
      uid: `vmi-${name}`,
      creationTimestamp: "2026-02-01T00:00:00Z",
      labels: { app: "shop", "kubevirt.io/nodeName": "node01" },
      annotations: {
        "kubevirt.io/cluster-instancetype-name": "u1.medium",
        "kubevirt.io/preference-name": "fedora",
        huge: "x".repeat(100_000),
      },
      ownerReferences: [{ kind: "VirtualMachine", name, uid: `vm-${name}`, controller: true }],
      ...more.metadata,
    },
    status: {
      phase: "Running",
      nodeName: "node01",
      guestOSInfo: {
        name: "Fedora Linux",
        version: "41",
        id: "fedora",
        prettyName: "Fedora Linux 41",
        kernelRelease: "6.11",
        machine: "x86_64",
      },
      migrationState: { sourceNode: "node00", targetNode: "node01", completed: true },
      ...more.status,
    },
  };
}

const vm = (name: string, spec: object = {}, metadata: object = {}): FakeObject => ({
  metadata: {
    name,
    namespace: "demo",
    uid: `vm-${name}`,
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { team: "payments" },
    ownerReferences: [{ kind: "VirtualMachinePool", name: "pool", controller: true }],
    ...metadata,
  },
  spec: { runStrategy: "Always", ...spec },
  status: { printableStatus: "Running" },
});

const point = (name: string, more: Attributes = {}) => ({ namespace: "demo", name, ...more });

/** Attributes of the first point of a metric that comes out. */
async function pointOf(
  { send }: { send(batch: Batch): Promise<Batch> },
  metric: string,
  attributes: Attributes,
): Promise<Attributes | undefined> {
  const batch = await send(
    Batch.from([gauges({ "service.name": "virt-handler" }, { [metric]: [attributes] })]),
  );
  return batch.resourceMetrics[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.attributes;
}

const stable = {
  "kubevirt.vm.name": "web",
  "kubevirt.vm.instancetype": "u1.medium",
  "kubevirt.vm.preference": "fedora",
  "kubevirt.vmi.guest_os.name": "Fedora Linux",
  "kubevirt.vmi.guest_os.version": "41",
};

test("joins machines to the points of their metrics, before and after the documented names", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply(VMIS, vmi("web"));
  fake.apply(VMS, vm("web"));
  const harness = await run(t, fake);
  const web = point("web", { drive: "vda" });
  assert.deepEqual(await pointOf(harness, "kubevirt_vmi_storage_read_traffic_bytes_total", web), {
    ...web,
    ...stable,
  });
  const documented = { vm_namespace: "demo", name: "web", kube_namespace: "kubevirt" };
  assert.deepEqual(await pointOf(harness, "kubevirt_handler.vmi.memory_used_bytes", documented), {
    ...documented,
    ...stable,
  });
  // Only the instances are read for that.
  assert.ok(fake.calls.every(({ resource }) => resource === "virtualmachineinstances"));
  // Elsewhere a name is something else.
  for (const [metric, attributes] of [
    ["kubevirt_workqueue_depth", { name: "web" }],
    ["other_metric", web],
    ["kubevirt_vmi_info", point("unknown")],
  ] as const) {
    assert.deepEqual(await pointOf(harness, metric, attributes), attributes);
  }
  const counter = "otelcol_processor_kubevirt_attributes_machines";
  assert.equal(await harness.meter.total(counter, { outcome: "matched" }), 2);
  assert.equal(await harness.meter.total(counter, { outcome: "unmatched" }), 1);
});

test("where each machine has a resource of its own, the resource gets them", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply(VMIS, vmi("web"));
  fake.apply(VMS, vm("web"));
  const { send } = await run(t, fake);
  const resource = { "service.name": "kubevirt-vmi", vm_namespace: "demo", name: "web", node: "node01" };
  const batch = await send(
    Batch.from([gauges(resource, { "kubevirt_handler.vmi.memory": [{ drive: "vda" }] })]),
  );
  const [out] = batch.resourceMetrics;
  assert.deepEqual(out?.resource.attributes, { ...resource, ...stable });
  assert.deepEqual(out?.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.attributes, { drive: "vda" });
});

test("everything that can be asked for", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply(VMIS, vmi("web"));
  fake.apply(VMS, vm("web"));
  const config = {
    extract: {
      metadata: METADATA,
      labels: [{ key: "app" }, { key_regex: "(t.*)", tag_name: "$1.name", from: "vm" }],
      annotations: [{ key: "kubevirt.io/preference-name", tag_name: "preference" }],
    },
  };
  const harness = await run(t, fake, config, true);
  assert.deepEqual(await pointOf(harness, "kubevirt_vmi_info", point("web")), {
    ...point("web"),
    ...stable,
    "kubevirt.vm.owner.kind": "VirtualMachinePool",
    "kubevirt.vm.owner.name": "pool",
    "kubevirt.vm.uid": "vm-web",
    "kubevirt.vm.run_strategy": "Always",
    "kubevirt.vm.status": "Running",
    "kubevirt.vm.creation_time": "2026-01-01T00:00:00Z",
    "kubevirt.vmi.uid": "vmi-web",
    "kubevirt.vmi.phase": "Running",
    "kubevirt.vmi.node.name": "node01",
    "kubevirt.vmi.creation_time": "2026-02-01T00:00:00Z",
    "kubevirt.vmi.guest_os.id": "fedora",
    "kubevirt.vmi.guest_os.pretty_name": "Fedora Linux 41",
    "kubevirt.vmi.guest_os.kernel_release": "6.11",
    "kubevirt.vmi.guest_os.machine": "x86_64",
    "kubevirt.vmi.migration.state": "completed",
    "kubevirt.vmi.migration.source_node": "node00",
    "kubevirt.vmi.migration.target_node": "node01",
    "kubevirt.vmi.label.app": "shop",
    "team.name": "payments",
    preference: "fedora",
  });
});

test("a machine that does not run, one without a VirtualMachine, an older spec", async (t) => {
  const fake = await FakeKubernetes.start(t);
  const owner = {
    ownerReferences: [{ kind: "VirtualMachineInstanceReplicaSet", name: "rs", controller: true }],
  };
  fake.apply(
    VMIS,
    vmi("alone", { metadata: { ...owner, annotations: {} }, status: { migrationState: undefined } }),
  );
  fake.apply(VMS, vm("halted", { runStrategy: undefined, running: false, instancetype: { name: "n1" } }));
  const config = {
    extract: {
      metadata: [
        "kubevirt.vm.name",
        "kubevirt.vm.owner.name",
        "kubevirt.vm.instancetype",
        "kubevirt.vm.run_strategy",
        "kubevirt.vmi.migration.state",
      ],
    },
  };
  const harness = await run(t, fake, config, true);
  assert.deepEqual(await pointOf(harness, "kubevirt_vmi_info", point("alone")), {
    ...point("alone"),
    "kubevirt.vm.owner.name": "rs",
    "kubevirt.vmi.migration.state": "none",
  });
  assert.deepEqual(await pointOf(harness, "kubevirt_vm_info", point("halted")), {
    ...point("halted"),
    "kubevirt.vm.name": "halted",
    "kubevirt.vm.owner.name": "pool",
    "kubevirt.vm.instancetype": "n1",
    "kubevirt.vm.run_strategy": "Halted",
  });
});

test("a change makes anew only what shows it", async (t) => {
  const fake = await FakeKubernetes.start(t);
  for (const name of ["web", "db"]) fake.apply(VMIS, vmi(name));
  const { send } = await run(t, fake, {
    extract: { metadata: ["kubevirt.vmi.phase", "kubevirt.vmi.migration.state"] },
  });
  assert.ok(
    fake.calls.every(({ resource }) => resource === "virtualmachineinstances"),
    "VMs are not asked for",
  );
  const points = [point("web"), point("db")];
  const { layout, column } = Batch.from([
    gauges({ "service.name": "virt-handler" }, { kubevirt_a: points, kubevirt_b: [point("db")], go_c: [{}] }),
  ]);
  const metrics = async () => {
    const batch = await send(Batch.fromColumns(layout, column));
    return { layout: batch.layout, metrics: batch.layout.resources[0]?.scopes[0]?.metrics ?? [] };
  };
  const first = await metrics();
  assert.equal(first.metrics[0]?.attributes[0]?.["kubevirt.vmi.phase"], "Running");
  assert.equal(first.metrics[2], layout.resources[0]?.scopes[0]?.metrics[2]);
  assert.equal((await metrics()).layout, first.layout);
  // What is not extracted, and another machine: the same layout.
  fake.apply(VMIS, vmi("web", { status: { nodeName: "node09" } }));
  fake.apply(VMIS, vmi("other"));
  const other = async () => pointOf({ send }, "kubevirt_a", point("other"));
  await eventually(async () => (await other())?.["kubevirt.vmi.phase"] !== undefined);
  assert.equal((await metrics()).layout, first.layout);
  fake.apply(VMIS, vmi("web", { status: { migrationState: { sourceNode: "a" } } }));
  await eventually(async () => (await metrics()).layout !== first.layout);
  const second = await metrics();
  assert.equal(second.metrics[0]?.attributes[0]?.["kubevirt.vmi.migration.state"], "running");
  assert.equal(second.metrics[0]?.attributes[1], first.metrics[0]?.attributes[1]);
  assert.equal(second.metrics[1], first.metrics[1]);
  fake.delete(VMIS, "web", "demo");
  await eventually(async () => (await metrics()).layout !== second.layout);
  assert.equal((await metrics()).metrics[0]?.attributes[0], points[0]);
});

test("node and namespaces bound what is kept; a missing permission costs its part only", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.deny("list", VMS);
  fake.apply(VMIS, vmi("web"));
  fake.apply(VMIS, vmi("far", { metadata: { labels: { "kubevirt.io/nodeName": "node02" } } }));
  const harness = await run(t, fake, {
    node: "node01",
    namespaces: ["demo"],
    extract: { metadata: ["kubevirt.vm.name", "kubevirt.vm.owner.name"] },
  });
  await eventually(() => harness.logger.lines.length > 0);
  assert.match(
    String(harness.logger.lines[0]?.fields["error"]),
    /not allowed to list virtualmachines.kubevirt.io in namespace "demo", grant verb "list" on resource "virtualmachines"/,
  );
  assert.deepEqual(await pointOf(harness, "kubevirt_vmi_info", point("web")), {
    ...point("web"),
    "kubevirt.vm.name": "web",
  });
  assert.deepEqual(await pointOf(harness, "kubevirt_vmi_info", point("far")), point("far"));
});
