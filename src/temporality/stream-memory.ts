import { PartialError } from "../component/index.ts";
import { type Column, ColumnBuffers, memoise } from "../metrics/index.ts";
import { Pass } from "./pass.ts";
import { PresenceKeeper } from "./presence-keeper.ts";
import { StreamPlans } from "./stream-plans.ts";
import { StreamTable } from "./stream-table.ts";
import { type LayoutStreams, metricsOfStreams } from "./streams.ts";
import { UndoLog } from "./undo-log.ts";

export interface StreamMemoryOptions {
  /** Milliseconds for which a stream without points is kept; 0: for ever. */
  readonly maxStalenessMs: number;
  readonly maxStreams?: number;
  /** Cells for each value of a stream; 1 by default. */
  readonly copies?: number;
}

interface Ticket {
  readonly metrics: ReadonlySet<string>;
  readonly done: Promise<void>;
}

/**
 * What an operation knows of its streams, and the way of a batch through it. Batches with streams in common go one
 * after the other, each when it is known what became of the one before: a batch that was refused leaves no trace, so
 * that the next one can make good for it.
 */
export class StreamMemory {
  readonly table: StreamTable;
  readonly #maxStalenessMs: number;
  readonly #plans: StreamPlans;
  readonly #buffers = new ColumnBuffers();
  readonly #keepers = memoise((_: LayoutStreams) => new PresenceKeeper());
  readonly #metrics = memoise(metricsOfStreams);
  readonly #undoLogs: UndoLog[] = [];
  readonly #tickets = new Set<Ticket>();
  #periodEnd: number | undefined;

  constructor({ maxStalenessMs, maxStreams, copies = 1 }: StreamMemoryOptions) {
    this.#maxStalenessMs = maxStalenessMs;
    this.table = new StreamTable(maxStreams);
    this.#plans = new StreamPlans(this.table, copies);
  }

  /** How old a stream's last point may be. */
  get maxStalenessNs(): bigint {
    return this.#maxStalenessMs === 0 ? MAX_NS : BigInt(Math.ceil(this.#maxStalenessMs)) * 1_000_000n;
  }

  /**
   * @param nowMs a clock that never jumps, by which streams are forgotten
   * @param handOn gets the result, whose arrays are lent until the returned promise settles. When it rejects, the batch
   *   counts as refused, but for a PartialError: most of it was taken.
   */
  async run(
    streams: LayoutStreams,
    column: Column,
    nowMs: number,
    operation: (pass: Pass) => void,
    handOn: (result: Column) => Promise<void>,
  ): Promise<void> {
    const metrics = this.#metrics(streams);
    const before = [...this.#tickets].filter((ticket) => haveCommon(ticket.metrics, metrics));
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const ticket = { metrics, done };
    this.#tickets.add(ticket);
    try {
      if (before.length > 0) await Promise.all(before.map((other) => other.done));
      await this.#pass(this.#begin(streams, column, nowMs), operation, handOn);
    } finally {
      this.#tickets.delete(ticket);
      resolve();
    }
  }

  async #pass(
    pass: Pass,
    operation: (pass: Pass) => void,
    handOn: (result: Column) => Promise<void>,
  ): Promise<void> {
    operation(pass);
    const result = pass.finish();
    try {
      await handOn(result);
    } catch (error) {
      if (!(error instanceof PartialError)) pass.undo();
      throw error;
    } finally {
      pass.release(result);
      this.#undoLogs.push(pass.undoLog);
    }
  }

  #begin(streams: LayoutStreams, column: Column, nowMs: number): Pass {
    // Whoever else is under way may yet have to restore cells by their numbers.
    if (this.#tickets.size === 1) this.table.reuse();
    this.#forget(nowMs);
    return new Pass({
      streams,
      column,
      plan: this.#plans.of(streams),
      table: this.table,
      buffers: this.#buffers,
      keeper: this.#keepers(streams),
      undo: this.#undoLogs.pop() ?? new UndoLog(),
    });
  }

  #forget(nowMs: number): void {
    if (this.#maxStalenessMs === 0) return;
    this.#periodEnd ??= nowMs + this.#maxStalenessMs;
    if (nowMs < this.#periodEnd) return;
    this.table.endPeriod();
    this.#periodEnd = nowMs + this.#maxStalenessMs;
  }
}

const MAX_NS = 2n ** 63n;

function haveCommon(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  for (const metric of one) if (other.has(metric)) return true;
  return false;
}
