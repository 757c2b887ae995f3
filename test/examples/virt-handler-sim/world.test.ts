import assert from "node:assert/strict";
import { test } from "node:test";
import { Exposition, World } from "../../../examples/virt-handler-sim/index.ts";
import { readBody, type Sample, samplesOf } from "./strict-body.ts";

const START = 1_795_504_743_142;
const REMAINING = "kubevirt_vmi_migration_data_remaining_bytes";

function simulate(settings: { vms?: number; lively?: boolean } = {}): {
  world: World;
  scrape: () => string;
  clock: { now: number };
} {
  const clock = { now: START };
  const { vms = 3, lively = false } = settings;
  const world = new World({ vms, lively, seed: 3, node: "node01", clock: () => clock.now });
  const exposition = new Exposition(world);
  return { world, clock, scrape: () => exposition.scrape() };
}

function ofVm(samples: readonly Sample[], name: string): readonly Sample[] {
  return samples.filter(({ labels }) => labels.get("name") === name);
}

test("counters only rise, and the busy ones do rise", () => {
  const { clock, scrape } = simulate();
  let before = countersOf(scrape());
  const first = before;
  for (let round = 0; round < 20; round++) {
    clock.now += 7_000;
    const after = countersOf(scrape());
    for (const [series, value] of before) assert.ok((after.get(series) ?? -1) >= value, `${series} fell`);
    before = after;
  }
  for (const family of ["cpu_usage_seconds", "network_receive_bytes", "storage_iops_write", "vcpu_seconds"]) {
    const series = [...first.keys()].filter((key) => key.startsWith(`kubevirt_vmi_${family}_total`));
    assert.ok(series.length > 0);
    for (const key of series) assert.ok((before.get(key) ?? 0) > (first.get(key) ?? 0), `${key} stood still`);
  }
});

test("time passes with the clock, and with tick on top of it", () => {
  const { world, clock, scrape } = simulate();
  clock.now += 5_000;
  scrape();
  assert.equal(world.time, START + 5_000);
  world.tick(2_000);
  scrape();
  assert.equal(world.time, START + 7_000);
});

test("a vCPU that changes state takes its whole time to the new series", () => {
  const { world, scrape } = simulate();
  const seconds = (): readonly Sample[] =>
    ofVm(samplesOf(scrape(), "kubevirt_vmi_vcpu_seconds_total"), "vm-0");
  const before = seconds().filter(({ labels }) => labels.get("id") === "0");
  world.setVcpuState("vm-0", 0, "offline");
  const after = seconds().filter(({ labels }) => labels.get("id") === "0");
  assert.deepEqual(
    [before, after].map((samples) => samples.map(({ labels }) => labels.get("state"))),
    [["running"], ["offline"]],
  );
  assert.ok((before[0]?.value ?? 0) > 0);
  assert.equal(after[0]?.value, before[0]?.value);
  assert.throws(() => world.setVcpuState("vm-0", 99, "running"), /vm "vm-0" has no vcpu 99/);
});

test("VMs come with counters near zero and go with all their series", () => {
  const { world, scrape } = simulate();
  const name = world.addVm({ namespace: "tenant-z", vcpus: 1, labels: { "my.label/Key": "a b" } });
  const [cpu] = ofVm(samplesOf(scrape(), "kubevirt_vmi_cpu_usage_seconds_total"), name);
  assert.equal(cpu?.value, 0);
  assert.equal(cpu?.labels.get("namespace"), "tenant-z");
  assert.equal(cpu?.labels.get("kubernetes_vmi_label_my_label_Key"), "a b");
  assert.throws(() => world.addVm({ name }), /exists already/);
  world.removeVm(name);
  assert.ok(!scrape().includes(`name="${name}"`));
  assert.throws(() => world.removeVm(name), new RegExp(`no vm "${name}" on node node01`));
});

test("a VM whose launcher hangs is missing for a while and goes on where it was", () => {
  const { world, scrape } = simulate();
  const cpu = (): number | undefined =>
    ofVm(samplesOf(scrape(), "kubevirt_vmi_cpu_usage_seconds_total"), "vm-1")[0]?.value;
  const before = cpu() ?? 0;
  world.setReachable("vm-1", false);
  assert.equal(cpu(), undefined);
  world.tick(10_000);
  world.setReachable("vm-1", true);
  assert.ok((cpu() ?? 0) > before);
});

test("a migration prints its ring again in every scrape, once more when complete, then the VM is gone", () => {
  const { world, scrape } = simulate();
  const times = (): (number | undefined)[] => samplesOf(scrape(), REMAINING).map(({ time }) => time);
  world.migrate("vm-1");
  assert.throws(() => world.migrate("vm-1"), /migrating already/);
  world.tick(20_000);
  const early = times();
  assert.deepEqual(
    early,
    [0, 5, 10, 15, 20].map((seconds) => START + seconds * 1000),
  );
  assert.deepEqual(times(), early, "the same readings come back");
  assert.equal(ofVm(samplesOf(scrape(), "kubevirt_vmi_dirty_rate_bytes_per_second"), "vm-1").length, 0);

  world.tick(100_000);
  const last = samplesOf(scrape(), REMAINING);
  assert.equal(last.length, 10, "ten readings are kept");
  assert.equal(last.at(-1)?.value, 0);
  assert.ok(last.every(({ labels }) => [...labels.keys()].join() === "name,namespace,node"));
  assert.ok(!world.vmNames.includes("vm-1"));
  assert.ok(!scrape().includes('name="vm-1"'));
});

test("a restart of virt-handler resets what the process counts and nothing else", () => {
  const { world, scrape } = simulate();
  world.tick(60_000);
  const value = (family: string): number => samplesOf(scrape(), family)[0]?.value ?? -1;
  const vm = value("kubevirt_vmi_cpu_usage_seconds_total");
  const [started, cpu] = [value("process_start_time_seconds"), value("process_cpu_seconds_total")];
  world.restart();
  assert.equal(value("kubevirt_vmi_cpu_usage_seconds_total"), vm);
  assert.equal(value("kubevirt_workqueue_adds_total"), 0);
  assert.equal(value("process_start_time_seconds"), Math.floor(started * 100 + 6000) / 100);
  assert.ok(value("process_cpu_seconds_total") < cpu);
  assert.ok(!readBody(scrape()).has("kubevirt_vmi_guest_os_panic_total"));
});

test("a restarted or panicked VM counts from zero", () => {
  const { world, scrape } = simulate();
  world.restartVm("vm-0");
  world.panic("vm-2");
  for (const name of ["vm-0", "vm-2"]) {
    const samples = ofVm(samplesOf(scrape(), "kubevirt_vmi_storage_read_traffic_bytes_total"), name);
    assert.ok(samples.length > 0 && samples.every(({ value }) => value === 0));
  }
  assert.equal(ofVm(samplesOf(scrape(), "kubevirt_vmi_guest_os_panic_total"), "vm-2")[0]?.value, 1);
});

test("requests to an unreachable Kubernetes API are counted as errors", () => {
  const { world, scrape } = simulate();
  const errors = (): readonly Sample[] =>
    samplesOf(scrape(), "kubevirt_rest_client_requests_total").filter(
      ({ labels }) => labels.get("code") === "<error>",
    );
  world.tick(120_000);
  assert.equal(errors().length, 0);
  world.setApiReachable(false);
  world.tick(120_000);
  assert.ok(errors().length > 0);
});

test("a lively node changes by itself and never runs out of VMs or overflows", () => {
  const { world, scrape } = simulate({ vms: 10, lively: true });
  const seen = new Set<string>();
  const states = new Set<string>();
  let migrations = 0;
  for (let minute = 0; minute < 60; minute++) {
    world.tick(60_000);
    for (const name of world.vmNames) seen.add(name);
    states.add(String(world.stateRevision));
    migrations += world.migrations.length;
    assert.ok(world.vmNames.length >= 1 && world.vmNames.length <= 16, `${world.vmNames.length} VMs`);
    readBody(scrape());
  }
  assert.ok(seen.size > 12, "VMs came");
  assert.ok(!world.vmNames.includes("vm-1"), "the one that was migrating at the start has left");
  assert.ok(migrations > 1 && states.size > 30);
});

function countersOf(body: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const { type, samples } of readBody(body).values()) {
    if (type === "gauge" || type === "summary") continue;
    for (const { line, value } of samples) values.set(line.slice(0, line.lastIndexOf(" ")), value);
  }
  return values;
}
