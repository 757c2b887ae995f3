import { type Column, type ColumnBuffers, memoise, NO_START, type PointExtras } from "../metrics/index.ts";
import type { PresenceKeeper } from "./presence-keeper.ts";
import type { StreamPlan } from "./stream-plans.ts";
import type { StreamDetail, StreamTable } from "./stream-table.ts";
import type { LayoutStreams } from "./streams.ts";
import type { SplitTime } from "./time-words.ts";
import type { UndoLog } from "./undo-log.ts";

export interface PassParts {
  readonly streams: LayoutStreams;
  readonly plan: StreamPlan;
  readonly column: Column;
  readonly table: StreamTable;
  readonly buffers: ColumnBuffers;
  readonly keeper: PresenceKeeper;
  readonly undo: UndoLog;
}

/** One batch on its way through an operation: what it is made of, what becomes of it, and how to take that back. */
export class Pass {
  readonly streams: LayoutStreams;
  readonly plan: StreamPlan;
  /** The source. */
  readonly column: Column;
  readonly table: StreamTable;
  readonly undoLog: UndoLog;
  /** By slot, of the result: at first those of the source. */
  readonly values: Float64Array;
  /** Start time of all points of the result that have none of their own. */
  #startNs: bigint;
  readonly #buffers: ColumnBuffers;
  readonly #keeper: PresenceKeeper;
  /** Start times by slot of the result, as far as they are not ours to write to; and when they are. */
  #givenStarts: BigUint64Array | undefined;
  #starts: BigUint64Array | undefined;
  #extras: Map<number, PointExtras> | undefined;
  /** Totals of `plan.single` before, NaN where there is nothing to take back; their time was `#quickTime`. */
  #quickTotals: Float64Array | undefined;
  #quickTime: SplitTime | undefined;
  readonly #previousNs: bigint;

  constructor({ streams, plan, column, table, buffers, keeper, undo }: PassParts) {
    this.streams = streams;
    this.plan = plan;
    this.column = column;
    this.table = table;
    this.undoLog = undo;
    this.#buffers = buffers;
    this.#keeper = keeper;
    this.#previousNs = plan.previousNs;
    this.#startNs = column.startNs;
    this.#givenStarts = column.startTimes;
    keeper.begin(column.presence, streams.width);
    this.values = buffers.takeValues(streams.width);
    this.values.set(column.values.subarray(0, streams.width));
    if (column.timeNs > plan.previousNs) plan.previousNs = column.timeNs;
  }

  /** Time of the last batch with this layout; 0: there was none. */
  get previousNs(): bigint {
    return this.#previousNs;
  }

  /** Makes `ns` the start of all streams that are not given another one. What is no stream keeps its own, or none. */
  shareStart(ns: bigint): void {
    const { column, plan } = this;
    this.#startNs = ns;
    this.#givenStarts = undefined;
    if (plan.rest.length === 0) return;
    if (column.startNs === 0n && column.startTimes === undefined) {
      this.#givenStarts = restWithoutStart(plan);
      return;
    }
    const starts = this.startTimes();
    for (const slot of plan.rest) starts[slot] = column.startAt(slot) || NO_START;
  }

  /** Start times by slot of the result, to write to; 0 stands for the shared one. */
  startTimes(): BigUint64Array {
    if (this.#starts === undefined) {
      const { width } = this.streams;
      this.#starts = this.#buffers.takeTimes(width);
      if (this.#givenStarts !== undefined) this.#starts.set(this.#givenStarts.subarray(0, width));
    }
    return this.#starts;
  }

  setStart(slot: number, ns: bigint): void {
    if (ns === this.#startNs && this.#starts === undefined && this.#givenStarts === undefined) return;
    this.startTimes()[slot] = ns;
  }

  /** Makes the point absent. */
  remove(slot: number): void {
    this.#keeper.remove(slot);
  }

  /** Replaces what the result says beside the value. */
  setExtras(slot: number, extras: PointExtras): void {
    this.#extras ??= new Map(this.column.extras);
    this.#extras.set(slot, extras);
  }

  /** To be called before cells are changed. */
  save(first: number, count = 1): void {
    this.undoLog.save(this.table, first, count);
  }

  setDetail(cell: number, detail: StreamDetail | undefined): void {
    this.undoLog.setDetail(this.table, cell, detail);
  }

  /** By index into `plan.single`: where to note the totals that were replaced, of streams whose time was `time`. */
  quickTotals(time: SplitTime): Float64Array {
    this.#quickTotals = this.#buffers.takeValues(this.plan.single.ids.length);
    this.#quickTime = time;
    return this.#quickTotals;
  }

  finish(): Column {
    return this.column.with({
      values: this.values,
      presence: this.#keeper.end(),
      startNs: this.#startNs,
      startTimes: this.#starts ?? this.#givenStarts,
      extras: this.#extras ?? this.column.extras,
    });
  }

  /** Makes the streams as if the batch had not been. */
  undo(): void {
    const { table, plan } = this;
    this.undoLog.undo(table);
    const { ids } = plan.single;
    if (this.#quickTotals !== undefined && this.#quickTime !== undefined) {
      const { first, second } = this.#quickTime;
      for (let i = 0; i < ids.length; i++) {
        const total = this.#quickTotals[i] as number;
        if (Number.isNaN(total)) continue;
        const id = ids[i] as number;
        table.totals[id] = total;
        table.timeWords[2 * id] = first;
        table.timeWords[2 * id + 1] = second;
      }
    }
    plan.previousNs = this.#previousNs;
  }

  /** Takes the arrays back when everybody is done with the result. */
  release(result: Column): void {
    if (!result.retained) this.#buffers.recycle(this.values, this.#starts);
    if (this.#quickTotals !== undefined) this.#buffers.recycle(this.#quickTotals);
    this.undoLog.clear();
  }
}

/** The same array for the same plan, as nothing in it changes from batch to batch. */
const restWithoutStart = memoise(({ mask, rest }: StreamPlan): BigUint64Array => {
  const starts = new BigUint64Array(mask.length);
  for (const slot of rest) starts[slot] = NO_START;
  return starts;
});
