import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  startVirtHandler,
  type VirtHandler,
  type VirtHandlerSettings,
} from "../../../examples/virt-handler-sim/index.ts";
import type { DataPoint, MetricsBatch } from "../../../src/metrics/index.ts";
import { configSchema } from "../../../src/receivers/kubevirt-handler/config.ts";
import { type Cleanup, createCertificateAuthority, temporaryDirectory } from "../../support/certificates.ts";
import { FakeKubernetes } from "../../support/fake-kubernetes.ts";
import { point, type Run, run as runReceiver, value } from "./support.ts";

const run = (t: Cleanup, input: Record<string, unknown>) =>
  runReceiver(t, { collection_interval: "500ms", ...input });

/** A cluster with KubeVirt in it, and the options to reach it with. */
async function cluster(t: Cleanup) {
  const fake = await FakeKubernetes.start(t);
  fake.apply("kubevirts.kubevirt.io", { metadata: { name: "kubevirt", namespace: "kubevirt" } });
  const file = join(await temporaryDirectory(t), "kubeconfig");
  const ca = Buffer.from(fake.authority.certPem).toString("base64");
  await writeFile(
    file,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c" } }],
      clusters: [{ name: "c", cluster: { server: fake.url, "certificate-authority-data": ca } }],
    }),
  );
  return { fake, kubernetes: { auth_type: "kubeConfig", kubeconfig_file: file } };
}

async function handlerOf(t: Cleanup, settings: VirtHandlerSettings = {}): Promise<VirtHandler> {
  const handler = await startVirtHandler(settings);
  t.after(() => handler.close());
  return handler;
}

function applyBundle(fake: FakeKubernetes, ...pems: readonly string[]): void {
  fake.apply("configmaps", {
    metadata: { name: "kubevirt-ca", namespace: "kubevirt" },
    data: { "ca-bundle": pems.join("") },
  });
}

function applyPod(fake: FakeKubernetes, name: string, url: string, component = "virt-handler"): string {
  const { metadata } = fake.apply("pods", {
    metadata: { name, namespace: "kubevirt", labels: { "kubevirt.io": component } },
    spec: {
      nodeName: `node-of-${name}`,
      containers: [{ ports: [{ name: "metrics", containerPort: Number(new URL(url).port) }] }],
    },
    status: { phase: "Running", podIP: "127.0.0.1" },
  });
  return metadata.uid ?? "";
}

const podOf = (batch: MetricsBatch) => batch[0]?.resource.attributes["k8s.pod.name"];
const from = (pod: string) => (batch: MetricsBatch) => podOf(batch) === pod;
const works = (batch: MetricsBatch) => value(batch, "up") === 1;
const ended = (batch: MetricsBatch) => point(batch, "up")?.flags === 1;

/** Waits for a batch of a pod, taking whatever else comes. */
const nextOf = ({ next }: Run, pod: string, wanted: (batch: MetricsBatch) => boolean = () => true) =>
  next((batch) => from(pod)(batch) && wanted(batch));

describe("targets found in the cluster", { concurrency: true }, () => {
  test("a pod is found and scraped with its certificate verified, and described", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const handler = await handlerOf(t);
    applyBundle(fake, handler.caPem);
    const uid = applyPod(fake, "a", handler.url);
    const running = await run(t, {
      kubernetes: { ...kubernetes, cluster_name: "prod-eu", labels: { team: "virt" } },
    });
    const batch = await nextOf(
      running,
      "a",
      (one) => works(one) && value(one, "kubevirt_handler.can_connect") === 1,
    );
    const { port } = new URL(handler.url);
    assert.deepEqual(batch[0]?.resource.attributes, {
      "service.name": "virt-handler",
      "service.instance.id": `127.0.0.1:${port}`,
      "server.address": "127.0.0.1",
      "server.port": port,
      "url.scheme": "https",
      "k8s.pod.name": "a",
      "k8s.pod.uid": uid,
      "k8s.namespace.name": "kubevirt",
      "k8s.node.name": "node-of-a",
      "k8s.cluster.name": "prod-eu",
    });
    assert.equal(point(batch, "kubevirt_vmi_memory_available_bytes")?.attributes["team"], "virt");
    assert.deepEqual(
      running.log.filter(({ message }) => !/^Scrape /.test(message)),
      [],
    );
  });

  test("pods that come are scraped; of those that go every series ends, while the others go on", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const [a, b] = [await handlerOf(t), await handlerOf(t, { seed: 2 })];
    applyBundle(fake, a.caPem, b.caPem);
    applyPod(fake, "a", a.url);
    const running = await run(t, { kubernetes });
    await nextOf(running, "a");
    await fake.watching("pods");
    applyPod(fake, "b", b.url);
    const last = await nextOf(running, "b", works);
    const end = nextOf(running, "b", ended);
    fake.delete("pods", "b", "kubevirt");
    const gone = await end;
    const metrics = gone[0]?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    const points = metrics.flatMap(({ dataPoints }) => dataPoints as readonly DataPoint<unknown>[]);
    assert.ok(points.length > 100);
    assert.ok(points.every(({ flags }) => flags === 1));
    assert.deepEqual(gone[0]?.resource.attributes, last[0]?.resource.attributes);
    await nextOf(running, "a", works);
  });

  test("a new pod at an old address is a target of its own", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const handler = await handlerOf(t);
    applyBundle(fake, handler.caPem);
    applyPod(fake, "old", handler.url);
    const running = await run(t, { kubernetes });
    await nextOf(running, "old", works);
    await fake.watching("pods");
    const [end, begin] = [nextOf(running, "old", ended), nextOf(running, "new", works)];
    fake.delete("pods", "old", "kubevirt");
    applyPod(fake, "new", handler.url);
    await begin;
    await end;
  });

  test("CAs are exchanged as KubeVirt rotates them, and the series go on", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const [first, second] = [createCertificateAuthority(), createCertificateAuthority()];
    const leaf = { commonName: "virt-handler", dnsNames: ["virt-handler.kubevirt.svc"] };
    const old = await handlerOf(t, { tls: first.issue(leaf) });
    const port = Number(new URL(old.url).port);
    applyBundle(fake, first.certPem);
    applyPod(fake, "a", old.url);
    const running = await run(t, { kubernetes });
    await nextOf(running, "a", works);
    await fake.watching("configmaps");
    await old.close();
    await handlerOf(t, { tls: second.issue(leaf), port });
    await nextOf(running, "a", (batch) => value(batch, "up") === 0);
    await nextOf(running, "a", (batch) => value(batch, "up") === 0);
    assert.equal(running.counts.of("otelcol_scraper_failed_scrapes tls") > 0, true);
    const again = nextOf(running, "a", works);
    applyBundle(fake, first.certPem, second.certPem);
    await again;
    applyBundle(fake, "garbage");
    while (!running.log.some(({ message }) => /cannot be used/.test(message))) await nextOf(running, "a");
    await nextOf(running, "a", works);
  });

  test("without the ConfigMap the certificate is refused, and the log says why", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const handler = await handlerOf(t);
    applyPod(fake, "a", handler.url);
    const running = await run(t, { kubernetes });
    assert.equal(value(await nextOf(running, "a"), "up"), 0);
    const [line] = running.log;
    assert.match(String(line?.message), /No ConfigMap with the CAs/);
    assert.equal(line?.fields["server_name"], "virt-handler.kubevirt.svc");
  });

  test("who is trusted by the receiver's own section needs no ConfigMap", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const handler = await handlerOf(t);
    applyPod(fake, "a", handler.url);
    for (const tls of [{ insecure_skip_verify: true }, { ca_pem: handler.caPem }]) {
      const running = await run(t, { kubernetes, tls });
      await nextOf(running, "a", works);
      await running.stop();
    }
    assert.ok(fake.calls.every(({ resource }) => resource !== "configmaps"));
  });

  test("an API outage leaves the targets as they are and shows in the status", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const handler = await handlerOf(t);
    applyBundle(fake, handler.caPem);
    applyPod(fake, "a", handler.url);
    const running = await run(t, { kubernetes });
    await nextOf(running, "a");
    const { port } = fake;
    await fake.stop();
    while (running.status.at(-1)?.status !== "recoverable_error") await nextOf(running, "a");
    await nextOf(running, "a", works);
    await fake.listen(port);
    for (const resource of ["kubevirts.kubevirt.io", "pods", "configmaps"]) {
      await fake.watching(resource);
      fake.bookmark(resource);
    }
    while (running.status.at(-1)?.status !== "ok") await nextOf(running, "a");
  });

  test("set kubevirt_api finds virt-api's pods and says so", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const authority = createCertificateAuthority();
    const dnsNames = ["virt-api.kubevirt.svc"];
    const handler = await handlerOf(t, { tls: authority.issue({ commonName: "virt-api", dnsNames }) });
    applyBundle(fake, authority.certPem);
    applyPod(fake, "api", handler.url, "virt-api");
    applyPod(fake, "handler", "https://127.0.0.1:1");
    const running = await run(t, { set: "kubevirt_api", kubernetes });
    const batch = await running.next((one) => value(one, "kubevirt_api.can_connect") === 1);
    assert.equal(podOf(batch), "api");
    assert.equal(batch[0]?.resource.attributes["service.name"], "virt-api");
    assert.equal(point(batch, "kubevirt_handler.can_connect"), undefined);
  });

  test("shards share the pods, and one with a node sees that node alone", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const handlers = await Promise.all([1, 2, 3, 4].map((seed) => handlerOf(t, { seed })));
    applyBundle(fake, ...handlers.map(({ caPem }) => caPem));
    for (const [i, { url }] of handlers.entries()) applyPod(fake, `h${i}`, url);
    const follow = async (extra: object) => {
      const running = await run(t, { kubernetes: { ...kubernetes, ...extra } });
      const names = new Set<unknown>();
      const take = async () => names.add(podOf(await running.next()));
      return { names, take };
    };
    const shards = await Promise.all([0, 1].map((index) => follow({ shard: { index, total: 2 } })));
    const node = await follow({ node: "node-of-h2" });
    while (shards.reduce((sum, { names }) => sum + names.size, 0) < 4)
      await Promise.race(shards.map(({ take }) => take()));
    // Two rounds more would bring what should not be there.
    for (let i = 0; i < 4; i++) await Promise.all([...shards, node].map(({ take }) => take()));
    const found = shards.flatMap(({ names }) => [...names]);
    assert.deepEqual(found.sort(), ["h0", "h1", "h2", "h3"]);
    assert.deepEqual([...node.names], ["h2"]);
  });

  test("a configured target is scraped beside the pods, once", async (t) => {
    const { fake, kubernetes } = await cluster(t);
    const handler = await handlerOf(t);
    applyBundle(fake, handler.caPem);
    applyPod(fake, "a", handler.url);
    const targets = [{ metrics_endpoint: handler.metricsUrl, pod_name: "configured" }];
    const running = await run(t, {
      targets,
      kubernetes,
      tls: { insecure_skip_verify: true },
    });
    await fake.watching("pods");
    for (let i = 0; i < 3; i++) assert.equal(podOf(await running.next()), "configured");
  });

  test("without a usable kubeconfig the start fails, and nothing is left running", async (t) => {
    const handler = await handlerOf(t);
    const kubernetes = {
      auth_type: "kubeConfig",
      kubeconfig_file: join(await temporaryDirectory(t), "none"),
    };
    const targets = [{ metrics_endpoint: handler.metricsUrl }];
    const starting = run(t, { kubernetes, targets, tls: { insecure_skip_verify: true } });
    await assert.rejects(starting, /kubeconfig|no such file/);
  });

  test("the section alone will do, even empty; without it and without targets nothing is to be done", () => {
    assert.equal(configSchema.parse({ kubernetes: null }).kubernetes?.port, "metrics");
    assert.match(String(configSchema.safeParse({}).error), /at least one target, or `kubernetes`/);
    assert.match(String(configSchema.safeParse({ kubernetes: { enabled: false } }).error), /at least one/);
  });
});
