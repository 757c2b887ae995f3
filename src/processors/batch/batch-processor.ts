import {
  type Clock,
  type Component,
  type Consumer,
  isPermanent,
  PartialError,
  type UpstreamSettings,
} from "../../component/index.ts";
import { splitBatch } from "../../delivery/index.ts";
import type { Batch } from "../../metrics/index.ts";
import type { BatchConfig } from "./config.ts";
import { Merger } from "./merger.ts";
import { Part } from "./part.ts";
import { BatchTelemetry } from "./telemetry.ts";

interface Piece {
  readonly part: Part;
  readonly batch: Batch;
  readonly points: number;
}

/**
 * Collects batches until there are enough points or they have waited long enough, and hands them on as one. Whoever
 * brought a batch waits until it has been taken, and gets the refusal if it was not: nothing is lost on the way.
 */
export class BatchProcessor implements Component, Consumer {
  readonly #config: BatchConfig;
  readonly #next: Consumer;
  readonly #clock: Clock;
  readonly #telemetry: BatchTelemetry;
  readonly #merger = new Merger();
  #parts: Part[] = [];
  #points = 0;
  #underWay = 0;
  #cancelTimer: (() => void) | undefined;
  /** Batches go on one after the other, in the order in which they were collected. */
  #tail: Promise<void> = Promise.resolve();

  constructor({ config, next, clock, meter, id }: UpstreamSettings<BatchConfig>) {
    this.#config = config;
    this.#next = next;
    this.#clock = clock;
    this.#telemetry = new BatchTelemetry(meter, id, () => this.#points + this.#underWay);
  }

  consume(batch: Batch): Promise<void> {
    const { send_batch_size, timeout } = this.#config;
    const part = new Part(batch);
    if (part.points === 0) return Promise.resolve();
    this.#parts.push(part);
    this.#points += part.points;
    if (this.#points >= send_batch_size || timeout === 0) this.#flush("size");
    else this.#cancelTimer ??= this.#clock.schedule(timeout, () => this.#flush("timeout"));
    return part.settled;
  }

  /** Hands on what has been collected. */
  async shutdown(): Promise<void> {
    this.#flush("timeout");
    await this.#tail;
    this.#telemetry.close();
  }

  #flush(trigger: "size" | "timeout"): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#underWay += this.#points;
    this.#parts = [];
    this.#points = 0;
    this.#tail = this.#tail.then(() => this.#hand(parts, trigger));
  }

  /** Never rejects. */
  async #hand(parts: readonly Part[], trigger: "size" | "timeout"): Promise<void> {
    for (const group of this.#groupsOf(parts)) {
      this.#telemetry.sent(pointsOf(group), trigger);
      await this.#deliver(group);
      this.#underWay -= pointsOf(group);
    }
  }

  async #deliver(group: readonly Piece[]): Promise<void> {
    try {
      await this.#merger.merged(
        group.map(({ batch }) => batch),
        (batch) => this.#next.consume(batch),
      );
      for (const { part } of group) part.taken();
    } catch (error) {
      if (error instanceof PartialError) refuse(group, error.rejected);
      else if (group.length > 1 && isPermanent(error)) {
        // That may be the fault of one, which the others must not suffer from.
        for (const piece of group) await this.#deliver([piece]);
      } else for (const { part, points } of group) part.failed(points, error);
    }
  }

  /** As many pieces to a group as `send_batch_max_size` allows. */
  #groupsOf(parts: readonly Part[]): readonly (readonly Piece[])[] {
    const max =
      this.#config.send_batch_max_size === 0 ? Number.POSITIVE_INFINITY : this.#config.send_batch_max_size;
    const groups: Piece[][] = [];
    let room = 0;
    for (const part of parts) {
      const pieces = piecesOf(part, part.batch, part.points, max);
      part.split(pieces.length);
      for (const piece of pieces) {
        if (piece.points > room || groups.length === 0) {
          groups.push([]);
          room = max;
        }
        groups.at(-1)?.push(piece);
        room -= piece.points;
      }
    }
    return groups;
  }
}

function piecesOf(part: Part, batch: Batch, points: number, max: number): readonly Piece[] {
  if (points <= max) return [{ part, batch, points }];
  const pieces = splitBatch(batch, Math.ceil(points / max));
  if (pieces.length === 1 && pieces[0] === batch) return [{ part, batch, points }];
  return pieces.flatMap((piece) => piecesOf(part, piece, piece.pointCount, max));
}

/** Who of several brought the points that were refused is not known; each is told of as many as are left to tell. */
function refuse(group: readonly Piece[], rejected: number): void {
  let left = rejected;
  for (const { part, points } of group) {
    const lost = Math.min(left, points);
    left -= lost;
    part.taken(lost);
  }
}

function pointsOf(group: readonly Piece[]): number {
  return group.reduce((sum, { points }) => sum + points, 0);
}
