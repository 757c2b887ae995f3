import assert from "node:assert/strict";
import { test } from "node:test";
import { Exposition, World } from "../../../examples/virt-handler-sim/index.ts";
import { EXPECTED_FAMILIES } from "./expected-families.ts";
import { readBody, type Sample, samplesOf } from "./strict-body.ts";

const NOW = 1_795_504_743_142;

function simulate(settings: { vms?: number; lively?: boolean; seed?: number } = {}): {
  world: World;
  scrape: () => string;
} {
  const { vms = 5, lively = false, seed = 1 } = settings;
  const world = new World({ vms, lively, seed, node: "node01", clock: () => NOW });
  const exposition = new Exposition(world);
  return { world, scrape: () => exposition.scrape() };
}

test("every family of virt-handler is shown, with its type", () => {
  const { scrape } = simulate({ lively: true });
  const shown = [...readBody(scrape()).values()].map(({ name, type }) => [name, type]);
  assert.deepEqual(Object.fromEntries(shown), EXPECTED_FAMILIES);
});

test("a single VM suffices for everything but the migration families", () => {
  const shown = readBody(simulate({ vms: 1 }).scrape());
  const missing = Object.keys(EXPECTED_FAMILIES).filter((name) => !shown.has(name));
  assert.ok(missing.length > 0 && missing.every((name) => name.startsWith("kubevirt_vmi_migration_")));
});

test("without VMs the node's own families remain", () => {
  const families = readBody(simulate({ vms: 0 }).scrape());
  assert.ok(families.has("kubevirt_workqueue_depth"));
  assert.ok(!families.has("kubevirt_vmi_cpu_usage_seconds_total"));
});

test("series stand in Go's order: fewer labels first, then value by value, then by time", () => {
  const { world, scrape } = simulate({ vms: 12, lively: true });
  world.tick(30_000);
  for (const { type, name, samples } of readBody(scrape()).values()) {
    if (type !== "counter" && type !== "gauge") continue;
    for (const [index, sample] of samples.slice(1).entries()) {
      const before = samples[index];
      assert.ok(before && comesBefore(before, sample), `${name}: ${before?.line} before ${sample.line}`);
    }
  }
});

test("label sets differ within a family, keep the case of keys and drop empty values", () => {
  const samples = samplesOf(simulate().scrape(), "kubevirt_vmi_filesystem_used_bytes");
  assert.ok(
    samples.every(({ labels }) => labels.get("kubernetes_vmi_label_kubevirt_io_nodeName") === "node01"),
  );
  assert.ok(samples.some(({ labels }) => labels.has("kubernetes_vmi_label_topology_zone")));
  assert.ok(samples.some(({ labels }) => !labels.has("kubernetes_vmi_label_topology_zone")));
  assert.ok(samples.some(({ labels }) => !labels.has("disk_name")));
  const mountPoints = samples.map(({ labels }) => labels.get("mount_point"));
  for (const hard of ["C:\\", 'C:\\Mounts\\"Ablage Köln"', "/mnt/two\nlines"])
    assert.ok(mountPoints.includes(hard));
});

test("histograms have the printed buckets, cumulative, with the infinite one equal to the count", () => {
  const { world, scrape } = simulate();
  world.tick(600_000);
  const samples = samplesOf(scrape(), "kubevirt_workqueue_queue_duration_seconds").filter(
    ({ labels }) => labels.get("name") === "virt-handler-vm",
  );
  const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
  assert.deepEqual(
    buckets.map(({ labels }) => labels.get("le")),
    // biome-ignore format: one glance
    ["1e-08", "1e-07", "1e-06", "9.999999999999999e-06", "9.999999999999999e-05", "0.001", "0.01", "0.1", "1", "10", "+Inf"],
  );
  for (const [index, { value }] of buckets.slice(1).entries())
    assert.ok(value >= (buckets[index]?.value ?? 0));
  const count = samples.find(({ name }) => name.endsWith("_count"))?.value;
  assert.ok(count !== undefined && count > 0);
  assert.equal(buckets.at(-1)?.value, count);
});

test("a young pod answers without any family of KubeVirt", () => {
  const { world, scrape } = simulate();
  world.setCollecting(false);
  const young = [...readBody(scrape()).keys()];
  assert.ok(young.includes("go_info") && young.includes("promhttp_metric_handler_requests_total"));
  assert.ok(young.every((name) => !name.startsWith("kubevirt_")));
  world.setCollecting(true);
  assert.ok(readBody(scrape()).has("kubevirt_info"));
});

test("the same seed and the same time make the same body, another seed another", () => {
  const run = (seed: number): string => {
    const { world, scrape } = simulate({ seed, vms: 8, lively: true });
    world.tick(300_000);
    return scrape();
  };
  assert.equal(run(7), run(7));
  assert.notEqual(run(7), run(8));
});

function comesBefore(a: Sample, b: Sample): boolean {
  if (a.labels.size !== b.labels.size) return a.labels.size < b.labels.size;
  const left = [...a.labels.values()];
  const right = [...b.labels.values()];
  const index = left.findIndex((value, at) => value !== right[at]);
  if (index >= 0) return (left[index] ?? "") < (right[index] ?? "");
  return (a.time ?? 0) < (b.time ?? 0);
}
