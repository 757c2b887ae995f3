import {
  ABSENT,
  Batch,
  Column,
  ColumnBuffers,
  type Layout,
  metricsOf,
  PRESENT,
  Presence,
  pointSlot,
} from "../../metrics/index.ts";
import { metricIdentity } from "../../reshape/index.ts";
import { seriesKey } from "../../temporality/index.ts";

/** So many entries are kept before those are looked for of which nothing is the latest any more. */
const ENTRIES = 64;

interface Entry {
  readonly layout: Layout;
  readonly column: Column;
}

/**
 * The latest point of every series. While the same series come again a batch replaces the one before as a whole; which
 * points of different layouts belong to one series is found out when they are taken.
 */
export class LatestPoints {
  readonly #buffers = new ColumnBuffers();
  /** In the order in which they came. */
  #entries: Entry[] = [];
  #limit = ENTRIES;

  /** Copies what it keeps: the column is only lent. */
  add(layout: Layout, column: Column): void {
    const index = this.#entries.findLastIndex((entry) => entry.layout === layout);
    const before = this.#entries[index]?.column;
    if (before !== undefined && covers(column, before, layout.width)) {
      this.#entries.splice(index, 1);
      this.#buffers.recycle(before.values);
    }
    const values = this.#buffers.takeValues(layout.width);
    values.set(column.values.subarray(0, layout.width));
    this.#entries.push({
      layout,
      column: new Column({
        ...column,
        values,
        times: column.times?.slice(0, layout.width),
        startTimes: column.startTimes?.slice(0, layout.width),
      }),
    });
    if (this.#entries.length <= this.#limit) return;
    this.#entries = latestOnly(this.#entries);
    this.#limit = Math.max(ENTRIES, 2 * this.#entries.length);
  }

  /** Gives everything away. */
  take(): Batch[] {
    const entries = this.#entries.length === 1 ? this.#entries : latestOnly(this.#entries);
    this.#entries = [];
    this.#limit = ENTRIES;
    return entries.map(({ layout, column }) => Batch.fromColumns(layout, column));
  }

  /** Takes back what could not be handed on; what has come since goes before it. */
  giveBack(batches: readonly Batch[]): void {
    this.#entries.unshift(...batches.map(({ layout, column }) => ({ layout, column })));
  }

  /** A batch that was taken has been consumed. */
  release({ column }: Batch): void {
    if (!column.retained) this.#buffers.recycle(column.values);
  }
}

/** Whether `later` has every point that `earlier` has, and none before it. */
function covers(later: Column, earlier: Column, width: number): boolean {
  if (later.times !== undefined || earlier.times !== undefined || later.timeNs < earlier.timeNs) return false;
  const [states, before] = [later.presence.states, earlier.presence.states];
  if (states === undefined || states === before) return true;
  for (let slot = 0; slot < width; slot++) {
    if (states[slot] === ABSENT && (before === undefined || before[slot] !== ABSENT)) return false;
  }
  return true;
}

interface Place {
  readonly entry: number;
  readonly slot: number;
  readonly timeNs: bigint;
}

/** Makes absent what is not the latest point of its series, and leaves out entries of which nothing remains. */
function latestOnly(entries: readonly Entry[]): Entry[] {
  const latest = new Map<string, Map<string, Place>>();
  const outdated = entries.map((): number[] => []);
  for (const [index, { layout, column }] of entries.entries()) {
    for (const { resource, scope, metric } of metricsOf(layout)) {
      const owner = [
        seriesKey(resource.attributes),
        scope.name,
        scope.version ?? "",
        seriesKey(scope.attributes ?? {}),
      ];
      const key = `${JSON.stringify(owner)} ${metricIdentity(metric)}`;
      const series = latest.get(key) ?? new Map<string, Place>();
      latest.set(key, series);
      for (const [i, attributes] of metric.attributes.entries()) {
        const slot = pointSlot(metric, i);
        if (column.presence.at(slot) === ABSENT) continue;
        const place = { entry: index, slot, timeNs: column.timeAt(slot) };
        const other = series.get(seriesKey(attributes));
        const isLatest = other === undefined || place.timeNs >= other.timeNs;
        const loser = isLatest ? other : place;
        if (loser !== undefined) outdated[loser.entry]?.push(loser.slot);
        if (isLatest) series.set(seriesKey(attributes), place);
      }
    }
  }
  return entries.flatMap(({ layout, column }, index) => {
    const slots = outdated[index] ?? [];
    if (slots.length === 0) return [{ layout, column }];
    const states = column.presence.states?.slice() ?? new Uint8Array(layout.width).fill(PRESENT);
    for (const slot of slots) states[slot] = ABSENT;
    const rest = { layout, column: column.with({ presence: new Presence(states) }) };
    return Batch.fromColumns(layout, rest.column).pointCount > 0 ? [rest] : [];
  });
}
