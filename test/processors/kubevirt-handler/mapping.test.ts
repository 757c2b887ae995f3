import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ABSENT,
  type Attributes,
  Batch,
  Column,
  DataPointType,
  PRESENT,
  Presence,
  STALE,
} from "../../../src/metrics/index.ts";
import type { LogFields, Logger } from "../../../src/telemetry/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import {
  batchOf,
  type Family,
  handlerResource,
  harness,
  integration,
  SECOND,
  scrapedLayout,
  sent,
  T0,
} from "./support.ts";

const WEB = { namespace: "demo", name: "web", node: "node01", kubernetes_vmi_label_app: "shop" };
const DB = { namespace: "demo", name: "db", node: "node01", kubernetes_vmi_label_kubevirt_io_size: "big" };

const attributesOf = async (
  config: Record<string, unknown>,
  source: Attributes,
  resource = handlerResource,
) => {
  const layout = scrapedLayout(
    [{ name: "kubevirt_vmi_memory_domain_bytes", type: "gauge", series: [source] }],
    resource,
  );
  const [point] = await sent(harness(config), batchOf(layout, [1], T0));
  return point?.attributes;
};

test("the same layout gives the same layout, and the column passes untouched", async () => {
  const layout = scrapedLayout([
    { name: "kubevirt_vmi_cpu_usage_seconds_total", type: "counter", series: [WEB, DB] },
    { name: "kubevirt_workqueue_work_duration_seconds", type: "histogram", series: [{}], bounds: [1] },
  ]);
  for (const resource of ["handler", "vmi"]) {
    const to = harness({ resource });
    const first = batchOf(layout, [1, 2, 3, 4, 5], T0);
    const one = await to.send(first);
    const two = await to.send(batchOf(layout, [2, 3, 4, 5, 6], T0 + SECOND));
    assert.equal(one?.layout, two?.layout);
    assert.equal(one?.column, first.column);
  }
});

test("attributes and resources stay the same objects when a series is added", async () => {
  const family = (series: readonly Attributes[]): Family => ({
    name: "kubevirt_vmi_cpu_usage_seconds_total",
    type: "counter",
    series,
  });
  for (const resource of ["handler", "vmi"]) {
    const to = harness({ resource });
    const before = await to.send(batchOf(scrapedLayout([family([WEB])]), [1], T0));
    const after = await to.send(batchOf(scrapedLayout([family([WEB, DB])]), [1, 2], T0));
    const first = (batch: Batch | undefined) => batch?.layout.resources[0];
    assert.equal(first(before)?.resource, first(after)?.resource);
    const attributes = (batch: Batch | undefined) => first(batch)?.scopes[0]?.metrics[0]?.attributes[0];
    assert.ok(attributes(before) !== undefined);
    assert.equal(attributes(before), attributes(after));
  }
});

test("integration attributes are those that the resource knows", async () => {
  assert.deepEqual(await attributesOf({}, { namespace: "a", name: "b" }), {
    vm_namespace: "a",
    name: "b",
    ...integration,
  });
  const resource = (attributes: Attributes) => ({ attributes });
  assert.deepEqual(
    await attributesOf(
      {},
      {},
      resource({
        "url.scheme": "https",
        "server.address": "fd00::1",
        "server.port": 8443,
        "url.path": "/federate",
        "k8s.cluster.name": "prod",
        "k8s.pod.name": "",
      }),
    ),
    { endpoint: "https://[fd00::1]:8443/federate", kube_cluster_name: "prod" },
  );
  assert.deepEqual(await attributesOf({}, {}, resource({})), {});
  assert.deepEqual(await attributesOf({ integration_attributes: false }, { namespace: "a", name: "b" }), {
    namespace: "a",
    name: "b",
  });
});

test("VMI labels are chosen by patterns and may lose their prefix", async () => {
  const source = {
    name: "vm",
    drive: "vda",
    kubernetes_vmi_label_app: "shop",
    kubernetes_vmi_label_kubevirt_io_nodeName: "n",
    kubernetes_vmi_label_kubevirt_io_size: "big",
    kubernetes_vmi_label_interface: "x",
    kubernetes_vmi_label_custom: "y",
    custom: "z",
  };
  const labels = async (vmi_labels: Record<string, unknown>) => {
    const all = await attributesOf({ vmi_labels, integration_attributes: false }, source);
    const { name: _, drive: __, custom: ___, ...rest } = all as Record<string, unknown>;
    return rest;
  };
  assert.deepEqual(await labels({ include: ["app"] }), { kubernetes_vmi_label_app: "shop" });
  assert.deepEqual(await labels({ include: [] }), {});
  assert.deepEqual(await labels({ exclude: ["kubevirt_io_*", "c?stom", "in*"] }), {
    kubernetes_vmi_label_app: "shop",
  });
  assert.deepEqual(await labels({ include: ["*_nodename"] }), {}, "case counts");
  assert.deepEqual(await labels({ strip_prefix: true }), {
    app: "shop",
    kubevirt_io_nodeName: "n",
    kubevirt_io_size: "big",
    kubernetes_vmi_label_interface: "x",
    kubernetes_vmi_label_custom: "y",
  });
});

test("only the documented set passes, and the report on the scrape; with `all` everything", async () => {
  const layout = scrapedLayout([
    { name: "kubevirt_vmi_memory_cached_bytes", type: "gauge", series: [WEB] },
    { name: "go_gc_duration_seconds", type: "summary", series: [{}], bounds: [0.5] },
    {
      name: "kubevirt_rest_client_request_latency_seconds",
      type: "histogram",
      series: [{ verb: "GET" }],
      bounds: [1],
    },
    { name: "up", type: "gauge", series: [{}] },
    { name: "scrape_duration_seconds", type: "gauge", series: [{}] },
  ]);
  const values = [1, 2, 3, 4, 5, 6, 7, 1, 0.5];
  const documented = await sent(harness(), batchOf(layout, values, T0));
  assert.deepEqual(
    documented.map(({ name, attributes, value }) => [name, attributes, value]),
    [
      ["up", {}, 1],
      ["scrape_duration_seconds", {}, 0.5],
    ],
  );
  const all = await sent(harness({ metrics: "all" }), batchOf(layout, values, T0));
  assert.deepEqual(
    all.map(({ name, type, attributes }) => [name, type, attributes["endpoint"]]),
    [
      ["kubevirt_vmi_memory_cached_bytes", DataPointType.GAUGE, integration.endpoint],
      ["go_gc_duration_seconds", DataPointType.SUMMARY, integration.endpoint],
      ["kubevirt_rest_client_request_latency_seconds", DataPointType.HISTOGRAM, integration.endpoint],
      ["up", DataPointType.GAUGE, undefined],
      ["scrape_duration_seconds", DataPointType.GAUGE, undefined],
    ],
  );
  assert.equal(all[0]?.attributes["vm_namespace"], "demo");
});

test("resource: vmi gives each virtual machine a resource of its own", async () => {
  const layout = scrapedLayout([
    { name: "kubevirt_vmi_memory_domain_bytes", type: "gauge", series: [WEB, DB] },
    {
      name: "kubevirt_vmi_storage_iops_read_total",
      type: "counter",
      series: [
        { ...WEB, drive: "vda" },
        { ...WEB, drive: "vdb" },
      ],
    },
    {
      name: "kubevirt_vmi_migration_data_remaining_bytes",
      type: "gauge",
      series: [{ namespace: "demo", name: "web", node: "node01" }],
    },
    { name: "kubevirt_vmi_sync_total", type: "counter", series: [{ namespace: "demo", name: "gone" }] },
    { name: "kubevirt_workqueue_depth", type: "gauge", series: [{ name: "virt-handler-vm" }] },
  ]);
  const resource = { attributes: { ...handlerResource.attributes, "k8s.cluster.name": "prod" } };
  const withCluster = { ...layout, resources: layout.resources.map((r) => ({ ...r, resource })) };
  const to = harness({ resource: "vmi", metrics: "all" });
  const points = await sent(to, batchOf(withCluster, [1, 2, 3, 4, 5, 6, 7], T0));
  const machine = (name: string, labels: Attributes) => ({
    "service.name": "kubevirt-vmi",
    "service.instance.id": `prod/demo/${name}`,
    "k8s.cluster.name": "prod",
    "k8s.namespace.name": "demo",
    ...integration,
    kube_cluster_name: "prod",
    vm_namespace: "demo",
    name,
    ...labels,
  });
  const web = machine("web", {
    node: "node01",
    "k8s.node.name": "node01",
    kubernetes_vmi_label_app: "shop",
  });
  const db = machine("db", {
    node: "node01",
    "k8s.node.name": "node01",
    kubernetes_vmi_label_kubevirt_io_size: "big",
  });
  const byValue = points.toSorted((a, b) => Number(a.value) - Number(b.value));
  assert.deepEqual(
    byValue.map((point) => point.resource),
    [web, db, web, web, web, machine("gone", {}), resource.attributes],
  );
  assert.deepEqual(
    byValue.map((point) => point.attributes),
    [
      {},
      {},
      { drive: "vda" },
      { drive: "vdb" },
      {},
      {},
      { name: "virt-handler-vm", ...integration, kube_cluster_name: "prod" },
    ],
  );
});

test("a label that changes and is left out does not end the series it is no part of", async () => {
  const later = { ...WEB, kubernetes_vmi_label_app: "store" };
  const layout = scrapedLayout([
    { name: "kubevirt_vmi_memory_domain_bytes", type: "gauge", series: [WEB, later] },
  ]);
  const to = harness({ vmi_labels: { exclude: ["*"] } });
  const states = [
    [PRESENT, ABSENT],
    [STALE, PRESENT],
    [ABSENT, PRESENT],
    [ABSENT, STALE],
    [STALE, STALE],
  ];
  const seen: unknown[] = [];
  for (const state of states) {
    const points = await sent(to, batchOf(layout, [1, 2], T0, state));
    seen.push(points.map(({ value, flags }) => (flags === 1 ? "stale" : value)));
  }
  assert.deepEqual(seen, [[1], [2], [2], ["stale"], ["stale"]]);
});

test("parts of a histogram are stale and timed as the histogram is", async () => {
  const layout = scrapedLayout([
    { name: "kubevirt_workqueue_work_duration_seconds", type: "histogram", series: [{}], bounds: [1, 2] },
  ]);
  const times = BigUint64Array.of(0n, 0n, T0 - SECOND, 0n);
  const column = new Column({
    values: Float64Array.of(1, 2, 3, 4),
    timeNs: T0,
    times,
    presence: new Presence(Uint8Array.of(PRESENT, PRESENT, STALE, PRESENT)),
  });
  const points = await sent(harness(), Batch.fromColumns(layout, column));
  assert.equal(points.length, 4);
  for (const { flags, time } of points) {
    assert.equal(flags, 1);
    assert.equal(time, T0 - SECOND);
  }
  assert.deepEqual([...times], [0n, 0n, T0 - SECOND, 0n], "the source's array is not written to");
});

test("what is no number is dropped from counters and histograms one by one, and counted", async () => {
  const layout = scrapedLayout([
    { name: "kubevirt_vmi_cpu_usage_seconds_total", type: "counter", series: [WEB, DB] },
    { name: "kubevirt_vmi_memory_domain_bytes", type: "gauge", series: [WEB] },
    { name: "kubevirt_workqueue_work_duration_seconds", type: "histogram", series: [{}], bounds: [1] },
  ]);
  const values = [Number.NaN, 7, Number.NaN, 1, 2, Number.POSITIVE_INFINITY];
  const to = harness();
  const batch = await to.send(batchOf(layout, values, T0));
  const again = await to.send(batchOf(layout, values, T0 + SECOND));
  assert.equal(batch?.column.presence, again?.column.presence, "encoders keep what they know of a presence");
  assert.deepEqual(
    (await sent(to, batchOf(layout, values, T0))).map(({ name, value }) => [name.split(".").at(-1), value]),
    [
      ["count", 7],
      ["memory_domain_bytes", Number.NaN],
      ["bucket", 1],
      ["count", 2],
    ],
  );
  const drops = to.counted.filter(({ name }) => name.endsWith("dropped_metric_points"));
  assert.deepEqual(
    drops.map(({ value, attributes }) => [value, attributes["reason"]]),
    [
      [2, "not_finite"],
      [2, "not_finite"],
      [2, "not_finite"],
    ],
  );
  const native = await sent(harness({ histograms: "native" }), batchOf(layout, values, T0));
  assert.deepEqual(native.at(-1)?.value, { buckets: { boundaries: [1], counts: [1, 1] }, count: 2 });
});

test("what has no place in the result is counted by reason, batch for batch", async () => {
  const layout = scrapedLayout([
    { name: "kubevirt_vmi_memory_domain_bytes", type: "gauge", series: [WEB] },
    { name: "go_goroutines", type: "gauge", series: [{}] },
    { name: "kubevirt_unheard_of_total", type: "counter", series: [WEB, DB] },
    { name: "go_gc_duration_seconds", type: "summary", series: [{}], bounds: [0.5] },
    { name: "kubevirt_console_active_connections", type: "gauge", series: [WEB, DB] },
    { name: "up", type: "gauge", series: [{}] },
  ]);
  const to = harness({
    extra_metrics: [{ go_gc_duration_seconds: { type: "gauge" } }],
    exclude_metrics: ["^kubevirt_console_"],
  });
  const drops = async (states?: readonly number[]) => {
    to.counted.length = 0;
    await to.send(
      batchOf(
        layout,
        Array.from({ length: layout.width }, () => 1),
        T0,
        states,
      ),
    );
    return to.counted
      .filter(({ name }) => name.endsWith("dropped_metric_points"))
      .map(({ value, attributes }) => `${attributes["reason"]} ${value}`)
      .sort();
  };
  const all = ["excluded 2", "undocumented 3", "wrong_type 1"];
  assert.deepEqual(await drops(), all);
  assert.deepEqual(await drops(), all);
  assert.deepEqual(await drops([1, 1, 0, 1, 1, 1, 1, 0, 0, 1]), ["undocumented 2", "wrong_type 1"]);
});

test("plain objects and several targets in a batch are taken as well", async () => {
  const families: Family[] = [
    { name: "kubevirt_workqueue_adds_total", type: "counter", series: [{ name: "q" }] },
  ];
  const [one] = batchOf(scrapedLayout(families), [1], T0).resourceMetrics;
  const [two] = batchOf(
    scrapedLayout(families, { attributes: { "k8s.pod.name": "other" } }),
    [2],
    T0,
  ).resourceMetrics;
  assert.ok(one && two);
  const points = await sent(harness(), Batch.from([one, two]));
  assert.deepEqual(
    points.map(({ value, attributes }) => [value, attributes["pod_name"]]),
    [
      [1, "virt-handler-7x2lq"],
      [2, "other"],
    ],
  );
});

test("an empty result is not handed on", async () => {
  const layout = scrapedLayout([{ name: "go_goroutines", type: "gauge", series: [{}] }]);
  assert.equal(await harness().send(batchOf(layout, [1], T0)), undefined);
  const counter = scrapedLayout([{ name: "kubevirt_workqueue_adds_total", type: "counter", series: [{}] }]);
  assert.equal(await harness().send(batchOf(counter, [1], T0, [ABSENT])), undefined);
});

test("coverage is reported when it changes, not when a scrape fails", async () => {
  const lines: LogFields[] = [];
  const logger: Logger = {
    ...silentLogger,
    debug: (_, fields) => void lines.push(fields ?? {}),
    isEnabled: () => true,
  };
  const layout = scrapedLayout([
    { name: "kubevirt_workqueue_adds_total", type: "counter", series: [{}] },
    { name: "kubevirt_info", type: "gauge", series: [{}] },
  ]);
  const to = harness({}, logger);
  for (const states of [
    [PRESENT, PRESENT],
    [PRESENT, PRESENT],
    [STALE, STALE],
    [PRESENT, PRESENT],
    [ABSENT, PRESENT],
  ]) {
    await to.send(batchOf(layout, [1, 1], T0, states));
  }
  assert.deepEqual(
    lines.map(({ target, seen, missing, unmapped }) => [
      target,
      seen,
      (missing as string[]).length,
      unmapped,
    ]),
    [
      ["10.244.0.38:8443", 1, 43, ["kubevirt_info"]],
      ["10.244.0.38:8443", 0, 44, ["kubevirt_info"]],
    ],
  );
});
