import type { NativeHistogram, ParseResult } from "../exposition/index.ts";
import { type Count, type ExponentialHistogramValue, msToNs, type PointExtras } from "../metrics/index.ts";
import { slotsOf } from "./composite-series.ts";
import { toOtlpExemplar } from "./exemplars.ts";
import type { LayoutBuilder } from "./layout-builder.ts";
import { BucketBudget, toExponential } from "./native-histogram.ts";
import type { CreatedPoint } from "./translate.ts";

/** What the points of a scrape have beside their numbers. */
export interface PointDetails {
  readonly startTimes?: BigUint64Array | undefined;
  readonly extras?: ReadonlyMap<number, PointExtras> | undefined;
}

/** The native histograms of a body, undefined where one cannot be a point. */
export type Exponentials = ReadonlyMap<number, ExponentialHistogramValue | undefined>;

const noExponentials: Exponentials = new Map();

export function exponentialsOf(natives: ReadonlyMap<number, NativeHistogram> | undefined): Exponentials {
  if (natives === undefined) return noExponentials;
  const budget = new BucketBudget();
  return new Map(Array.from(natives, ([slot, native]) => [slot, toExponential(native, budget)]));
}

/**
 * Exemplars, exact counts and native histograms, put to the slots of the points they belong to.
 * @param timeOf the time of the sample in a slot, milliseconds
 */
export function pointExtras(
  { exemplars, exactCounts, values }: ParseResult,
  exponentials: Exponentials,
  builder: LayoutBuilder,
  timeOf: (slot: number) => number,
): ReadonlyMap<number, PointExtras> | undefined {
  if (exemplars === undefined && exactCounts === undefined && exponentials.size === 0) return undefined;
  const extras = new Map<number, PointExtras>();
  const add = (slot: number, more: PointExtras) => extras.set(slot, { ...extras.get(slot), ...more });
  for (const [slot, exponential] of exponentials) {
    if (exponential !== undefined) add(slot, { exponential });
  }
  const ofPoint = new Set<number>();
  if (exemplars !== undefined || exactCounts !== undefined) {
    for (const { type, composite } of builder.composites) {
      const { count, parts, leftOut } = composite;
      const slots = [...slotsOf(composite)];
      for (const slot of slots) ofPoint.add(slot);
      if (exactCounts !== undefined && slots.some((slot) => exactCounts.has(slot))) {
        const exact = (slot: number) => exactCounts.get(slot) ?? BigInt(values[slot] as number);
        const kept = parts.filter(({ slot }) => !leftOut.includes(slot)).map(({ slot }) => exact(slot));
        const buckets = type === "histogram" ? differences([...kept, exact(count)]) : [];
        add(count, { exactCounts: { count: exact(count), buckets } });
      }
      // The specification has exemplars for histograms only. Those of the infinite bucket come last.
      if (exemplars === undefined || type === "summary") continue;
      const found = [...parts.map(({ slot }) => slot), composite.infinite, count].flatMap(
        (slot) => exemplars.get(slot) ?? [],
      );
      if (found.length === 0) continue;
      add(count, { exemplars: found.map((exemplar) => toOtlpExemplar(exemplar, timeOf(count))) });
    }
  }
  for (const [slot, list] of exemplars ?? []) {
    if (ofPoint.has(slot)) continue;
    add(slot, { exemplars: list.map((exemplar) => toOtlpExemplar(exemplar, timeOf(slot))) });
  }
  return extras.size === 0 ? undefined : extras;
}

/** Counts of single buckets from cumulative ones. */
function differences(cumulative: readonly bigint[]): readonly Count[] {
  return cumulative.map((count, i) => {
    const own = count - (cumulative[i - 1] ?? 0n);
    return own <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(own) : own;
  });
}

/**
 * Start times of points that are exposed as series of their own. They hardly ever change, so the array is the same
 * object until one does, and is then not written to but replaced.
 */
export class CreatedTimes {
  #points: readonly CreatedPoint[] = [];
  #seconds = new Float64Array(0);
  #times: BigUint64Array | undefined;

  /** @param seen by slot; a point whose `_created` is not there has no start time */
  update(
    points: readonly CreatedPoint[],
    width: number,
    { values, seen }: Pick<ParseResult, "values" | "seen">,
  ): BigUint64Array | undefined {
    if (points.length === 0) return undefined;
    let changed = points !== this.#points || this.#times === undefined || this.#times.length < width;
    if (points !== this.#points) this.#seconds = new Float64Array(points.length);
    this.#points = points;
    for (const [i, { created }] of points.entries()) {
      const seconds = seen[created] === 1 ? (values[created] as number) : 0;
      if (Object.is(this.#seconds[i], seconds)) continue;
      this.#seconds[i] = seconds;
      changed = true;
    }
    if (changed) {
      this.#times = new BigUint64Array(width);
      for (const [i, { point }] of points.entries()) {
        this.#times[point] = secondsToNs(this.#seconds[i] as number);
      }
    }
    return this.#times;
  }
}

/** Whole milliseconds, as Prometheus reads them; 0, which is "unknown", for what is no time that OTLP can write. */
function secondsToNs(seconds: number): bigint {
  const ms = Math.trunc(seconds * 1000);
  return ms > 0 && ms < 2 ** 64 / 1e6 ? msToNs(ms) : 0n;
}
