import {
  Batch,
  Column,
  ColumnBuffers,
  type Layout,
  type PointExtras,
  PRESENT,
  Presence,
  wordsOf,
} from "../../metrics/index.ts";
import { shiftLayout } from "./shift-layout.ts";

interface Known {
  layout?: Layout;
  /** The presences of the last merge of these layouts, and theirs together. */
  presences?: readonly Presence[];
  presence?: Presence;
  readonly next: WeakMap<Layout, Known>;
}

/**
 * Makes one batch of several: the resources of all, one after the other. The same layouts give the same layout again,
 * in whatever order they come, so that what encoders keep for it stays of use.
 */
export class Merger {
  readonly #buffers = new ColumnBuffers();
  readonly #root: Known = { next: new WeakMap() };
  readonly #ids = new WeakMap<Layout, number>();
  #lastId = 0;

  /** Hands the merged batch to `use` and takes its buffers back afterwards. */
  async merged(batches: readonly Batch[], use: (batch: Batch) => Promise<void>): Promise<void> {
    const [first] = batches;
    if (batches.length === 1 && first !== undefined) return await use(first);
    const sorted = batches
      .map((batch) => ({ batch, id: this.#idOf(batch.layout) }))
      .sort((a, b) => a.id - b.id)
      .map(({ batch }) => batch);
    const known = this.#knownOf(sorted);
    const column = this.#column(sorted, known);
    await use(Batch.fromColumns(known.layout as Layout, column));
    if (!column.retained) this.#buffers.recycle(column.values);
  }

  #idOf(layout: Layout): number {
    let id = this.#ids.get(layout);
    if (id === undefined) {
      id = ++this.#lastId;
      this.#ids.set(layout, id);
    }
    return id;
  }

  #knownOf(batches: readonly Batch[]): Known {
    let known = this.#root;
    for (const { layout } of batches) {
      let next = known.next.get(layout);
      if (next === undefined) {
        next = { next: new WeakMap() };
        known.next.set(layout, next);
      }
      known = next;
    }
    if (known.layout === undefined) {
      let width = 0;
      const resources = batches.flatMap(({ layout }) => {
        const moved = shiftLayout(layout, width);
        width += layout.width;
        return moved;
      });
      known.layout = { resources, width };
    }
    return known;
  }

  #column(batches: readonly Batch[], known: Known): Column {
    const { width } = known.layout as Layout;
    const values = this.#buffers.takeValues(width);
    const extras = new Map<number, PointExtras>();
    let offset = 0;
    for (const { layout, column } of batches) {
      values.set(column.values.subarray(0, layout.width), offset);
      for (const [slot, extra] of column.extras ?? []) extras.set(slot + offset, extra);
      offset += layout.width;
    }
    const [first] = batches as [Batch, ...Batch[]];
    const sameTime = batches.every(
      ({ column }) => column.times === undefined && column.timeNs === first.column.timeNs,
    );
    const sameStart = batches.every(
      ({ column }) => column.startTimes === undefined && column.startNs === first.column.startNs,
    );
    return new Column({
      values,
      presence: presenceOf(batches, known),
      timeNs: first.column.timeNs,
      startNs: sameStart ? first.column.startNs : 0n,
      times: sameTime ? undefined : timesOf(batches, width, (column) => [column.timeNs, column.times]),
      startTimes: sameStart
        ? undefined
        : timesOf(batches, width, (column) => [column.startNs, column.startTimes]),
      extras: extras.size > 0 ? extras : undefined,
    });
  }
}

function timesOf(
  batches: readonly Batch[],
  width: number,
  read: (column: Column) => readonly [shared: bigint, own: BigUint64Array | undefined],
): BigUint64Array {
  const times = new BigUint64Array(width);
  let offset = 0;
  for (const { layout, column } of batches) {
    const [shared, own] = read(column);
    times.fill(shared, offset, offset + layout.width);
    if (own !== undefined) overlay(wordsOf(times).subarray(2 * offset), wordsOf(own), layout.width);
    offset += layout.width;
  }
  return times;
}

/** Writes the times that are not 0 over others. */
function overlay(to: Uint32Array, from: Uint32Array, width: number): void {
  for (let word = 0; word < 2 * width; word += 2) {
    const first = from[word] ?? 0;
    const second = from[word + 1] ?? 0;
    if (first === 0 && second === 0) continue;
    to[word] = first;
    to[word + 1] = second;
  }
}

/** The same object while those of the parts are the same. */
function presenceOf(batches: readonly Batch[], known: Known): Presence {
  const presences = batches.map(({ column }) => column.presence);
  if (presences.every(({ states }) => states === undefined)) return Presence.ALL;
  const same = known.presences?.every((presence, i) => presence === presences[i]) === true;
  if (same && known.presence !== undefined) return known.presence;
  const states = new Uint8Array((known.layout as Layout).width).fill(PRESENT);
  let offset = 0;
  for (const { layout, column } of batches) {
    const own = column.presence.states;
    // Beyond its end everything is absent, as `Presence.at` has it.
    if (own !== undefined) {
      states.fill(0, offset, offset + layout.width);
      states.set(own.subarray(0, layout.width), offset);
    }
    offset += layout.width;
  }
  known.presences = presences;
  known.presence = new Presence(states);
  return known.presence;
}
