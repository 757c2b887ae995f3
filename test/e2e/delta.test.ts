import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  AggregationTemporality,
  DataPointType,
  type HrTime,
  type MetricsBatch,
} from "../../src/metrics/index.ts";
import { body } from "./handler.ts";
import { metricsOf, type PipelineOptions, pointsOf, startPipeline } from "./pipeline.ts";

const delta: PipelineOptions = { processor: { temporality: "delta" } };

const vm = (name: string) => `name="${name}",namespace="demo",node="node01"`;
const family = (name: string, type: string, ...lines: readonly string[]) =>
  `# TYPE ${name} ${type}\n${lines.map((line) => `${name}${line}\n`).join("")}`;
const received = (name: string, total: number | string) => `{interface="default",${vm(name)}} ${total}`;
const network = (...lines: readonly string[]) =>
  family("kubevirt_vmi_network_receive_bytes_total", "counter", ...lines);
const vcpu = (...states: readonly (readonly [state: string, total: number])[]) =>
  family(
    "kubevirt_vmi_vcpu_seconds_total",
    "counter",
    ...states.map(([state, total], id) => `{id="${id}",${vm("web")},state="${state}"} ${total}`),
  );

const BYTES = "kubevirt_handler.vmi.network_receive_bytes.count";
const VCPU = "kubevirt_handler.vmi.vcpu_seconds.count";

interface Delta {
  readonly of: unknown;
  readonly value: unknown;
  /** Number of the scrape at which it starts. */
  readonly since: number;
}

/** Scrapes `bodies` one after the other and gives the batch of each. */
async function scrapeAll(
  t: Parameters<typeof startPipeline>[0],
  options: PipelineOptions,
  bodies: readonly string[],
): Promise<readonly MetricsBatch[]> {
  const { next } = await startPipeline(t, options, (handler) => {
    handler.scheduled.push(...bodies.map(body));
  });
  const batches: MetricsBatch[] = [];
  while (batches.length < bodies.length) batches.push(await next());
  return batches;
}

/** The deltas of `name` in each batch; `key` is the attribute that tells points apart. */
function deltas(batches: readonly MetricsBatch[], name: string, key: string): readonly (readonly Delta[])[] {
  const times = batches.map((batch) => seconds(pointsOf(batch, "up")[0]?.endTime));
  return batches.map((batch, scrape) => {
    for (const metric of metricsOf(batch).filter(({ descriptor }) => descriptor.name === name)) {
      assert.equal(metric.dataPointType, DataPointType.SUM);
      assert.equal(metric.dataPointType === DataPointType.SUM && metric.isMonotonic, true);
      assert.equal(metric.aggregationTemporality, AggregationTemporality.DELTA);
    }
    return pointsOf(batch, name).map(({ attributes, value, startTime, endTime }) => {
      assert.equal(seconds(endTime), times[scrape]);
      return { of: attributes[key], value, since: times.indexOf(seconds(startTime)) };
    });
  });
}

const seconds = ([s, ns]: HrTime = [0, 0]) => s + ns / 1e9;

describe("delta mode", { concurrency: true }, () => {
  test("differences, from the second scrape on, a reset included", async (t) => {
    const totals = [1000, 1500, 1500, 80, 81];
    const batches = await scrapeAll(
      t,
      delta,
      totals.map((total) => network(received("web", total))),
    );
    assert.deepEqual(deltas(batches, BYTES, "name"), [
      [],
      [{ of: "web", value: 500, since: 0 }],
      [{ of: "web", value: 0, since: 1 }],
      [{ of: "web", value: 80, since: 2 }],
      [{ of: "web", value: 1, since: 3 }],
    ]);
  });

  test("a virtual machine that is missing from a scrape and comes back", async (t) => {
    const batches = await scrapeAll(t, delta, [
      network(received("db", 10), received("web", 100)),
      network(received("db", 11), received("web", 110)),
      network(received("web", 120)),
      network(received("db", 17), received("web", 130)),
    ]);
    const [first, second, gap, back] = deltas(batches, BYTES, "name");
    assert.deepEqual(first, []);
    assert.deepEqual(second, [
      { of: "db", value: 1, since: 0 },
      { of: "web", value: 10, since: 0 },
    ]);
    assert.deepEqual(gap, [{ of: "web", value: 10, since: 1 }]);
    assert.deepEqual(back, [
      { of: "db", value: 6, since: 1 },
      { of: "web", value: 10, since: 2 },
    ]);
  });

  test("a failed scrape is a gap as well", async (t) => {
    const batches = await scrapeAll(t, delta, [
      network(received("web", 100)),
      "nonsense {\n",
      network(received("web", 130)),
    ]);
    assert.deepEqual(deltas(batches, BYTES, "name"), [[], [], [{ of: "web", value: 30, since: 0 }]]);
  });

  test("a virtual CPU takes its total along to another state", async (t) => {
    const batches = await scrapeAll(t, delta, [
      vcpu(["running", 100], ["blocked", 50]),
      vcpu(["running", 103], ["blocked", 51]),
      vcpu(["blocked", 104], ["running", 56]),
      vcpu(["running", 106], ["running", 60]),
    ]);
    const byId = batches.map((batch) =>
      pointsOf(batch, VCPU)
        .map(({ attributes, value }) => `${attributes["id"]} ${attributes["state"]} ${value}`)
        .sort(),
    );
    assert.deepEqual(byId, [
      [],
      ["0 running 3", "1 blocked 1"],
      ["0 blocked 1", "1 running 5"],
      ["0 running 2", "1 running 4"],
    ]);
    assert.deepEqual(
      deltas(batches, VCPU, "id").map((points) => points.map(({ since }) => since)),
      [[], [0, 0], [1, 1], [2, 2]],
    );
  });

  test("NaN is left out alone, and the next difference covers it", async (t) => {
    const batches = await scrapeAll(t, delta, [
      network(received("db", 1), received("web", 100)),
      network(received("db", 2), received("web", "NaN")),
      network(received("db", 3), received("web", 104)),
      network(received("db", "+Inf"), received("web", 105)),
    ]);
    assert.deepEqual(deltas(batches, BYTES, "name"), [
      [],
      [{ of: "db", value: 1, since: 0 }],
      [
        { of: "db", value: 1, since: 1 },
        { of: "web", value: 4, since: 0 },
      ],
      [{ of: "web", value: 1, since: 2 }],
    ]);
  });

  test("histograms, in parts and whole", async (t) => {
    const name = "kubevirt_workqueue_work_duration_seconds";
    const histogram = (low: number, high: number, count: number, sum: number) =>
      `# TYPE ${name} histogram\n${name}_bucket{name="q",le="0.1"} ${low}\n${name}_bucket{name="q",le="1"} ${high}\n${name}_bucket{name="q",le="+Inf"} ${count}\n${name}_sum{name="q"} ${sum}\n${name}_count{name="q"} ${count}\n`;
    const bodies = [histogram(1, 2, 3, 4), histogram(1, 4, 6, 10), histogram(1, 1, 1, 0.5)];
    const documented = "kubevirt_handler.workqueue.work_duration_seconds";
    const [parts, native] = await Promise.all([
      scrapeAll(t, delta, bodies),
      scrapeAll(t, { processor: { temporality: "delta", histograms: "native" } }, bodies),
    ]);
    const values = (suffix: string) =>
      parts.map((batch) => pointsOf(batch, `${documented}.${suffix}`).map(({ value }) => value));
    assert.deepEqual(values("bucket"), [[], [0, 2], [1, 1]]);
    assert.deepEqual(values("count"), [[], [3], [1]]);
    assert.deepEqual(values("sum"), [[], [6], [0.5]]);
    assert.deepEqual(
      native.map((batch) => pointsOf(batch, documented).map(({ value }) => value)),
      [
        [],
        [{ count: 3, sum: 6, buckets: { boundaries: [0.1, 1], counts: [0, 2, 1] } }],
        [{ count: 1, sum: 0.5, buckets: { boundaries: [0.1, 1], counts: [1, 0, 0] } }],
      ],
    );
  });
});
