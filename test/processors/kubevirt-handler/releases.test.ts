import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attributes, DataPointType, PRESENT, STALE } from "../../../src/metrics/index.ts";
import { coverage, documentedSets, metricsOfFamily } from "../../../src/processors/kubevirt-handler/index.ts";
import { recordingLogger } from "../../kubernetes/support.ts";
import { batchOf, type Family, harness, SECOND, scrapedLayout, sent, T0 } from "./support.ts";

const info = (...versions: string[]): Family => ({
  name: "kubevirt_info",
  type: "gauge",
  series: versions.map((kubeversion) => ({ goversion: "go1.23", kubeversion })),
});
const family = (name: string, type: Family["type"], series: Attributes = { name: "vm" }): Family => ({
  name,
  type,
  series: [series],
});

/** Names at the source before v1.1.0 with their types, and what has to come of a value of 3000. */
const FORMER: readonly (readonly [string, Family["type"], string, number])[] = [
  ["kubevirt_vmi_cpu_usage_seconds", "gauge", "vmi.cpu_usage_seconds.count", 3000],
  ["kubevirt_vmi_cpu_system_usage_seconds", "gauge", "vmi.cpu_system_usage_seconds.count", 3000],
  ["kubevirt_vmi_cpu_user_usage_seconds", "gauge", "vmi.cpu_user_usage_seconds.count", 3000],
  ["kubevirt_vmi_memory_domain_bytes_total", "gauge", "vmi.memory_domain_bytes", 3000],
  ["kubevirt_vmi_memory_domain_total_bytes", "gauge", "vmi.memory_domain_bytes", 3000],
  ["kubevirt_vmi_memory_pgmajfault", "counter", "vmi.memory_pgmajfault.count", 3000],
  ["kubevirt_vmi_memory_pgminfault", "counter", "vmi.memory_pgminfault.count", 3000],
  ["kubevirt_vmi_memory_swap_in_traffic_bytes_total", "gauge", "vmi.memory_swap_in_traffic_bytes", 3000],
  ["kubevirt_vmi_memory_swap_out_traffic_bytes_total", "gauge", "vmi.memory_swap_out_traffic_bytes", 3000],
  ["kubevirt_vmi_storage_flush_times_ms_total", "counter", "vmi.storage_flush_times_seconds.count", 3],
  ["kubevirt_vmi_storage_read_times_ms_total", "counter", "vmi.storage_read_times_seconds.count", 3],
  ["kubevirt_vmi_storage_write_times_ms_total", "counter", "vmi.storage_write_times_seconds.count", 3],
  ["kubevirt_vmi_vcpu_seconds", "counter", "vmi.vcpu_seconds.count", 3000],
  ["kubevirt_vmi_vcpu_wait_seconds", "counter", "vmi.vcpu_wait_seconds.count", 3],
];

for (const [source, type, name, value] of FORMER) {
  test(`before v1.1 ${source} is ${name}`, async () => {
    const set = documentedSets.kubevirt_handler.families.flatMap(metricsOfFamily);
    const documented = set.find((metric) => metric.name === `kubevirt_handler.${name}`);
    assert.ok(documented);
    for (const families of [[family(source, type)], [family(source, type), info("v1.0.1")]]) {
      const [point] = await sent(harness(), batchOf(scrapedLayout(families), [3000, 1], T0));
      assert.equal(point?.name, documented.name);
      assert.equal(point.value, value);
      assert.equal(point.unit, documented.unit);
      assert.equal(point.isMonotonic, documented.kind === "count");
      assert.equal(point.type, documented.kind === "count" ? DataPointType.SUM : DataPointType.GAUGE);
    }
    assert.deepEqual(coverage([source]).unmapped, []);
    assert.deepEqual(coverage([source]).seen, [documented.name]);
  });
}

test("before v1.1 the CPU affinity is a list of labels; what is documented is their number", async () => {
  const series = {
    name: "vm",
    vcpu_0_cpu_0: "true",
    vcpu_0_cpu_1: "false",
    vcpu_1_cpu_0: "true",
    vcpu_1_cpu_1: "true",
  };
  const layout = scrapedLayout([family("kubevirt_vmi_cpu_affinity", "counter", series)]);
  for (const resource of ["handler", "vmi"]) {
    const batch = batchOf(layout, [1], T0);
    const [point] = await sent(harness({ integration_attributes: false, resource }), batch);
    assert.deepEqual(
      [point?.name, point?.type, point?.value, point?.attributes],
      ["kubevirt_handler.vmi.node_cpu_affinity", DataPointType.GAUGE, 3, { name: "vm" }],
    );
    assert.equal(batch.column.values[0], 1, "the source's value is its own");
  }
});

test("vcpu_seconds of v1.3.0 to v1.5.3 are corrected, others are not", async () => {
  const value = async (version: string | undefined, config = {}) => {
    const families = [
      family("kubevirt_vmi_vcpu_seconds_total", "counter", { name: "vm", id: "0", state: "running" }),
    ];
    const layout = scrapedLayout(version === undefined ? families : [...families, info(version)]);
    return (await sent(harness(config), batchOf(layout, [5000, 1], T0)))[0]?.value;
  };
  for (const wrong of ["v1.3.0", "v1.4.1", "v1.5.3", "1.5.2", "v1.3.0-rc.1", "v1.5.3-12-gabcdef"])
    assert.equal(await value(wrong), 5, wrong);
  for (const right of ["v1.2.2", "v1.6.0", "v1.9.0", "v2.3.0", "devel", "", "v1", undefined])
    assert.equal(await value(right), 5000, right);
  assert.equal(await value("v1.4.0", { correct_known_errors: false }), 5000);
});

test("corrected totals make exact deltas", async () => {
  const layout = scrapedLayout([
    family("kubevirt_vmi_vcpu_seconds_total", "counter", { name: "vm", id: "0" }),
    info("v1.4.0"),
  ]);
  const to = harness({ temporality: "delta" });
  await sent(to, batchOf(layout, [5000, 1], T0));
  const [point] = await sent(to, batchOf(layout, [8000, 1], T0 + SECOND));
  assert.equal(point?.value, 3);
});

test("the release is that of the scrape; where a scrape does not say, that of the one before", async () => {
  const vcpu = family("kubevirt_vmi_vcpu_seconds_total", "counter", { name: "vm", id: "0" });
  const layout = scrapedLayout([vcpu, info("v1.5.0", "v1.6.0")]);
  const to = harness();
  const at = async (states: number[]) =>
    (await sent(to, batchOf(layout, [5000, 1, 1], T0, states)))[0]?.value;
  assert.equal(await at([PRESENT, PRESENT, 0]), 5);
  assert.equal(await at([PRESENT, STALE, PRESENT]), 5000);
  assert.equal(await at([PRESENT, 0, 0]), 5000);
});

test("a correction is said once for each release", async () => {
  const logger = recordingLogger();
  const to = harness({}, logger);
  const vcpu = family("kubevirt_vmi_vcpu_seconds_total", "counter", { name: "vm", id: "0" });
  for (let i = 0; i < 3; i++) {
    for (const version of ["v1.4.0", "v1.5.0", "v1.7.0"]) {
      await sent(to, batchOf(scrapedLayout([vcpu, info(version)]), [1, 1], T0 + BigInt(i) * SECOND));
    }
  }
  const said = logger.lines.filter(({ level }) => level === "info");
  assert.deepEqual(
    said.map(({ fields }) => fields["version"]),
    ["v1.4.0", "v1.5.0"],
  );
  assert.match(said[0]?.message ?? "", /^Values .* corrected\.$/);
});

test("missing work queues of v1.3.0 to v1.6.0 are explained", async () => {
  const explained = async (version: string, ...more: Family[]) => {
    const logger = recordingLogger();
    const layout = scrapedLayout([info(version), ...more]);
    await sent(
      harness({}, logger),
      batchOf(
        layout,
        Array.from({ length: layout.width }, () => 1),
        T0,
      ),
    );
    return logger.lines.find(({ level }) => level === "debug")?.fields["explanation"];
  };
  assert.match(String(await explained("v1.4.0")), /work queue/);
  assert.match(String(await explained("v1.6.0")), /work queue/);
  assert.equal(await explained("v1.6.1"), undefined);
  assert.equal(await explained("v1.2.0"), undefined);
});

test("the siblings have sets of their own", async () => {
  const count = (set: keyof typeof documentedSets) => {
    const { direct, families } = documentedSets[set];
    return direct.length + families.flatMap(metricsOfFamily).length;
  };
  assert.equal(count("kubevirt_handler"), 45);
  assert.equal(count("kubevirt_api"), 17);
  assert.equal(count("kubevirt_controller"), 34);
  for (const [prefix, { direct, families }] of Object.entries(documentedSets)) {
    const all = [...direct, ...families.flatMap(metricsOfFamily)];
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    for (const { name, unit, description } of all) {
      assert.ok(name.startsWith(`${prefix}.`) && unit !== "" && description.endsWith("."), name);
    }
  }
});

test("set: virt-controller's and virt-api's metrics, by old and new names", async () => {
  const of = async (set: string, ...families: Family[]) => {
    const layout = scrapedLayout(families);
    const values = Array.from({ length: layout.width }, () => 7);
    return (await sent(harness({ set, integration_attributes: false }), batchOf(layout, values, T0))).map(
      ({ name }) => name,
    );
  };
  assert.deepEqual(
    await of(
      "kubevirt_controller",
      family("kubevirt_virt_controller_leading_status", "gauge"),
      family("kubevirt_vm_running_status_last_transition_timestamp_seconds", "counter"),
      family("kubevirt_vmi_cpu_usage_seconds_total", "counter"),
      family("kubevirt_handler.can_connect", "gauge"),
    ),
    [
      "kubevirt_controller.virt_controller.leading_status",
      "kubevirt_controller.vm.running_status_last_transition_timestamp_seconds.count",
      "kubevirt_controller.can_connect",
    ],
  );
  assert.deepEqual(await of("kubevirt_api", family("kubevirt_api.can_connect", "gauge")), [
    "kubevirt_api.can_connect",
  ]);
  const api = [
    "rest_client_requests_total",
    "kubevirt_rest_client_requests_total",
    "process_cpu_seconds_total",
  ];
  assert.deepEqual(await of("kubevirt_api", ...api.map((name) => family(name, "counter"))), [
    "kubevirt_api.rest.client_requests.count",
    "kubevirt_api.process.cpu_seconds.count",
  ]);
});
