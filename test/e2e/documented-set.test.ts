import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Exposition, World } from "../../examples/virt-handler-sim/index.ts";
import { DataPointType, type HistogramMetric } from "../../src/metrics/index.ts";
import { DOCUMENTED, expectedOf, REPORTED, receivedOf } from "./expected.ts";
import { body } from "./handler.ts";
import { firstValue, metricsOf, pointsOf, startPipeline } from "./pipeline.ts";

/** A real body that stays the same, with labels that are hard to read. */
const text = new Exposition(
  new World({ vms: 4, node: "node01", seed: 7, clock: () => 1.75e12, lively: false }),
)
  .scrape()
  .replaceAll('io_name="web"', String.raw`io_name="a \"b\"\\c\nd, {e}=\"ü\""`);

const target = {
  pod_name: "virt-handler-7x2lq",
  namespace: "kubevirt",
  node_name: "node01",
  cluster_name: "prod-eu",
};

const pod = { pod_name: "virt-handler-7x2lq", kube_namespace: "kubevirt", kube_cluster_name: "prod-eu" };

describe("the documented set", { concurrency: true }, () => {
  test("all 45 arrive with name, kind, unit, every value and all attributes", async (t) => {
    assert.ok(text.includes(String.raw`\"b\"`), "a label is hard to read");
    const { handler, next, collector } = await startPipeline(t, { target }, (it) => {
      it.metrics = body(text);
    });
    const [first, second] = [await next(), await next()];
    const expected = expectedOf(text, { endpoint: handler.metricsUrl, ...pod });
    assert.equal(expected.length, 44, "the body has every documented family");
    for (const batch of [first, second]) {
      assert.deepEqual(receivedOf(batch), expected);
      assert.equal(batch.length, 1);
      assert.equal(firstValue(batch, "up"), 1);
      const [health] = metricsOf(batch).filter(({ descriptor }) => descriptor.name === DOCUMENTED[0]);
      assert.equal(health?.dataPointType, DataPointType.GAUGE);
      assert.equal(health?.descriptor.unit, "1");
      assert.deepEqual(
        health?.dataPoints.map(({ value, attributes }) => ({ value, attributes: { ...attributes } })),
        [{ value: 1, attributes: { endpoint: handler.healthzUrl, ...pod } }],
      );
      const names = metricsOf(batch).map(({ descriptor }) => descriptor.name);
      assert.deepEqual(names.toSorted(), [...DOCUMENTED, ...REPORTED].sort(), "and nothing else");
      assert.ok(metricsOf(batch).every(({ descriptor }) => descriptor.description !== ""));
      assert.deepEqual(batch[0]?.resource.attributes, {
        "service.name": "virt-handler",
        "service.instance.id": new URL(handler.url).host,
        "server.address": "127.0.0.1",
        "server.port": new URL(handler.url).port,
        "url.scheme": "https",
        "k8s.pod.name": "virt-handler-7x2lq",
        "k8s.namespace.name": "kubevirt",
        "k8s.node.name": "node01",
        "k8s.cluster.name": "prod-eu",
      });
    }
    assert.ok(time(second) > time(first));
    const exit = await collector.stop();
    assert.equal(exit.signal ?? exit.code, process.platform === "win32" ? "SIGTERM" : 0);
    assert.deepEqual(
      collector.logs.filter(({ level }) => level !== "info"),
      [],
    );
  });

  test("what virt-handler is asked for", async (t) => {
    const { handler, next } = await startPipeline(t, { interval: "1s" }, (it) => {
      it.metrics = body(text);
    });
    await next();
    const [scrape] = handler.scrapes;
    assert.equal(scrape?.httpVersion, "1.1");
    assert.match(scrape?.headers.accept ?? "", /text\/plain;version=0\.0\.4/);
    assert.equal(scrape?.headers["accept-encoding"], "zstd,gzip");
    assert.equal(scrape?.headers["x-prometheus-scrape-timeout-seconds"], "1");
    const health = handler.requests.find(({ url }) => url === "/healthz");
    assert.match(health?.headers.accept ?? "", /application\/json/);
  });

  test("no component writes to what it was given: --strict makes no difference", async (t) => {
    const { handler, next, collector } = await startPipeline(
      t,
      { args: ["--strict"], processor: { temporality: "delta", resource: "vmi" } },
      (it) => {
        it.metrics = body(text);
      },
    );
    await next();
    const second = await next();
    assert.equal(firstValue(second, "up"), 1);
    assert.equal(receivedOf(second).length, expectedOf(text, { endpoint: handler.metricsUrl }).length);
    assert.deepEqual(
      collector.logs.filter(({ level }) => level !== "info"),
      [],
    );
  });

  test("one resource for each virtual machine, with its identity", async (t) => {
    const { next, handler } = await startPipeline(t, { target, processor: { resource: "vmi" } }, (it) => {
      it.metrics = body(text);
    });
    const batch = await next();
    const machines = batch.filter(({ resource }) => resource.attributes["service.name"] === "kubevirt-vmi");
    const identities = machines.map(({ resource }) => resource.attributes["service.instance.id"]).sort();
    assert.deepEqual(identities, [
      "prod-eu/default/vm-0",
      "prod-eu/default/vm-3",
      "prod-eu/tenant-a/vm-1",
      "prod-eu/tenant-b/vm-2",
    ]);
    assert.equal(batch.length, machines.length + 1);
    // Resource and point together say what the point alone says without the option.
    const joined = batch.map(({ resource, scopeMetrics }) => ({
      resource,
      scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
        scope,
        metrics: metrics.map((metric) => ({
          ...metric,
          dataPoints: metric.dataPoints.map((point) => ({
            ...point,
            attributes: { ...identityOf(resource.attributes), ...point.attributes },
          })),
        })),
      })),
    }));
    const expected = expectedOf(text, { endpoint: handler.metricsUrl, ...pod });
    assert.deepEqual(receivedOf(joined as unknown as typeof batch), expected);
  });

  test("histograms stay whole if wanted", async (t) => {
    const { next } = await startPipeline(t, { processor: { histograms: "native" } }, (it) => {
      it.metrics = body(text);
    });
    const batch = await next();
    const name = "kubevirt_handler.workqueue.work_duration_seconds";
    const histogram = metricsOf(batch).find(({ descriptor }) => descriptor.name === name) as HistogramMetric;
    assert.equal(histogram.dataPointType, DataPointType.HISTOGRAM);
    assert.equal(histogram.descriptor.unit, "s");
    const parts = new Map(expectedOf(text, {}).map((metric) => [metric.name, metric.points]));
    assert.equal(histogram.dataPoints.length, parts.get(`${name}.count`)?.length);
    const counts = histogram.dataPoints.map(
      ({ value, attributes }) => `[["name","${attributes["name"]}"]] ${value.count}`,
    );
    assert.deepEqual(counts.sort(), parts.get(`${name}.count`));
    const sums = histogram.dataPoints.map(
      ({ value, attributes }) => `[["name","${attributes["name"]}"]] ${value.sum}`,
    );
    assert.deepEqual(sums.sort(), parts.get(`${name}.sum`));
    const bounds = [1e-8, 1e-7, 1e-6, 9.999999999999999e-6, 9.999999999999999e-5, 0.001, 0.01, 0.1, 1, 10];
    const buckets = histogram.dataPoints.flatMap(({ value, attributes }) => {
      assert.deepEqual(value.buckets.boundaries, bounds);
      let cumulative = 0;
      return bounds.map((bound, i) => {
        cumulative += Number(value.buckets.counts[i]);
        return `${attributes["name"]} ${bound} ${cumulative}`;
      });
    });
    const expected = (parts.get(`${name}.bucket`) ?? []).map((point) => {
      const [, queue, bound, count] =
        /"name","([^"]+)"\],\["upper_bound","([^"]+)".* (\d+)$/.exec(point) ?? [];
      return `${queue} ${Number(bound)} ${count}`;
    });
    assert.deepEqual(buckets.sort(), expected.sort());
    assert.equal(pointsOf(batch, `${name}.bucket`).length, 0);
  });

  test("everything else passes under its own name if wanted", async (t) => {
    const { next, handler } = await startPipeline(t, { processor: { metrics: "all" } }, (it) => {
      it.metrics = body(text);
    });
    const batch = await next();
    assert.deepEqual(receivedOf(batch), expectedOf(text, { endpoint: handler.metricsUrl }));
    const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name ?? "");
    const names = new Set(metricsOf(batch).map(({ descriptor }) => descriptor.name));
    const own = families.filter((family) => names.has(family));
    // A histogram makes three of the documented metrics.
    const documented = new Set(
      expectedOf(text, {}).map(({ name }) => name.replace(/(queue|work)_duration_seconds.*/, "$1")),
    );
    assert.equal(own.length, families.length - documented.size);
    assert.ok(names.has("go_gc_duration_seconds"));
    assert.equal(firstValue(batch, "kubevirt_info"), 1);
    assert.deepEqual(
      { ...pointsOf(batch, "kubevirt_info")[0]?.attributes },
      {
        goversion: "go1.26.1",
        kubeversion: "v1.9.0",
        endpoint: handler.metricsUrl,
      },
    );
  });
});

function time(batch: Parameters<typeof pointsOf>[0]): number {
  const [seconds = 0, nanoseconds = 0] = pointsOf(batch, "up")[0]?.endTime ?? [];
  return seconds * 1e9 + nanoseconds;
}

/** The attributes of a resource that the points have without `resource: vmi`. */
function identityOf(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).filter(([key]) => !/^(service|server|url|k8s)\./.test(key)),
  );
}
