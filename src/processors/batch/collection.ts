import {
  type ClientMetadata,
  type Clock,
  type Consumer,
  clientMetadata,
  isPermanent,
  PartialError,
} from "../../component/index.ts";
import { splitBatch } from "../../delivery/index.ts";
import type { Batch } from "../../metrics/index.ts";
import type { BatchConfig } from "./config.ts";
import { Merger } from "./merger.ts";
import { Part } from "./part.ts";
import type { BatchTelemetry } from "./telemetry.ts";

interface Piece {
  readonly part: Part;
  readonly batch: Batch;
  readonly points: number;
}

export interface CollectionOptions {
  readonly config: BatchConfig;
  readonly next: Consumer;
  readonly clock: Clock;
  readonly telemetry: BatchTelemetry;
  /** What all of it came with, and is handed on under. */
  readonly metadata: ClientMetadata | undefined;
}

/**
 * Collects batches until there are enough points or they have waited long enough, and hands them on as one. Whoever
 * brought a batch waits until it has been taken, and gets the refusal if it was not: nothing is lost on the way.
 */
export class Collection {
  readonly #options: CollectionOptions;
  readonly #merger = new Merger();
  #parts: Part[] = [];
  #points = 0;
  #cancelTimer: (() => void) | undefined;
  /** Batches go on one after the other, in the order in which they were collected. */
  #tail: Promise<void> = Promise.resolve();

  constructor(options: CollectionOptions) {
    this.#options = options;
  }

  add(batch: Batch): Promise<void> {
    const { config, clock, telemetry } = this.#options;
    const { send_batch_size, timeout } = config;
    const part = new Part(batch);
    if (part.points === 0) return Promise.resolve();
    this.#parts.push(part);
    this.#points += part.points;
    telemetry.pending(part.points);
    if (this.#points >= send_batch_size || timeout === 0) this.#flush("size");
    else this.#cancelTimer ??= clock.schedule(timeout, () => this.#flush("timeout"));
    return part.settled;
  }

  /** Hands on what has been collected; settles when that has been taken or refused. */
  async finish(): Promise<void> {
    this.#flush("timeout");
    await this.#tail;
  }

  #flush(trigger: "size" | "timeout"): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    this.#points = 0;
    this.#tail = this.#tail.then(() => this.#hand(parts, trigger));
  }

  /** Never rejects. */
  async #hand(parts: readonly Part[], trigger: "size" | "timeout"): Promise<void> {
    const { telemetry } = this.#options;
    for (const group of this.#groupsOf(parts)) {
      const points = pointsOf(group);
      telemetry.sent(points, trigger);
      await this.#deliver(group);
      telemetry.pending(-points);
    }
  }

  async #deliver(group: readonly Piece[]): Promise<void> {
    const { next, metadata } = this.#options;
    try {
      await this.#merger.merged(
        group.map(({ batch }) => batch),
        (batch) => clientMetadata.run(metadata, () => next.consume(batch)),
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
    const { send_batch_max_size: limit } = this.#options.config;
    const max = limit === 0 ? Number.POSITIVE_INFINITY : limit;
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
