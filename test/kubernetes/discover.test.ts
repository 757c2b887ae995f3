import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { discover, kubernetesSdSchema, type TargetGroup } from "../../src/kubernetes/index.ts";
import { type Cleanup, temporaryDirectory } from "../support/certificates.ts";
import { FakeKubernetes, type FakeObject } from "../support/fake-kubernetes.ts";
import { eventually, podHost } from "./support.ts";

async function groupsOf(t: Cleanup, fake: FakeKubernetes, config: object) {
  const { host, logger } = await podHost(t, fake);
  const told: (readonly TargetGroup[])[] = [];
  const discovery = await discover({
    config: kubernetesSdSchema.parse(config),
    host,
    onTargets: (groups) => told.push(groups),
  });
  t.after(() => discovery.close());
  await eventually(() => told.length > 0);
  return { told, logger, now: () => told.at(-1) ?? [] };
}

/** Labels without the prefix that all share. */
function short(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [name.replace("__meta_kubernetes_", ""), value]),
  );
}

const webPod: FakeObject = {
  metadata: {
    name: "web-1",
    namespace: "demo",
    uid: "pod-uid",
    labels: { "app.kubernetes.io/name": "web" },
    annotations: { "prometheus.io/scrape": "true" },
    ownerReferences: [{ kind: "ReplicaSet", name: "web-abc", controller: true }],
  },
  spec: {
    nodeName: "node01",
    containers: [
      {
        name: "web",
        image: "web:1",
        ports: [
          { name: "http", containerPort: 8080, protocol: "TCP" },
          { name: "metrics", containerPort: 9090, protocol: "TCP" },
        ],
      },
      { name: "sidecar", image: "sidecar:1" },
    ],
    initContainers: [{ name: "init", image: "init:1" }],
  },
  status: {
    phase: "Running",
    podIP: "10.0.0.1",
    hostIP: "192.168.0.1",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [{ name: "web", containerID: "containerd://1" }],
  },
};

const node: FakeObject = {
  metadata: { name: "node01", labels: { zone: "a" } },
  spec: { providerID: "kind://node01" },
  status: {
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    addresses: [
      { type: "Hostname", address: "node01" },
      { type: "InternalIP", address: "fd00::1" },
      { type: "InternalIP", address: "192.168.0.1" },
    ],
  },
};

const service: FakeObject = {
  metadata: { name: "web", namespace: "demo", labels: { team: "shop" }, annotations: { "a/b": "c" } },
  spec: {
    type: "LoadBalancer",
    clusterIP: "10.96.0.5",
    loadBalancerIP: "1.2.3.4",
    ports: [{ name: "http", port: 80, protocol: "TCP" }],
  },
};

const podLabels = {
  pod_name: "web-1",
  pod_ip: "10.0.0.1",
  pod_ready: "true",
  pod_phase: "Running",
  pod_node_name: "node01",
  pod_host_ip: "192.168.0.1",
  pod_uid: "pod-uid",
  pod_controller_kind: "ReplicaSet",
  pod_controller_name: "web-abc",
  pod_label_app_kubernetes_io_name: "web",
  pod_labelpresent_app_kubernetes_io_name: "true",
  pod_annotation_prometheus_io_scrape: "true",
  pod_annotationpresent_prometheus_io_scrape: "true",
};

const serviceLabels = {
  service_name: "web",
  service_label_team: "shop",
  service_labelpresent_team: "true",
  service_annotation_a_b: "c",
  service_annotationpresent_a_b: "true",
};

const container = (name: string, port?: string, number?: string) => ({
  pod_container_name: name,
  pod_container_image: `${name}:1`,
  pod_container_init: String(name === "init"),
  ...(port !== undefined && {
    pod_container_port_name: port,
    pod_container_port_number: number,
    pod_container_port_protocol: "TCP",
  }),
});

test("role pod: a target for each port, one for a container without, attached metadata", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", webPod);
  fake.apply("pods", { metadata: { name: "starting", namespace: "demo" } });
  fake.apply("nodes", node);
  fake.apply("namespaces", { metadata: { name: "demo", labels: { tier: "gold" } } });
  fake.apply("replicasets.apps", {
    metadata: {
      name: "web-abc",
      namespace: "demo",
      ownerReferences: [{ kind: "Deployment", name: "web", controller: true }],
    },
  });
  const { now } = await groupsOf(t, fake, {
    role: "pod",
    attach_metadata: { node: true, namespace: true, deployment: true },
  });
  const groups = new Map(now().map((group) => [group.source, group]));
  assert.deepEqual(groups.get("pod/demo/starting")?.targets, []);
  const group = groups.get("pod/demo/web-1");
  assert.deepEqual(short(group?.labels ?? {}), {
    ...podLabels,
    namespace: "demo",
    namespace_label_tier: "gold",
    namespace_labelpresent_tier: "true",
    node_name: "node01",
    node_label_zone: "a",
    node_labelpresent_zone: "true",
    pod_deployment_name: "web",
  });
  assert.deepEqual(group?.targets.map(short), [
    { __address__: "10.0.0.1:8080", ...container("web", "http", "8080"), pod_container_id: "containerd://1" },
    {
      __address__: "10.0.0.1:9090",
      ...container("web", "metrics", "9090"),
      pod_container_id: "containerd://1",
    },
    { __address__: "10.0.0.1", ...container("sidecar"), pod_container_id: "" },
    { __address__: "10.0.0.1", ...container("init"), pod_container_id: "" },
  ]);
});

test("role node", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("nodes", node);
  const { now } = await groupsOf(t, fake, { role: "node" });
  assert.deepEqual(
    now().map(({ source, labels, targets }) => ({
      source,
      labels: short(labels),
      targets: targets.map(short),
    })),
    [
      {
        source: "node/node01",
        labels: {
          node_name: "node01",
          node_label_zone: "a",
          node_labelpresent_zone: "true",
          node_provider_id: "kind://node01",
        },
        targets: [
          {
            __address__: "[fd00::1]:10250",
            instance: "node01",
            node_address_Hostname: "node01",
            node_address_InternalIP: "fd00::1",
          },
        ],
      },
    ],
  );
});

test("role service", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("services", service);
  const external = { type: "ExternalName", externalName: "db.example.org", ports: [{ port: 5432 }] };
  fake.apply("services", { metadata: { name: "db", namespace: "demo" }, spec: external });
  const { now } = await groupsOf(t, fake, { role: "service" });
  const [db, web] = now();
  assert.equal(web?.source, "svc/demo/web");
  assert.deepEqual(short(web?.labels ?? {}), { ...serviceLabels, namespace: "demo" });
  assert.deepEqual(web?.targets.map(short), [
    {
      __address__: "web.demo.svc:80",
      service_port_name: "http",
      service_port_number: "80",
      service_port_protocol: "TCP",
      service_type: "LoadBalancer",
      service_cluster_ip: "10.96.0.5",
      service_loadbalancer_ip: "1.2.3.4",
    },
  ]);
  assert.equal(db?.targets[0]?.["__meta_kubernetes_service_external_name"], "db.example.org");
  assert.equal(db?.targets[0]?.["__meta_kubernetes_service_cluster_ip"], undefined);
});

test("role endpoints: service and pod labels, and the pod's other ports", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", webPod);
  fake.apply("services", service);
  const targetRef = { kind: "Pod", name: "web-1", namespace: "demo" };
  fake.apply("endpoints", {
    metadata: { name: "web", namespace: "demo", labels: { l: "v" } },
    subsets: [
      {
        addresses: [{ ip: "10.0.0.1", nodeName: "node01", targetRef }],
        notReadyAddresses: [{ ip: "10.0.0.7", hostname: "seven" }],
        ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      },
    ],
  });
  const { now } = await groupsOf(t, fake, { role: "endpoints" });
  const [group] = now();
  assert.equal(group?.source, "endpoints/demo/web");
  assert.deepEqual(short(group?.labels ?? {}), {
    namespace: "demo",
    endpoints_name: "web",
    endpoints_label_l: "v",
    endpoints_labelpresent_l: "true",
    ...serviceLabels,
  });
  const port = { endpoint_port_name: "http", endpoint_port_protocol: "TCP" };
  assert.deepEqual(group?.targets.map(short), [
    {
      __address__: "10.0.0.1:8080",
      ...port,
      endpoint_ready: "true",
      endpoint_address_target_kind: "Pod",
      endpoint_address_target_name: "web-1",
      endpoint_node_name: "node01",
      ...podLabels,
      ...container("web", "http", "8080"),
    },
    { __address__: "10.0.0.7:8080", ...port, endpoint_ready: "false", endpoint_hostname: "seven" },
    { __address__: "10.0.0.1:9090", ...container("web", "metrics", "9090"), ...podLabels },
  ]);
});

test("role endpointslice", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("services", service);
  fake.apply("endpointslices.discovery.k8s.io", {
    metadata: { name: "web-x", namespace: "demo", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv6",
    ports: [{ name: "http", port: 8080, protocol: "TCP", appProtocol: "http" }],
    endpoints: [
      {
        addresses: ["fd00::5"],
        conditions: { ready: true, serving: true, terminating: false },
        hostname: "h",
        nodeName: "node01",
        zone: "a",
        deprecatedTopology: { "x/y": "z" },
      },
    ],
  });
  const { now } = await groupsOf(t, fake, { role: "endpointslice" });
  const [group] = now();
  assert.equal(group?.source, "endpointslice/demo/web-x");
  assert.deepEqual(short(group?.labels ?? {}), {
    namespace: "demo",
    endpointslice_name: "web-x",
    endpointslice_address_type: "IPv6",
    endpointslice_label_kubernetes_io_service_name: "web",
    endpointslice_labelpresent_kubernetes_io_service_name: "true",
    ...serviceLabels,
  });
  assert.deepEqual(group?.targets.map(short), [
    {
      __address__: "[fd00::5]:8080",
      endpointslice_port_name: "http",
      endpointslice_port_protocol: "TCP",
      endpointslice_port: "8080",
      endpointslice_port_app_protocol: "http",
      endpointslice_endpoint_conditions_ready: "true",
      endpointslice_endpoint_conditions_serving: "true",
      endpointslice_endpoint_conditions_terminating: "false",
      endpointslice_endpoint_hostname: "h",
      endpointslice_endpoint_node_name: "node01",
      endpointslice_endpoint_zone: "a",
      endpointslice_endpoint_topology_x_y: "z",
      endpointslice_endpoint_topology_present_x_y: "true",
    },
  ]);
});

test("role ingress: scheme by TLS hosts, wildcards, default path", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("ingresses.networking.k8s.io", {
    metadata: { name: "web", namespace: "demo" },
    spec: {
      ingressClassName: "nginx",
      tls: [{ hosts: ["*.example.org"] }],
      rules: [
        { host: "shop.example.org", http: { paths: [{ path: "/a" }, {}] } },
        { host: "a.b.example.org" },
      ],
    },
  });
  const { now } = await groupsOf(t, fake, { role: "ingress" });
  const [group] = now();
  assert.deepEqual(short(group?.labels ?? {}), {
    ingress_name: "web",
    ingress_class_name: "nginx",
    namespace: "demo",
  });
  const target = (host: string, path: string, scheme: string) => ({
    __address__: host,
    ingress_scheme: scheme,
    ingress_host: host,
    ingress_path: path,
  });
  assert.deepEqual(group?.targets.map(short), [
    target("shop.example.org", "/a", "https"),
    target("shop.example.org", "/", "https"),
    target("a.b.example.org", "/", "http"),
  ]);
});

test("groups follow their objects and those attached; the others stay the same objects", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.apply("pods", webPod);
  fake.apply("pods", {
    ...webPod,
    metadata: { name: "web-2", namespace: "demo" },
    spec: { nodeName: "node02" },
  });
  fake.apply("nodes", node);
  const { told, now } = await groupsOf(t, fake, { role: "pod", attach_metadata: { node: true } });
  const [first, second] = now();
  await fake.watching("nodes");
  fake.apply("nodes", { ...node, metadata: { name: "node01", labels: { zone: "b" } } });
  await eventually(() => told.length === 2);
  assert.equal(now()[0]?.labels["__meta_kubernetes_node_label_zone"], "b");
  assert.notEqual(now()[0], first);
  assert.equal(now()[1], second);
  fake.delete("pods", "web-1", "demo");
  await eventually(() => told.length === 3);
  assert.deepEqual(now(), [second]);
});

test("namespaces, own namespace and selectors bound what is read", async (t) => {
  const fake = await FakeKubernetes.start(t);
  for (const namespace of ["monitoring", "demo", "other"]) {
    fake.apply("pods", { ...webPod, metadata: { name: "a", namespace, labels: { app: "x" } } });
  }
  fake.apply("pods", { ...webPod, metadata: { name: "b", namespace: "demo" } });
  const { now } = await groupsOf(t, fake, {
    role: "pod",
    namespaces: { own_namespace: true, names: ["demo"] },
    selectors: [{ role: "pod", label: "app=x", field: "spec.nodeName=node01" }],
  });
  assert.deepEqual(
    now()
      .map(({ source }) => source)
      .sort(),
    ["pod/demo/a", "pod/monitoring/a"],
  );
});

test("an API server by its URL, with a token file and a CA", async (t) => {
  const fake = await FakeKubernetes.start(t);
  fake.tokens.add("secret");
  fake.apply("nodes", node);
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, "token"), "secret\n");
  await writeFile(join(directory, "ca"), fake.authority.certPem);
  const { now } = await groupsOf(t, fake, {
    role: "node",
    api_server: fake.url,
    authorization: { credentials_file: join(directory, "token") },
    tls_config: { ca_file: join(directory, "ca"), server_name: "kubernetes.default.svc" },
  });
  assert.equal(now().length, 1);
});

test("configurations that Prometheus refuses are refused", () => {
  const problem = (config: object) => kubernetesSdSchema.safeParse(config).error?.issues[0]?.message;
  assert.match(problem({ role: "pods" }) ?? "", /expected one of/);
  assert.equal(
    problem({ role: "service", selectors: [{ role: "pod", label: "a" }] }),
    "role service has selectors for service, got pod",
  );
  assert.equal(
    problem({ role: "pod", selectors: [{ role: "pod" }, { role: "pod" }] }),
    "repeated selector for role pod",
  );
  assert.equal(problem({ role: "pod", tls_config: {} }), "needs api_server");
});
