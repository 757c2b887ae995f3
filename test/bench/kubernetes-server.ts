/** The API server of the Kubernetes bench, in a process of its own so that it is not measured. */
import { FakeKubernetes, type FakeObject } from "../support/fake-kubernetes.ts";

const [pods = 0, vmis = 0] = process.argv.slice(2).map(Number);

/** About as much as the API server writes beside what anybody asks for. */
const ballast = {
  managedFields: Array.from({ length: 4 }, (_, i) => ({
    manager: `manager-${i}`,
    operation: "Update",
    apiVersion: "v1",
    time: "2026-01-01T00:00:00Z",
    fieldsV1: Object.fromEntries(
      Array.from({ length: 30 }, (_, f) => [`f:field-${i}-${f}`, { "f:value": {} }]),
    ),
  })),
};

function pod(i: number): FakeObject {
  return {
    metadata: {
      name: `virt-launcher-vm-${i}-abcde`,
      namespace: `tenant-${i % 200}`,
      uid: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { "kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": `vm-${i}`, app: `app-${i % 50}` },
      annotations: {
        "k8s.v1.cni.cncf.io/network-status": JSON.stringify([{ name: "net", ips: ["10.0.0.1"] }]),
      },
      ownerReferences: [
        { kind: "VirtualMachineInstance", name: `vm-${i}`, uid: `owner-${i}`, controller: true },
      ],
      ...ballast,
    },
    spec: {
      nodeName: `node-${i % 500}`,
      containers: Array.from({ length: 2 }, (_, c) => ({
        name: `container-${c}`,
        image: "quay.io/kubevirt/virt-launcher:v1.9.0",
        ports: [{ name: "metrics", containerPort: 8443, protocol: "TCP" }],
        env: Array.from({ length: 15 }, (_, e) => ({ name: `VARIABLE_${e}`, value: "value".repeat(5) })),
        volumeMounts: Array.from({ length: 10 }, (_, v) => ({ name: `volume-${v}`, mountPath: `/mnt/${v}` })),
      })),
    },
    status: {
      phase: "Running",
      podIP: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
        type,
        status: "True",
      })),
    },
  };
}

function vmi(i: number, phase: string): FakeObject {
  return {
    metadata: {
      name: `vm-${i}`,
      namespace: `tenant-${i % 200}`,
      uid: `10000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { "kubevirt.io/nodeName": `node-${i % 500}`, app: `app-${i % 50}` },
      annotations: {
        "kubevirt.io/cluster-instancetype-name": "u1.medium",
        "kubevirt.io/cluster-preference-name": "fedora",
      },
      ownerReferences: [{ kind: "VirtualMachine", name: `vm-${i}`, uid: `vm-uid-${i}`, controller: true }],
      ...ballast,
    },
    spec: {
      domain: {
        devices: {
          disks: Array.from({ length: 4 }, (_, d) => ({ name: `disk-${d}`, disk: { bus: "virtio" } })),
          interfaces: Array.from({ length: 2 }, (_, n) => ({ name: `net-${n}`, masquerade: {} })),
        },
        features: Object.fromEntries(
          Array.from({ length: 20 }, (_, f) => [`feature-${f}`, { enabled: true }]),
        ),
      },
    },
    status: {
      phase,
      nodeName: `node-${i % 500}`,
      guestOSInfo: {
        name: "Fedora Linux",
        version: "41",
        id: "fedora",
        kernelRelease: "6.11.4-301.fc41.x86_64",
      },
      interfaces: Array.from({ length: 2 }, (_, n) => ({
        name: `net-${n}`,
        ipAddress: "10.0.0.1",
        mac: "02:00",
      })),
      volumeStatus: Array.from({ length: 4 }, (_, v) => ({ name: `disk-${v}`, target: "vda" })),
    },
  };
}

const VMIS = "virtualmachineinstances.kubevirt.io";
const fake = await FakeKubernetes.start({ after() {} });
for (let i = 0; i < pods; i++) fake.apply("pods", pod(i));
for (let i = 0; i < vmis; i++) fake.apply(VMIS, vmi(i, "Running"));
fake.compact();
process.on("message", (events: number) => {
  for (let i = 0; i < events; i++) fake.apply(VMIS, vmi(i % vmis, i % 2 === 0 ? "Paused" : "Failed"));
});
process.on("disconnect", () => process.exit());
process.send?.({
  url: fake.url,
  listBytes: { pod: JSON.stringify(pod(0)).length, vmi: JSON.stringify(vmi(0, "Running")).length },
});
