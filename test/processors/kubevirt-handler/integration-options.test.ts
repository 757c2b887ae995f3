/**
 * Options of the public integration, as it documents them. Each test would fail on what its check does: all of them are
 * without effect there, and where the generic code has them, it has them with the faults named here.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ABSENT, type Attributes, PRESENT, STALE } from "../../../src/metrics/index.ts";
import definition from "../../../src/processors/kubevirt-handler/index.ts";
import {
  batchOf,
  type Family,
  harness,
  integration,
  type Point,
  SECOND,
  scrapedLayout,
  sent,
  T0,
} from "./support.ts";

const PLAIN = { integration_attributes: false };
const gauge = (name: string, ...series: Attributes[]): Family => ({ name, type: "gauge", series });
const counter = (name: string, ...series: Attributes[]): Family => ({ name, type: "counter", series });

/** The points that come of families whose slots have the values 1, 2, 3, … */
async function made(
  config: Record<string, unknown>,
  families: readonly Family[],
  values?: number[],
): Promise<Point[]> {
  const layout = scrapedLayout(families);
  const numbers = values ?? Array.from({ length: layout.width }, (_, i) => i + 1);
  return sent(harness({ ...PLAIN, ...config }), batchOf(layout, numbers, T0));
}

const names = (points: readonly Point[]) => [...new Set(points.map(({ name }) => name))];
const labels = (points: readonly Point[]) => points.map(({ attributes }) => attributes);
const invalid = (config: Record<string, unknown>) =>
  definition.config
    .safeParse(config)
    .error?.issues.map(({ message }) => message)
    .join() ?? "";

const DOMAIN = "kubevirt_vmi_memory_domain_bytes";
const USAGE = "kubevirt_vmi_cpu_usage_seconds_total";

test("extra_metrics: names, new names, names with types, regular expressions", async () => {
  const families: Family[] = [
    gauge("go_goroutines", {}),
    counter("promhttp_metric_handler_requests_total", { code: "200" }),
    gauge("go_memstats_alloc_bytes", {}),
    counter("go_memstats_alloc_bytes_total", {}),
    gauge("weird", {}),
    gauge("network_ingress_bytes", {}),
    gauge("network_other", {}),
  ];
  const points = await made(
    {
      extra_metrics: [
        "go_goroutines",
        { promhttp_metric_handler_requests: "http.requests" },
        { weird: { name: "odd", type: "counter" } },
        "^network_(ingress|egress)_.+",
      ],
    },
    families,
  );
  assert.deepEqual(
    points.map(({ name, isMonotonic, value }) => [name, isMonotonic, value]),
    [
      ["kubevirt_handler.go_goroutines", false, 1],
      ["kubevirt_handler.http.requests.count", true, 2],
      ["kubevirt_handler.odd.count", true, 5],
      ["kubevirt_handler.network_ingress_bytes", false, 6],
    ],
  );
});

test("extra_metrics: a type overrides what the source says, a plain name the documented set, a regular expression neither", async () => {
  const families = [gauge(DOMAIN, {}), counter(USAGE, {}), gauge("other", {})];
  const overriding = await made(
    { extra_metrics: [{ kubevirt_vmi_cpu_usage_seconds: { type: "gauge" } }, { ".+": { name: "rest" } }] },
    families,
  );
  assert.deepEqual(
    overriding.map(({ name, isMonotonic }) => [name, isMonotonic]),
    [
      ["kubevirt_handler.vmi.memory_domain_bytes", false],
      ["kubevirt_handler.kubevirt_vmi_cpu_usage_seconds", false],
      ["kubevirt_handler.rest", false],
    ],
  );
});

test("extra_metrics: histograms and summaries with all of their samples, the first one too", async () => {
  const families: Family[] = [
    { name: "latency", type: "histogram", series: [{ verb: "GET" }], bounds: [0.1, 1] },
    { name: "gc", type: "summary", series: [{}], bounds: [0, 0.5] },
  ];
  const config = { extra_metrics: ["latency", "gc"] };
  const points = await made(config, families);
  assert.deepEqual(
    points.map(({ name, attributes, value }) => [name.replace("kubevirt_handler.", ""), attributes, value]),
    [
      ["latency.bucket", { verb: "GET", upper_bound: "0.1" }, 1],
      ["latency.bucket", { verb: "GET", upper_bound: "1.0" }, 2],
      ["latency.count", { verb: "GET" }, 3],
      ["latency.sum", { verb: "GET" }, 4],
      ["gc.quantile", { quantile: "0" }, 5],
      ["gc.quantile", { quantile: "0.5" }, 6],
      ["gc.count", {}, 7],
      ["gc.sum", {}, 8],
    ],
  );
  const native = await made({ ...config, histograms: "native" }, families);
  assert.deepEqual(names(native), ["kubevirt_handler.latency", "kubevirt_handler.gc"]);
});

test("extra_metrics: summaries become deltas, their quantiles stay", async () => {
  const layout = scrapedLayout([{ name: "gc", type: "summary", series: [{}], bounds: [0.5] }]);
  const to = harness({ ...PLAIN, extra_metrics: ["gc"], temporality: "delta" });
  await sent(to, batchOf(layout, [0.3, 10, 20], T0));
  const points = await sent(to, batchOf(layout, [0.4, 13, 29], T0 + SECOND));
  assert.deepEqual(
    points.map(({ value }) => value),
    [0.4, 3, 9],
  );
});

test("exclude_metrics: plain names are whole names, the rest matches anywhere; documented metrics too", async () => {
  const families = [gauge(DOMAIN, {}), counter(USAGE, {}), gauge("kubevirt_vmi_memory_unused_bytes", {})];
  const left = async (...exclude_metrics: string[]) =>
    names(await made({ exclude_metrics }, families)).length;
  assert.equal(await left("kubevirt_vmi_memory"), 3);
  assert.equal(await left(DOMAIN), 2);
  assert.equal(await left("kubevirt_vmi_cpu_usage_seconds"), 2);
  assert.equal(await left(USAGE), 2);
  assert.equal(await left("vmi_.*_bytes$"), 1);
  assert.equal(await left("^vmi_"), 3);
  assert.match(invalid({ exclude_metrics: ["^(?!foo).*$"] }), /invalid regular expression/);
});

test("exclude_metrics leaves the reports on the scrape", async () => {
  assert.deepEqual(names(await made({ exclude_metrics: [".*"] }, [gauge("up", {}), gauge(DOMAIN, {})])), [
    "up",
  ]);
});

test("exclude_metrics_by_labels: values are whole values", async () => {
  const series = ["23", "1234", "42"].map((pid) => ({ pid, name: `vm${pid}` }));
  const families = [gauge(DOMAIN, ...series, { name: "none" })];
  const left = async (rule: unknown) =>
    (await made({ exclude_metrics_by_labels: rule }, families)).map(({ attributes }) => attributes["name"]);
  assert.deepEqual(await left({ pid: ["23", 42] }), ["vm1234", "none"]);
  assert.deepEqual(await left({ pid: true }), ["none"]);
  assert.deepEqual(await left({ pid: ["."] }), ["vm23", "vm1234", "vm42", "none"]);
});

test("exclude_labels wins over include_labels; both go by names before renaming", async () => {
  const source = { a: "1", b: "2", namespace: "ns", kubernetes_vmi_label_app: "x" };
  const of = async (config: Record<string, unknown>) =>
    labels(await made(config, [gauge(DOMAIN, source)]))[0];
  assert.deepEqual(await of({ exclude_labels: ["a", "kubernetes_vmi_label_app"] }), {
    b: "2",
    namespace: "ns",
  });
  assert.deepEqual(await of({ include_labels: ["a", "b"], exclude_labels: ["b"] }), { a: "1" });
  assert.deepEqual(await of({ include_labels: ["a"], rename_labels: { a: "z" } }), { z: "1" });
  assert.deepEqual(await of({ exclude_labels: ["z"], rename_labels: { a: "z", b: "y" } }), {
    z: "1",
    y: "2",
    namespace: "ns",
    kubernetes_vmi_label_app: "x",
  });
});

test("include_labels leaves the integration's attributes and the bounds of buckets", async () => {
  const family: Family = {
    name: "kubevirt_workqueue_work_duration_seconds",
    type: "histogram",
    series: [{ name: "q", x: "y" }],
    bounds: [1],
  };
  const [bucket] = await made({ integration_attributes: true, include_labels: ["name"] }, [family]);
  assert.deepEqual(bucket?.attributes, { ...integration, name: "q", upper_bound: "1.0" });
});

test("rename_labels: goes before the namespace's own renaming and never makes two labels one", async () => {
  const source = { a: "1", b: "2", namespace: "ns" };
  const of = async (rename_labels: object) =>
    (await made({ integration_attributes: true, rename_labels }, [gauge(DOMAIN, source)]))[0]?.attributes;
  assert.deepEqual(await of({ a: "z" }), { ...integration, z: "1", b: "2", vm_namespace: "ns" });
  assert.deepEqual(await of({ namespace: "tenant" }), { ...integration, a: "1", b: "2", tenant: "ns" });
  assert.deepEqual(await of({ a: "b" }), { ...integration, a: "1", b: "2", vm_namespace: "ns" });
  assert.deepEqual(await of({ a: "b", b: "c" }), { ...integration, a: "1", c: "2", vm_namespace: "ns" });
});

test("series that become alike are added up, and their deltas are exact", async () => {
  const layout = scrapedLayout([
    counter(USAGE, { name: "a", id: "1" }, { name: "a", id: "2" }, { name: "b", id: "1" }),
  ]);
  const config = { ...PLAIN, exclude_labels: ["id"] };
  const cumulative = await sent(harness(config), batchOf(layout, [1, 20, 5], T0));
  assert.deepEqual(
    cumulative.map(({ attributes, value }) => [attributes["name"], value]),
    [
      ["a", 21],
      ["b", 5],
    ],
  );
  const to = harness({ ...config, temporality: "delta" });
  await sent(to, batchOf(layout, [1, 20, 5], T0));
  // One of them is reset: the sum of their totals falls, the sum of their deltas is right.
  const deltas = await sent(to, batchOf(layout, [4, 2, 6], T0 + SECOND));
  assert.deepEqual(
    deltas.map(({ attributes, value }) => [attributes["name"], value]),
    [
      ["a", 5],
      ["b", 1],
    ],
  );
});

const INFO = gauge("kubevirt_vmi_info", { namespace: "n", name: "vm", os: "fedora", node: "n1" });

test("share_labels: to all, or to those that match; only what is named", async () => {
  const families = [
    gauge("kubevirt_info", { kubeversion: "v1.9.0" }),
    INFO,
    gauge(DOMAIN, { namespace: "n", name: "vm" }, { namespace: "n", name: "other" }),
  ];
  const shared = async (share_labels: object) => {
    const points = await made(
      { share_labels, exclude_metrics: ["kubevirt_info", "kubevirt_vmi_info"] },
      families,
    );
    return labels(points).map(({ namespace: _, name: __, ...rest }) => rest);
  };
  assert.deepEqual(await shared({ kubevirt_info: true }), [
    { kubeversion: "v1.9.0" },
    { kubeversion: "v1.9.0" },
  ]);
  assert.deepEqual(await shared({ kubevirt_vmi_info: { match: ["namespace", "name"], labels: ["os"] } }), [
    { os: "fedora" },
    {},
  ]);
  assert.deepEqual(await shared({ kubevirt_vmi_info: { match: ["namespace", "name"] } }), [
    { os: "fedora", node: "n1" },
    {},
  ]);
});

test("share_labels: never overwrites a label that the series has itself", async () => {
  const families = [INFO, gauge(DOMAIN, { namespace: "n", name: "vm", node: "own" })];
  const points = await made({ share_labels: { kubevirt_vmi_info: true } }, families);
  const own = points.find(({ name }) => name.endsWith("memory_domain_bytes"));
  assert.equal(own?.attributes["node"], "own");
  assert.equal(own?.attributes["os"], "fedora");
});

test("share_labels: a series without the labels of match shares nothing", async () => {
  const families = [
    gauge("source", { os: "fedora" }, { pod: "p", os: "debian" }),
    gauge(DOMAIN, { name: "vm" }, { pod: "p" }),
  ];
  const points = await made({ share_labels: { source: { match: ["pod"] } } }, families);
  assert.deepEqual(labels(points), [{ name: "vm" }, { pod: "p", os: "debian" }]);
  assert.notEqual(invalid({ share_labels: { source: { match: [] } } }), "");
  assert.notEqual(invalid({ share_labels: { source: {} } }), "");
});

test("share_labels: conditional labels go before unconditional ones, whatever comes first in the scrape", async () => {
  const families = [
    gauge(DOMAIN, { pod: "p" }),
    gauge("all", { x: "from all" }),
    gauge("some", { pod: "p", x: "matched" }),
  ];
  const config = { share_labels: { some: { match: ["pod"] }, all: true } };
  assert.deepEqual(labels(await made(config, families)), [{ pod: "p", x: "matched" }]);
});

test("share_labels: only with one of the values, as of each scrape", async () => {
  const layout = scrapedLayout([
    gauge("phase", { phase: "Running" }, { phase: "Failed" }),
    gauge(DOMAIN, { name: "vm" }),
  ]);
  const to = harness({ ...PLAIN, share_labels: { phase: { values: [1] } } });
  const at = async (values: number[], states?: number[]) =>
    labels(await sent(to, batchOf(layout, values, T0, states))).map(({ phase }) => phase);
  assert.deepEqual(await at([1, 0, 5]), ["Running"]);
  assert.deepEqual(await at([0, 1, 5]), ["Failed"], "labels are never those of an older scrape");
  assert.deepEqual(await at([0, 0, 5]), [undefined]);
  assert.deepEqual(await at([1, 1, 5], [STALE, PRESENT, PRESENT]), ["Failed"]);
  assert.deepEqual(await at([1, 1, 5], [ABSENT, ABSENT, PRESENT]), [undefined]);
});

test("share_labels: a first scrape without the source does not settle it for ever", async () => {
  const to = harness({ ...PLAIN, share_labels: { kubevirt_vmi_info: { match: ["name"] } } });
  const domain = gauge(DOMAIN, { name: "vm" });
  await sent(to, batchOf(scrapedLayout([domain]), [1], T0));
  const points = await sent(to, batchOf(scrapedLayout([domain, INFO]), [1, 1], T0 + SECOND));
  assert.equal(points[0]?.attributes["os"], "fedora");
});

test("shared labels that change do not interrupt deltas", async () => {
  const layout = (node: string) =>
    scrapedLayout([counter(USAGE, { name: "vm" }), gauge("kubevirt_vmi_info", { name: "vm", node })]);
  const to = harness({
    ...PLAIN,
    temporality: "delta",
    share_labels: { kubevirt_vmi_info: { match: ["name"] } },
  });
  await sent(to, batchOf(layout("n1"), [10, 1], T0));
  const [point] = await sent(to, batchOf(layout("n2"), [13, 1], T0 + SECOND));
  assert.deepEqual([point?.value, point?.attributes["node"]], [3, "n2"]);
});

test("the same layout gives the same layout while what is shared is the same", async () => {
  const layout = scrapedLayout([INFO, gauge(DOMAIN, { name: "vm" })]);
  const to = harness({ ...PLAIN, share_labels: { kubevirt_vmi_info: { match: ["name"], values: [1] } } });
  const one = await to.send(batchOf(layout, [1, 2], T0));
  const other = await to.send(batchOf(layout, [0, 2], T0));
  const again = await to.send(batchOf(layout, [1, 3], T0));
  assert.notEqual(one?.layout, other?.layout);
  assert.equal(one?.layout, again?.layout);
});
