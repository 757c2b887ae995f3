import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, type TestContext, test } from "node:test";
import {
  AggregationTemporality,
  Batch,
  DataPointType,
  type GaugeMetric,
  type HrTime,
  type Metric,
  NO_RECORDED_VALUE,
  ValueType,
} from "../../src/metrics/index.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { freePort, startExporter } from "./parts.ts";
import { buildPrometheus, startPeer } from "./peers.ts";

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly histogram?: readonly [number, { readonly count: string; readonly sum: string }];
}

const aggregationTemporality = AggregationTemporality.CUMULATIVE;
const descriptor = (name: string, unit: string) => ({
  name,
  description: `${name}.`,
  unit,
  valueType: ValueType.DOUBLE,
});
const vm = { vm_namespace: "shop", name: "vm-1" };

function metricsAt(startTime: HrTime, endTime: HrTime): Metric[] {
  const point = { startTime, endTime, attributes: vm };
  return [
    {
      descriptor: descriptor("kubevirt_handler.vmi.memory_available_bytes", "By"),
      aggregationTemporality,
      dataPointType: DataPointType.GAUGE,
      dataPoints: [
        { ...point, value: 1.5 },
        { ...point, attributes: { name: "big" }, value: 2n ** 60n },
      ],
    },
    {
      descriptor: descriptor("kubevirt_handler.vmi.cpu_usage_seconds", "s"),
      aggregationTemporality,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [{ ...point, value: 42.25 }],
    },
    {
      descriptor: descriptor("queue.duration", "s"),
      aggregationTemporality,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: [
        { ...point, value: { count: 6, sum: 7.5, buckets: { boundaries: [0.1, 1], counts: [1, 2, 3] } } },
      ],
    },
    {
      descriptor: descriptor("request.size", "By"),
      aggregationTemporality,
      dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM,
      dataPoints: [
        {
          ...point,
          value: {
            count: 10,
            sum: 99,
            scale: 2,
            zeroCount: 1,
            positive: { offset: 3, bucketCounts: [2, 3, 4] },
            negative: { offset: 0, bucketCounts: [] },
          },
        },
      ],
    },
    {
      descriptor: descriptor("gc.pause", "s"),
      aggregationTemporality,
      dataPointType: DataPointType.SUMMARY,
      dataPoints: [{ ...point, value: { count: 2, sum: 0.5, quantiles: [{ quantile: 0.5, value: 0.2 }] } }],
    },
  ];
}

function batchOf(metrics: readonly Metric[]): Batch {
  const resource = {
    attributes: {
      "service.name": "virt-handler",
      "service.instance.id": "10.244.0.38:8443",
      "k8s.node.name": "n1",
    },
  };
  return Batch.from([{ resource, scopeMetrics: [{ scope: { name: "test", version: "1" }, metrics }] }]);
}

describe("a Prometheus server answers with what our exporter sent it", () => {
  let binary: string;
  before(async () => {
    binary = await buildPrometheus();
  });

  async function startPrometheus(t: TestContext) {
    const directory = await temporaryDirectory(t);
    const address = `127.0.0.1:${await freePort()}`;
    const config = { otlp: { promote_resource_attributes: ["k8s.node.name"] } };
    await writeFile(join(directory, "prometheus.yml"), JSON.stringify(config));
    const peer = startPeer(t, binary, [
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=${address}`,
      "--web.enable-otlp-receiver",
    ]);
    await peer.logged(/Server is ready to receive web requests/);
    /** The value of each series under its labels, in text. */
    const query = async (expression: string) => {
      const url = `http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { data } = (await (await fetch(url)).json()) as { data: { result: readonly Sample[] } };
      return Object.fromEntries(
        data.result.map(({ metric, value, histogram }) => {
          const { job, instance, otel_scope_name, otel_scope_version, k8s_node_name, ...labels } = metric;
          assert.deepEqual([job, instance], ["virt-handler", "10.244.0.38:8443"]);
          return [JSON.stringify(labels), value?.[1] ?? [histogram?.[1].count, histogram?.[1].sum]];
        }),
      );
    };
    return { endpoint: `http://${address}/api/v1/otlp`, query };
  }

  for (const [encoding, compression] of [
    ["proto", "gzip"],
    ["proto", "none"],
    ["json", "gzip"],
  ] as const) {
    test(`${encoding}, ${compression}`, async (t) => {
      const { endpoint, query } = await startPrometheus(t);
      const exporter = await startExporter(t, "otlp_http", { endpoint, encoding, compression });
      const now = Math.floor(Date.now() / 1000);
      await exporter.consume(batchOf(metricsAt([now - 60, 0], [now - 1, 0])));
      const labels = (name: string, extra: object = vm) =>
        JSON.stringify({ __name__: name, ...sorted(extra) });
      assert.deepEqual(await query('{__name__=~"kubevirt_handler_vmi_memory.*"}'), {
        [labels("kubevirt_handler_vmi_memory_available_bytes", { name: "big" })]: String(2 ** 60),
        [labels("kubevirt_handler_vmi_memory_available_bytes")]: "1.5",
      });
      assert.deepEqual(await query('{__name__=~"kubevirt_handler_vmi_cpu.*"}'), {
        [labels("kubevirt_handler_vmi_cpu_usage_seconds_total")]: "42.25",
      });
      assert.deepEqual(await query("queue_duration_seconds_bucket"), {
        [labels("queue_duration_seconds_bucket", { ...vm, le: "0.1" })]: "1",
        [labels("queue_duration_seconds_bucket", { ...vm, le: "1" })]: "3",
        [labels("queue_duration_seconds_bucket", { ...vm, le: "+Inf" })]: "6",
      });
      assert.deepEqual(await query("queue_duration_seconds_sum"), {
        [labels("queue_duration_seconds_sum")]: "7.5",
      });
      assert.deepEqual(await query("request_size_bytes"), { [labels("request_size_bytes")]: ["10", "99"] });
      assert.deepEqual(await query("gc_pause_seconds"), {
        [labels("gc_pause_seconds", { ...vm, quantile: "0.5" })]: "0.2",
      });
      assert.equal(Object.keys(await query('queue_duration_seconds_count{k8s_node_name="n1"}')).length, 1);
    });
  }

  test("a series without a recorded value is stale there", async (t) => {
    const { endpoint, query } = await startPrometheus(t);
    const exporter = await startExporter(t, "otlp_http", { endpoint });
    const now = Math.floor(Date.now() / 1000);
    const gauge = metricsAt([0, 0], [now - 5, 0])[0] as GaugeMetric;
    await exporter.consume(batchOf([gauge]));
    assert.equal(Object.keys(await query("kubevirt_handler_vmi_memory_available_bytes")).length, 2);
    const stale: GaugeMetric = {
      ...gauge,
      dataPoints: [
        {
          startTime: [0, 0],
          endTime: [now - 2, 0],
          attributes: vm,
          value: Number.NaN,
          flags: NO_RECORDED_VALUE,
        },
      ],
    };
    await exporter.consume(batchOf([stale]));
    assert.equal(Object.keys(await query("kubevirt_handler_vmi_memory_available_bytes")).length, 1);
  });
});

function sorted(attributes: object): object {
  return Object.fromEntries(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
