import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { startVirtHandler } from "../../examples/virt-handler-sim/index.ts";
import {
  AggregationTemporality,
  DataPointType,
  type Metric,
  type MetricsBatch,
} from "../../src/metrics/index.ts";
import { DOCUMENTED } from "../e2e/expected.ts";
import { metricsOf, startSink } from "../e2e/pipeline.ts";
import { root } from "../support/built-tree.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { CollectorProcess, runCollector } from "../support/collector-process.ts";
import type { OtlpSink } from "../support/otlp-sink.ts";

const pod = {
  KUBEVIRT_POD_NAME: "virt-handler-7x2lq",
  KUBEVIRT_NAMESPACE: "kubevirt",
  KUBEVIRT_NODE_NAME: "node01",
  KUBEVIRT_CLUSTER_NAME: "prod-eu",
};

/** Runs a file as it is against a simulated virt-handler; only the environment says where things are. */
async function run(
  t: TestContext,
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<CollectorProcess> {
  const handler = await startVirtHandler({ vms: 3, lively: true });
  t.after(() => handler.close());
  const caFile = join(await temporaryDirectory(t), "ca.pem");
  await writeFile(caFile, handler.caPem);
  const quick = [
    "receivers.kubevirt_handler.initial_delay=0s",
    "service.telemetry.metrics.level=none",
    "service.telemetry.logs.encoding=json",
  ];
  return await CollectorProcess.start(t, ["--config", file, ...quick.flatMap((value) => ["--set", value])], {
    env: {
      ...pod,
      KUBEVIRT_METRICS_ENDPOINT: handler.metricsUrl,
      KUBEVIRT_CA_FILE: caFile,
      KUBEVIRT_COLLECTION_INTERVAL: "1500ms",
      ...env,
    },
  });
}

/** Runs a file until `complete`, then stops it: it must have been silent but for its life cycle. */
async function runToBackend(
  t: TestContext,
  file: string,
  env: (sink: OtlpSink) => Readonly<Record<string, string>>,
  complete: (batches: readonly MetricsBatch[]) => boolean,
): Promise<OtlpSink> {
  const sink = await startSink(t);
  const collector = await run(t, file, env(sink));
  await collector.within(
    sink.until(() => complete(sink.batches)),
    "what the pipeline should deliver",
  );
  const { code } = await collector.stop();
  if (process.platform !== "win32") assert.equal(code, 0);
  const loud = collector.logs.filter(({ level }) => level !== "info");
  assert.deepEqual(loud, []);
  assert.deepEqual(sink.malformed, []);
  return sink;
}

const namesOf = (batches: readonly MetricsBatch[]) =>
  new Set(batches.flatMap((batch) => metricsOf(batch).map(({ descriptor }) => descriptor.name)));
const haveDocumented = (batches: readonly MetricsBatch[]) => {
  const names = namesOf(batches);
  return DOCUMENTED.every((name) => names.has(name));
};
const sumsOf = (sink: OtlpSink): readonly Metric[] =>
  sink.batches.flatMap(metricsOf).filter(({ dataPointType }) => dataPointType === DataPointType.SUM);
const pathsOf = (sink: OtlpSink) => [...new Set(sink.requests.map(({ path }) => path))];
const hasTemporality = (temporality: AggregationTemporality) => (metric: Metric) =>
  metric.aggregationTemporality === temporality;
const haveMachines = (batch: MetricsBatch) =>
  batch.filter(({ resource }) => resource.attributes["service.name"] === "kubevirt-vmi").length === 3;

const cases: Readonly<Record<string, (t: TestContext, file: string) => Promise<void>>> = {
  "otel-config.yaml": async (t, file) => {
    const sink = await runToBackend(t, file, ({ endpoint }) => ({ OTLP_ENDPOINT: endpoint }), haveDocumented);
    assert.deepEqual(pathsOf(sink), ["/v1/metrics"]);
    assert.equal(sink.requests[0]?.headers["content-encoding"], "gzip");
    assert.ok(sumsOf(sink).every(hasTemporality(AggregationTemporality.CUMULATIVE)));
    const [resource] = sink.batches[0] ?? [];
    assert.equal(resource?.resource.attributes["k8s.pod.name"], "virt-handler-7x2lq");
    assert.equal(resource?.resource.attributes["k8s.cluster.name"], "prod-eu");
  },
  "pipelines/otlp.yaml": async (t, file) => {
    const env = ({ endpoint }: OtlpSink) => ({ OTLP_ENDPOINT: endpoint, OTLP_AUTHORIZATION: "Bearer t0ken" });
    const sink = await runToBackend(t, file, env, haveDocumented);
    assert.equal(sink.requests[0]?.headers.authorization, "Bearer t0ken");
    assert.ok(sink.batches.some(haveMachines));
  },
  "pipelines/datadog.yaml": async (t, file) => {
    const env = ({ endpoint }: OtlpSink) => ({
      DD_OTLP_ENDPOINT: `${endpoint}/v1/metrics`,
      DD_API_KEY: "0123456789abcdef",
    });
    const sink = await runToBackend(t, file, env, haveDocumented);
    const headers = sink.requests[0]?.headers ?? {};
    assert.equal(headers["dd-api-key"], "0123456789abcdef");
    assert.deepEqual(JSON.parse(String(headers["dd-otel-metric-config"])), {
      resource_attributes_as_tags: true,
    });
    assert.ok(sumsOf(sink).every(hasTemporality(AggregationTemporality.DELTA)));
  },
  "pipelines/prometheus.yaml": async (t, file) => {
    const sink = await runToBackend(
      t,
      file,
      ({ endpoint }) => ({ PROMETHEUS_URL: endpoint }),
      (batches) => namesOf(batches).has("kubevirt_vmi_vcpu_seconds_total"),
    );
    assert.deepEqual(pathsOf(sink), ["/api/v1/otlp/v1/metrics"]);
    const names = namesOf(sink.batches);
    for (const name of ["up", "kubevirt_info", "kubevirt_workqueue_work_duration_seconds"])
      assert.ok(names.has(name), name);
    assert.ok(sumsOf(sink).every(hasTemporality(AggregationTemporality.CUMULATIVE)));
    // Prometheus' translation leaves a name alone that is valid, and a counter's that ends in _total.
    for (const metric of sumsOf(sink))
      if (metric.dataPointType === DataPointType.SUM && metric.isMonotonic)
        assert.match(metric.descriptor.name, /^[a-z_0-9]+_total$/);
  },
  "pipelines/grafana-cloud.yaml": async (t, file) => {
    const env = ({ endpoint }: OtlpSink) => ({
      GRAFANA_CLOUD_OTLP_ENDPOINT: `${endpoint}/otlp`,
      GRAFANA_CLOUD_AUTH: "MTpnbGM=",
    });
    const sink = await runToBackend(t, file, env, haveDocumented);
    assert.deepEqual(pathsOf(sink), ["/otlp/v1/metrics"]);
    assert.equal(sink.requests[0]?.headers.authorization, "Basic MTpnbGM=");
    assert.ok(sink.batches.some(haveMachines));
    const instances = (sink.batches.find(haveMachines) ?? []).map(
      ({ resource }) => resource.attributes["service.instance.id"],
    );
    assert.equal(new Set(instances).size, instances.length, "a backend can tell the machines apart");
  },
  "pipelines/debug.yaml": async (t, file) => {
    const collector = await run(t, file, {});
    await collector.until(
      () => DOCUMENTED.every((name) => collector.stdout.includes(`${name}{`)),
      "all documented metrics on standard output",
    );
    const { code } = await collector.stop();
    if (process.platform !== "win32") assert.equal(code, 0);
    assert.match(collector.stdout, /^kubevirt_handler\.can_connect\{.*pod_name=virt-handler-7x2lq.*\} 1$/m);
    assert.deepEqual(
      collector.logs.filter(({ level }) => level !== "info"),
      [],
    );
  },
};

const files = [
  "otel-config.yaml",
  ...readdirSync(join(root, "pipelines"))
    .filter((name) => name.endsWith(".yaml") && !name.endsWith(".test.yaml"))
    .map((name) => `pipelines/${name}`),
];

test("every file in pipelines has a case here and a line in the README", () => {
  assert.deepEqual(files.toSorted(), Object.keys(cases).sort());
  const readme = readFileSync(join(root, "pipelines", "README.md"), "utf8");
  for (const file of files.slice(1))
    assert.ok(readme.includes(`| \`${file.slice("pipelines/".length)}\``), file);
});

describe("ready-made pipelines run", { concurrency: true }, () => {
  for (const [file, run] of Object.entries(cases)) test(file, (t) => run(t, file));

  test("without an environment the default one is valid", async (t) => {
    const { code, stderr } = await runCollector(t, ["validate"]);
    assert.deepEqual([code, stderr], [0, ""]);
  });
});
