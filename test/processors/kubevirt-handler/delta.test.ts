import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PartialError, RetryableError } from "../../../src/component/index.ts";
import {
  ABSENT,
  AggregationTemporality,
  type Attributes,
  Batch,
  DataPointType,
  type HistogramValue,
  type Layout,
  PRESENT,
  STALE,
} from "../../../src/metrics/index.ts";
import { batchOf, type Family, harness, type Point, SECOND, scrapedLayout, sent, T0 } from "./support.ts";

const VCPU: Family = {
  name: "kubevirt_vmi_vcpu_seconds_total",
  type: "counter",
  series: ["running", "blocked"].map((state) => ({ namespace: "a", name: "vm", id: "0", state })),
};
const ADDS: Family = { name: "kubevirt_workqueue_adds_total", type: "counter", series: [{ name: "q" }] };

const values = (points: readonly Point[]) => points.map(({ value, start }) => [value, (start - T0) / SECOND]);

/** Sends one number for one counter at each second; undefined: it is absent. */
async function deltasOf(totals: readonly (number | undefined)[], config = {}, stepSeconds = 1n) {
  const layout = scrapedLayout([ADDS, { name: "up", type: "gauge", series: [{}] }]);
  const to = harness({ temporality: "delta", ...config });
  const result: unknown[] = [];
  for (const [i, total] of totals.entries()) {
    const states = [total === undefined ? ABSENT : PRESENT, PRESENT];
    const points = await sent(
      to,
      batchOf(layout, [total ?? 0, 1], T0 + BigInt(i) * stepSeconds * SECOND, states),
    );
    result.push(values(points.filter(({ name }) => name !== "up"))[0]);
  }
  return { result, counted: to.counted };
}

test("differences start where the one before ended; the first point gives none", async () => {
  const { result } = await deltasOf([10, 12, 12, 12.5]);
  assert.deepEqual(result, [undefined, [2, 0n], [0, 1n], [0.5, 2n]]);
});

test("a reset gives the new total", async () => {
  const { result } = await deltasOf([10, 3, 5]);
  assert.deepEqual(result, [undefined, [3, 0n], [2, 1n]]);
});

test("a gap is covered by the next difference up to max_staleness, then all begins anew", async () => {
  const totals = [10, undefined, undefined, 16, 17];
  assert.deepEqual((await deltasOf(totals)).result, [undefined, undefined, undefined, [6, 0n], [1, 3n]]);
  const short = await deltasOf(totals, { max_staleness: "2s" });
  assert.deepEqual(short.result, [undefined, undefined, undefined, undefined, [1, 3n]]);
});

test("what is no number leaves a gap and is counted", async () => {
  const { result, counted } = await deltasOf([10, Number.NaN, Number.POSITIVE_INFINITY, 13]);
  assert.deepEqual(result, [undefined, undefined, undefined, [3, 0n]]);
  const drops = counted.filter(({ attributes }) => attributes["reason"] === "not_finite");
  assert.deepEqual(
    drops.map(({ value }) => value),
    [1, 1],
  );
});

test("a scrape that is not newer than the last gives no deltas and changes nothing", async () => {
  const layout = scrapedLayout([ADDS]);
  const to = harness({ temporality: "delta" });
  const at = async (total: number, second: bigint) =>
    values(await sent(to, batchOf(layout, [total], T0 + second * SECOND)));
  await at(10, 5n);
  assert.deepEqual(await at(20, 5n), []);
  assert.deepEqual(await at(4, 3n), []);
  assert.deepEqual(await at(11, 6n), [[1, 5n]]);
  assert.equal(to.counted.filter(({ attributes }) => attributes["reason"] === "out_of_order").length, 2);
});

test("deltas are delta sums, gauges stay what they are", async () => {
  const layout = scrapedLayout([ADDS, { name: "kubevirt_workqueue_depth", type: "gauge", series: [{}] }]);
  const to = harness({ temporality: "delta" });
  await sent(to, batchOf(layout, [1, 5], T0));
  const [adds, depth] = await sent(to, batchOf(layout, [2, 6], T0 + SECOND));
  assert.deepEqual(
    [adds?.type, adds?.temporality, adds?.isMonotonic],
    [DataPointType.SUM, AggregationTemporality.DELTA, true],
  );
  assert.deepEqual([depth?.type, depth?.value], [DataPointType.GAUGE, 6]);
});

test("a vCPU that changes state makes neither spike nor loss", async () => {
  const layout = scrapedLayout([VCPU]);
  const to = harness({ temporality: "delta" });
  const steps: readonly (readonly [number[], number[]])[] = [
    [
      [100, 0],
      [PRESENT, ABSENT],
    ],
    [
      [100, 103],
      [STALE, PRESENT],
    ],
    [
      [100, 104],
      [ABSENT, PRESENT],
    ],
    [
      [110, 104],
      [PRESENT, STALE],
    ],
  ];
  const seen: unknown[] = [];
  for (const [i, [totals, states]] of steps.entries()) {
    const points = await sent(to, batchOf(layout, totals, T0 + BigInt(i) * SECOND, states));
    seen.push(points.map(({ value, attributes, flags }) => [value, attributes["state"], flags]));
  }
  assert.deepEqual(seen, [[], [[3, "blocked", 0]], [[1, "blocked", 0]], [[6, "running", 0]]]);
});

test("a machine's counters go on when its labels change", async () => {
  const series = (app: string): Family => ({
    name: "kubevirt_vmi_cpu_usage_seconds_total",
    type: "counter",
    series: [{ namespace: "a", name: "vm", kubernetes_vmi_label_app: app }],
  });
  const to = harness({ temporality: "delta", resource: "vmi" });
  await sent(to, batchOf(scrapedLayout([series("x")]), [5], T0));
  const [point] = await sent(to, batchOf(scrapedLayout([series("y")]), [7], T0 + SECOND));
  assert.equal(point?.value, 2);
  assert.equal(point?.resource["kubernetes_vmi_label_app"], "y");
});

test("refused deltas leave no trace: the next ones cover them, and nothing is counted twice", async () => {
  const layout = scrapedLayout([ADDS, VCPU, HISTOGRAM]);
  const to = harness({ temporality: "delta" });
  const at = (second: bigint, total: number, state: "running" | "blocked") => {
    const vcpu = state === "running" ? [PRESENT, ABSENT] : [ABSENT, PRESENT];
    const states = [PRESENT, ...vcpu, PRESENT, PRESENT, PRESENT, PRESENT];
    return batchOf(layout, [total, total, total, 0, total, total, total], T0 + second * SECOND, states);
  };
  await sent(to, at(0n, 10, "running"));
  const refusal = new RetryableError("the queue is full");
  assert.equal(await to.refuse(at(1n, 13, "blocked"), refusal), refusal);
  assert.equal(await to.refuse(at(2n, 15, "running"), refusal), refusal);
  const points = await sent(to, at(3n, 20, "blocked"));
  assert.deepEqual(
    points.map(({ name, value, start }) => [name.split(".").slice(1).join("."), value, start - T0]),
    [
      ["workqueue.adds.count", 10, 0n],
      ["vmi.vcpu_seconds.count", 10, 0n],
      ["workqueue.queue_duration_seconds.bucket", 0, 0n],
      ["workqueue.queue_duration_seconds.bucket", 10, 0n],
      ["workqueue.queue_duration_seconds.count", 10, 0n],
      ["workqueue.queue_duration_seconds.sum", 10, 0n],
    ],
  );
  await to.refuse(at(4n, 25, "blocked"), new PartialError("one point is bad", 1));
  assert.deepEqual(values(await sent(to, at(5n, 26, "blocked")))[0], [1, 4n], "most of that one was taken");
});

test("stale counters are not sent, stale gauges are", async () => {
  const layout = scrapedLayout([ADDS, { name: "kubevirt_workqueue_depth", type: "gauge", series: [{}] }]);
  const to = harness({ temporality: "delta" });
  await sent(to, batchOf(layout, [1, 1], T0));
  const points = await sent(to, batchOf(layout, [1, 1], T0 + SECOND, [STALE, STALE]));
  assert.deepEqual(
    points.map(({ name, flags }) => [name, flags]),
    [["kubevirt_handler.workqueue.depth", 1]],
  );
});

test("cumulative points beside deltas keep their own start", async () => {
  const layout = scrapedLayout([
    ADDS,
    { name: "go_gc_duration_seconds", type: "summary", series: [{}], bounds: [] },
  ]);
  const to = harness({ temporality: "delta", metrics: "all" });
  await sent(to, batchOf(layout, [1, 2, 3], T0));
  const points = await sent(to, batchOf(layout, [2, 2, 3], T0 + SECOND));
  assert.deepEqual(
    points.map(({ start }) => start),
    [T0, 0n],
  );
});

test("two targets with the same series are kept apart", async () => {
  const to = harness({ temporality: "delta", integration_attributes: false });
  const layouts = ["one", "two"].map((id) =>
    scrapedLayout([ADDS], { attributes: { "service.instance.id": id } }),
  ) as [Layout, Layout];
  for (const [i, layout] of layouts.entries()) await sent(to, batchOf(layout, [i * 100], T0));
  for (const [i, layout] of layouts.entries()) {
    assert.deepEqual(values(await sent(to, batchOf(layout, [i * 100 + 1], T0 + SECOND))), [[1, 0n]]);
  }
});

test("buffers are used again unless the batch is retained, and the source is not written to", async () => {
  const layout = scrapedLayout([ADDS]);
  const to = harness({ temporality: "delta" });
  const at = (second: bigint) => batchOf(layout, [10 + Number(second)], T0 + second * SECOND);
  await to.send(at(0n));
  const source = at(1n);
  const one = await to.send(source);
  const two = await to.send(at(2n));
  assert.equal(source.column.values[0], 11);
  assert.equal(one?.column.values, two?.column.values);
  assert.equal(one?.column.presence, two?.column.presence);
  assert.equal(one?.layout, two?.layout);
  const kept = await sent(to, at(3n));
  await sent(to, at(5n));
  assert.equal(kept[0]?.value, 1);
});

// Random scrapes against a plain model of what a delta is.

const BOUNDS = [0.1, 1];
const HISTOGRAM: Family = {
  name: "kubevirt_workqueue_queue_duration_seconds",
  type: "histogram",
  series: [{ name: "q" }],
  bounds: BOUNDS,
};

/** What happens to one stream between two scrapes. */
const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("rise" as const), by: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset" as const), by: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "absent" as const, by: 0 }) },
  { weight: 1, arbitrary: fc.constant({ kind: "nan" as const, by: 0 }) },
);

const scrape = fc.record({
  seconds: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 60 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 299, 300, 301, 900) },
  ),
  adds: fc.array(change, { minLength: 3, maxLength: 3 }),
  vcpu: change,
  state: fc.constantFrom(0, 1),
  /** What each bucket (the infinite one last) rose by, or has since the reset. */
  histogram: fc.record({
    kind: fc.constantFrom(
      "rise" as const,
      "rise" as const,
      "rise" as const,
      "reset" as const,
      "absent" as const,
    ),
    by: fc.array(fc.nat(4), { minLength: 3, maxLength: 3 }),
    nanSum: fc.boolean(),
  }),
  /** The source makes its layout, or everything, anew. */
  anew: fc.constantFrom("nothing", "nothing", "nothing", "layout", "attributes"),
});

class Model {
  readonly #last = new Map<string, { total: number; time: bigint }>();
  readonly expected: string[] = [];

  known(key: string, time: bigint): { total: number; time: bigint } | undefined {
    const last = this.#last.get(key);
    return last !== undefined && last.time < time && time - last.time <= 300n * SECOND ? last : undefined;
  }

  see(key: string, label: string, total: number, time: bigint, reset = false): void {
    const last = this.#last.get(key);
    if (Number.isNaN(total) || (last !== undefined && last.time >= time)) return;
    const known = this.known(key, time);
    this.#last.set(key, { total, time });
    if (known === undefined) return;
    const delta = reset || total < known.total ? total : total - known.total;
    this.expected.push(`${label} ${delta} ${known.time}-${time}`);
  }
}

function families(): Family[] {
  const copy = (family: Family): Family => ({ ...family, series: family.series.map((s) => ({ ...s })) });
  const adds = { ...ADDS, series: [0, 1, 2].map((i) => ({ name: `q${i}` })) };
  return [copy(adds), copy(VCPU), copy(HISTOGRAM)];
}

function label(name: string, { attributes }: { attributes: Attributes }): string {
  const { name: who, id, state, upper_bound } = attributes as Record<string, string>;
  return [name.split(".").slice(2).join("."), who, id, state, upper_bound].filter(Boolean).join(" ");
}

test("random scrapes give what the plain model says", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(scrape, { minLength: 2, maxLength: 25 }),
      fc.boolean(),
      async (scrapes, plain) => {
        const to = harness({ temporality: "delta" });
        const model = new Model();
        let layout = scrapedLayout(families());
        let time = T0;
        const totals = [0, 0, 0, 0];
        const buckets = [0, 0, 0];
        let last: number[] = [];
        for (const step of scrapes) {
          time += BigInt(step.seconds) * SECOND;
          if (step.anew === "layout") layout = { ...layout };
          if (step.anew === "attributes") layout = scrapedLayout(families());
          const column = new Array<number>(layout.width).fill(0);
          const states = new Array<number>(layout.width).fill(ABSENT);
          model.expected.length = 0;
          const put = (slot: number, what: { kind: string; by: number }, i: number): number | undefined => {
            if (what.kind === "rise") totals[i] = (totals[i] as number) + what.by;
            if (what.kind === "reset") totals[i] = what.by;
            if (what.kind === "absent") return undefined;
            states[slot] = PRESENT;
            column[slot] = what.kind === "nan" ? Number.NaN : (totals[i] as number);
            return column[slot];
          };
          for (const [i, what] of step.adds.entries()) {
            const total = put(i, what, i);
            if (total !== undefined) model.see(`adds${i}`, `adds.count q${i}`, total, time);
          }
          const vcpu = put(3 + step.state, step.vcpu, 3);
          if (vcpu !== undefined) {
            model.see(
              "vcpu",
              `vcpu_seconds.count vm 0 ${step.state === 0 ? "running" : "blocked"}`,
              vcpu,
              time,
            );
          }
          histogram(step.histogram, buckets, column, states, model, time);
          for (const [slot, state] of states.entries()) {
            if (state === ABSENT && last[slot] === PRESENT) states[slot] = STALE;
          }
          last = states;
          let batch = batchOf(layout, column, time, states);
          if (plain) batch = Batch.from(structuredClone(batch.resourceMetrics));
          const points = await sent(to, batch);
          const got = points.map((p) => `${label(p.name, p)} ${p.value} ${p.start}-${p.time}`);
          assert.deepEqual(got.toSorted(), model.expected.toSorted());
        }
      },
    ),
    { numRuns: 300 },
  );
});

function histogram(
  { kind, by, nanSum }: { kind: "rise" | "reset" | "absent"; by: readonly number[]; nanSum: boolean },
  buckets: number[],
  column: number[],
  states: number[],
  model: Model,
  time: bigint,
): void {
  const names = ["bucket q 0.1", "bucket q 1.0", "count q", "sum q"];
  for (const [i, n] of by.entries()) buckets[i] = (kind === "reset" ? 0 : (buckets[i] as number)) + n;
  if (kind === "absent") return;
  const [a, b, c] = buckets as [number, number, number];
  const totals = [a, a + b, a + b + c, a + 2 * b + 20 * c];
  if (nanSum) totals[3] = Number.NaN;
  const known = totals.map((_, i) => model.known(`h${i}`, time)?.total);
  const single = (all: readonly (number | undefined)[], i: number) =>
    (all[i] as number) - (i === 0 ? 0 : (all[i - 1] as number));
  const reset = known[2] !== undefined && [0, 1, 2].some((i) => single(totals, i) < single(known, i));
  for (const [i, total] of totals.entries()) {
    column[5 + i] = total;
    states[5 + i] = PRESENT;
    model.see(`h${i}`, `queue_duration_seconds.${names[i]}`, total, time, reset);
  }
}

test("native histograms are differenced bucket by bucket and reset as a whole", async () => {
  const layout = scrapedLayout([HISTOGRAM]);
  const to = harness({ temporality: "delta", histograms: "native" });
  const steps = [
    [1, 3, 6, 10],
    [1, 4, 8, 12.5],
    // The count rises, a bucket falls: what was counted since the reset is 0, 5, 9.
    [0, 5, 9, 11],
    [0, Number.NaN, 10, 12],
    [0, 6, 11, 13],
  ];
  const seen: unknown[] = [];
  for (const [i, totals] of steps.entries()) {
    const [point] = await sent(to, batchOf(layout, totals, T0 + BigInt(i) * SECOND));
    const value = point?.value as HistogramValue | undefined;
    seen.push(value && [value.buckets.counts, value.count, value.sum, (point as Point).start - T0]);
    if (point) assert.equal(point.temporality, AggregationTemporality.DELTA);
  }
  assert.deepEqual(seen, [
    undefined,
    [[0, 1, 1], 2, 2.5, 0n],
    [[0, 5, 4], 9, 11, SECOND],
    undefined,
    [[0, 1, 1], 2, 2, 2n * SECOND],
  ]);
});

test("a native histogram with other bounds begins anew", async () => {
  const other = { ...HISTOGRAM, bounds: [0.1, 2] };
  const to = harness({ temporality: "delta", histograms: "native" });
  await sent(to, batchOf(scrapedLayout([HISTOGRAM]), [1, 2, 3, 4], T0));
  const layout = scrapedLayout([other]);
  assert.deepEqual(await sent(to, batchOf(layout, [2, 3, 4, 5], T0 + SECOND)), []);
  const [point] = await sent(to, batchOf(layout, [3, 4, 5, 6], T0 + 2n * SECOND));
  assert.deepEqual(point?.value, { buckets: { boundaries: [0.1, 2], counts: [1, 0, 0] }, count: 1, sum: 1 });
});

test("a bucket that is no number for once is neither lost nor taken for a reset", async () => {
  const layout = scrapedLayout([HISTOGRAM]);
  const to = harness({ temporality: "delta" });
  const steps = [
    [0, 5, 5, 1],
    [Number.NaN, 9, 9, 1],
    [4, 9, 9, 1],
  ];
  const seen: unknown[] = [];
  for (const [i, totals] of steps.entries()) {
    seen.push(values(await sent(to, batchOf(layout, totals, T0 + BigInt(i) * SECOND))));
  }
  assert.deepEqual(seen, [
    [],
    [
      [4, 0n],
      [4, 0n],
      [0, 0n],
    ],
    [
      [4, 0n],
      [0, 1n],
      [0, 1n],
      [0, 1n],
    ],
  ]);
});

test("gauges beside deltas get no start time from them", async () => {
  const layout = scrapedLayout([
    ADDS,
    { name: "kubevirt_vmi_memory_available_bytes", type: "gauge", series: [{ namespace: "a", name: "vm" }] },
  ]);
  const to = harness({ temporality: "delta" });
  await sent(to, batchOf(layout, [1, 5], T0));
  const points = await sent(to, batchOf(layout, [3, 6], T0 + SECOND));
  assert.deepEqual(
    points.map(({ value, start }) => [value, start]),
    [
      [2, T0],
      [6, 0n],
    ],
  );
});
