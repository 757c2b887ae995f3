import assert from "node:assert/strict";
import { test } from "node:test";
import { AggregationTemporality, DataPointType } from "../../../src/metrics/index.ts";
import { coverage, handlerSet, metricsOfFamily } from "../../../src/processors/kubevirt-handler/index.ts";
import {
  batchOf,
  type Family,
  harness,
  integration,
  type Point,
  scrapedLayout,
  sent,
  T0,
} from "./support.ts";

/** name, kind, unit as documented, written down apart from the table under test. */
const DOCUMENTED = `
can_connect gauge 1
vmi.cpu_system_usage_seconds.count count s
vmi.cpu_usage_seconds.count count s
vmi.cpu_user_usage_seconds.count count s
vmi.memory_actual_balloon_bytes gauge By
vmi.memory_available_bytes gauge By
vmi.memory_domain_bytes gauge By
vmi.memory_pgmajfault.count count {page}
vmi.memory_pgminfault.count count {page}
vmi.memory_resident_bytes gauge By
vmi.memory_swap_in_traffic_bytes gauge By
vmi.memory_swap_out_traffic_bytes gauge By
vmi.memory_unused_bytes gauge By
vmi.memory_usable_bytes gauge By
vmi.network_receive_bytes.count count By
vmi.network_receive_errors.count count {packet}
vmi.network_receive_packets.count count {packet}
vmi.network_receive_packets_dropped.count count {packet}
vmi.network_transmit_bytes.count count By
vmi.network_transmit_errors.count count {packet}
vmi.network_transmit_packets.count count {packet}
vmi.network_transmit_packets_dropped.count count {packet}
vmi.node_cpu_affinity gauge {affinity}
vmi.storage_flush_requests.count count {request}
vmi.storage_flush_times_seconds.count count s
vmi.storage_iops_read.count count {read}
vmi.storage_iops_write.count count {write}
vmi.storage_read_times_seconds.count count s
vmi.storage_read_traffic_bytes.count count By
vmi.storage_write_times_seconds.count count s
vmi.storage_write_traffic_bytes.count count By
vmi.vcpu_delay_seconds.count count s
vmi.vcpu_seconds.count count s
vmi.vcpu_wait_seconds.count count s
workqueue.adds.count count {item}
workqueue.depth gauge {item}
workqueue.longest_running_processor_seconds gauge s
workqueue.queue_duration_seconds.bucket count {item}
workqueue.queue_duration_seconds.count count {item}
workqueue.queue_duration_seconds.sum count s
workqueue.retries.count count {retry}
workqueue.unfinished_work_seconds gauge s
workqueue.work_duration_seconds.bucket count {item}
workqueue.work_duration_seconds.count count {item}
workqueue.work_duration_seconds.sum count s`
  .trim()
  .split("\n")
  .map((line) => {
    const [name, kind, unit] = line.split(" ") as [string, string, string];
    return { name: `kubevirt_handler.${name}`, kind, unit };
  });

const VM = { namespace: "demo", name: "web", node: "node01", kubernetes_vmi_label_app: "shop" };
const BOUNDS = [1e-8, 9.999999999999999e-6, 0.001, 1, 10];

/** Every family a virt-handler has for the documented set, named as on the wire. */
function families(): Family[] {
  const names = DOCUMENTED.map(({ name }) => name.replace("kubevirt_handler.", "")).filter(
    (name) => name !== "can_connect" && !/_duration_seconds\.(count|sum)$/.test(name),
  );
  return [
    ...names.map((name): Family => {
      const family = `kubevirt_${name.replace(/\.(count|bucket)$/, "").replace(".", "_")}`;
      const series = name.startsWith("vmi.") ? [VM] : [{ name: "virt-handler-vm" }];
      if (name.endsWith(".bucket")) return { name: family, type: "histogram", series, bounds: BOUNDS };
      return name.endsWith(".count")
        ? { name: `${family}_total`, type: "counter", series }
        : { name: family, type: "gauge", series };
    }),
    {
      name: "kubevirt_handler.can_connect",
      type: "gauge",
      series: [{ endpoint: "https://10.244.0.38:8443/healthz" }],
    },
  ];
}

test("the table has the 45 documented metrics", () => {
  const table = [...handlerSet.direct, ...handlerSet.families.flatMap(metricsOfFamily)];
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  assert.equal(table.length, 45);
  assert.deepEqual(
    table.map(({ name, kind, unit }) => ({ name, kind, unit })).sort(byName),
    [...DOCUMENTED].sort(byName),
  );
  for (const { description } of table) assert.match(description, /^[A-Z1].*\.$/);
});

test("every documented metric arrives with its kind, unit, value and attributes", async () => {
  const layout = scrapedLayout([...families(), { name: "go_goroutines", type: "gauge", series: [{}] }]);
  const values = Array.from({ length: layout.width }, (_, i) => i * 1.5);
  const points = await sent(harness(), batchOf(layout, values, T0));
  const byName = Map.groupBy(points, ({ name }) => name);
  assert.deepEqual([...byName.keys()].sort(), DOCUMENTED.map(({ name }) => name).sort());
  for (const { name, kind, unit } of DOCUMENTED) {
    for (const point of byName.get(name) as Point[]) {
      assert.equal(point.unit, unit);
      assert.equal(point.type, kind === "gauge" ? DataPointType.GAUGE : DataPointType.SUM);
      assert.equal(point.isMonotonic, kind === "count");
      if (kind === "count") assert.equal(point.temporality, AggregationTemporality.CUMULATIVE);
      assert.equal(point.time, T0);
    }
  }
  const expected = layout.resources[0]?.scopes[0]?.metrics ?? [];
  for (const metric of expected) {
    const { name } = metric.descriptor;
    if (!("slots" in metric) || !name.startsWith("kubevirt_") || name.includes(".")) continue;
    const documented = `kubevirt_handler.${name.replace(/^kubevirt_(vmi|workqueue)_/, "$1.").replace(/_total$/, ".count")}`;
    const [point] = byName.get(documented) as Point[];
    assert.equal(point?.value, values[metric.slots[0] as number], name);
    const { namespace, ...rest } = metric.attributes[0] as { namespace?: string };
    assert.deepEqual(point?.attributes, {
      ...rest,
      ...(namespace !== undefined && { vm_namespace: namespace }),
      ...integration,
    });
  }
  assert.deepEqual(byName.get("kubevirt_handler.can_connect")?.[0]?.attributes, {
    ...integration,
    endpoint: "https://10.244.0.38:8443/healthz",
  });
});

test("a histogram becomes its documented parts, all finite buckets included", async () => {
  const layout = scrapedLayout([
    {
      name: "kubevirt_workqueue_queue_duration_seconds",
      type: "histogram",
      series: [{ name: "q" }],
      bounds: BOUNDS,
    },
  ]);
  const points = await sent(harness(), batchOf(layout, [1, 2, 3, 4, 5, 6, 0.5], T0));
  const name = "kubevirt_handler.workqueue.queue_duration_seconds";
  assert.deepEqual(
    points.map((point) => [point.name, point.attributes["upper_bound"], point.value]),
    [
      [`${name}.bucket`, "1e-08", 1],
      [`${name}.bucket`, "9.999999999999999e-06", 2],
      [`${name}.bucket`, "0.001", 3],
      [`${name}.bucket`, "1.0", 4],
      [`${name}.bucket`, "10.0", 5],
      [`${name}.count`, undefined, 6],
      [`${name}.sum`, undefined, 0.5],
    ],
  );
});

test("a native histogram keeps its buckets and loses the suffix", async () => {
  const layout = scrapedLayout([
    {
      name: "kubevirt_workqueue_queue_duration_seconds",
      type: "histogram",
      series: [{ name: "q" }],
      bounds: [1, 10],
    },
  ]);
  const [point, ...others] = await sent(
    harness({ histograms: "native" }),
    batchOf(layout, [1, 3, 6, 0.5], T0),
  );
  assert.equal(others.length, 0);
  assert.equal(point?.name, "kubevirt_handler.workqueue.queue_duration_seconds");
  assert.equal(point?.unit, "s");
  assert.deepEqual(point?.value, {
    buckets: { boundaries: [1, 10], counts: [1, 2, 3] },
    count: 6,
    sum: 0.5,
  });
});

test("the kind is the documented one where the source gives none, and `_total` may be missing", async () => {
  const layout = scrapedLayout([
    { name: "kubevirt_vmi_cpu_usage_seconds", type: "unknown", series: [VM] },
    { name: "kubevirt_vmi_memory_swap_in_traffic_bytes", type: "counter", series: [VM] },
  ]);
  const points = await sent(harness(), batchOf(layout, [1, 2], T0));
  assert.deepEqual(
    points.map(({ name, type, isMonotonic }) => [name, type, isMonotonic]),
    [
      ["kubevirt_handler.vmi.cpu_usage_seconds.count", DataPointType.SUM, true],
      ["kubevirt_handler.vmi.memory_swap_in_traffic_bytes", DataPointType.GAUGE, false],
    ],
  );
});

test("coverage names what is there, what is missing and what nothing is made of", () => {
  const all = coverage(families().map(({ name }) => name));
  assert.equal(all.seen.length, 45);
  assert.deepEqual(all.missing, []);
  assert.deepEqual(all.unmapped, []);

  const some = coverage([
    "kubevirt_info",
    "kubevirt_workqueue_adds",
    "go_goroutines",
    "kubevirt_workqueue_queue_duration_seconds",
    "kubevirt_vmi_sync_total",
  ]);
  assert.deepEqual(some.seen, [
    "kubevirt_handler.workqueue.adds.count",
    "kubevirt_handler.workqueue.queue_duration_seconds.bucket",
    "kubevirt_handler.workqueue.queue_duration_seconds.count",
    "kubevirt_handler.workqueue.queue_duration_seconds.sum",
  ]);
  assert.equal(some.missing.length, 40);
  assert.deepEqual(some.unmapped, ["kubevirt_info", "kubevirt_vmi_sync_total"]);
});
