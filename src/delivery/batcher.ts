import {
  type ClientMetadata,
  type Clock,
  clientContext,
  clientMetadata,
  isPermanent,
  metadataKey,
} from "../component/index.ts";
import type { Batch } from "../metrics/index.ts";
import { senderGone } from "./capacity.ts";
import type { BatchConfig } from "./config.ts";
import { splitBatch } from "./split-batch.ts";

/** Batches that become one request. */
export type BatchGroup = readonly Batch[];

export interface BatcherOptions {
  readonly config: Pick<BatchConfig, "min_size" | "max_size" | "flush_timeout">;
  readonly clock: Clock;
  /** A batch's size in the unit of `min_size` and `max_size`. */
  readonly sizeOf: (batch: Batch) => number;
  /** Takes all groups, each as a request, or none of them. Called under the metadata that all of them came with. */
  readonly flush: (groups: readonly BatchGroup[]) => Promise<Flushed>;
  /** Told of points that are larger than `max_size` each; they are left out. */
  readonly onOversized: (points: number) => void;
}

export interface Flushed {
  /** Settles with the result, where the senders are to wait for it. */
  readonly delivered?: Promise<unknown> | undefined;
}

interface Part {
  readonly batch: Batch;
  readonly size: number;
  readonly metadata: ClientMetadata | undefined;
  readonly taken: PromiseWithResolvers<Flushed>;
}

/**
 * Collects batches until there is enough for a request, or they have waited long enough. Whoever brought one waits until
 * it has been taken on; since batches are lent for so long, nothing is copied. What came with different metadata is
 * collected together, but never becomes one request.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  #parts: Part[] = [];
  #size = 0;
  #cancelTimer: (() => void) | undefined;
  #isDue = false;
  #flushing: Promise<void> | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  /** Settles, or fails, as `flush` does for the request that the batch becomes a part of. */
  async add(batch: Batch): Promise<Flushed> {
    const { config, clock, sizeOf } = this.#options;
    const metadata = clientMetadata.current();
    const part = { batch, size: sizeOf(batch), metadata, taken: Promise.withResolvers<Flushed>() };
    this.#parts.push(part);
    this.#size += part.size;
    if (this.#size >= config.min_size) void this.flush();
    else this.#cancelTimer ??= clock.schedule(config.flush_timeout, () => void this.flush());
    const gone = clientContext.current()?.gone;
    const leave = () => this.#remove(part, senderGone(gone));
    gone?.addEventListener("abort", leave, { once: true });
    if (gone?.aborted) leave();
    try {
      return await part.taken.promise;
    } finally {
      gone?.removeEventListener("abort", leave);
    }
  }

  /** If it is not on its way yet. */
  #remove(part: Part, reason: Error): void {
    if (!this.#parts.includes(part)) return;
    this.#parts = this.#parts.filter((other) => other !== part);
    this.#size -= part.size;
    part.taken.reject(reason);
  }

  /** Hands on all that is there. Settles when that has been taken on or refused. */
  flush(): Promise<void> {
    this.#isDue = true;
    this.#flushing ??= this.#flushAll();
    return this.#flushing;
  }

  /** One after the other, so that requests are in the order of their batches. Never rejects. */
  async #flushAll(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      const parts = this.#parts;
      this.#parts = [];
      this.#size = 0;
      for (const like of byMetadata(parts)) await this.#hand(like);
    }
    this.#flushing = undefined;
  }

  async #hand(parts: readonly Part[]): Promise<void> {
    try {
      const { groups, oversized } = this.#groupsOf(parts);
      const flush = () => this.#options.flush(groups);
      const flushed = groups.length === 0 ? {} : await clientMetadata.run(parts[0]?.metadata, flush);
      if (oversized > 0) this.#options.onOversized(oversized);
      for (const { taken } of parts) taken.resolve(flushed);
    } catch (error) {
      // Refused for good: that may be the fault of one, which the others must not suffer from.
      if (parts.length > 1 && isPermanent(error)) for (const part of parts) await this.#hand([part]);
      else for (const { taken } of parts) taken.reject(error);
    }
  }

  /** As many parts to a group as `max_size` allows; those that are too large by themselves in pieces. */
  #groupsOf(parts: readonly Part[]): { readonly groups: readonly BatchGroup[]; readonly oversized: number } {
    const { max_size: max } = this.#options.config;
    if (parts.length === 0) return { groups: [], oversized: 0 };
    if (max === 0) return { groups: [parts.map(({ batch }) => batch)], oversized: 0 };
    const groups: Batch[][] = [];
    let room = 0;
    let oversized = 0;
    for (const { batch, size } of parts.flatMap((part) => this.#piecesOf(part.batch, part.size))) {
      if (size > max) {
        oversized += batch.pointCount;
        continue;
      }
      if (size > room || groups.length === 0) {
        groups.push([]);
        room = max;
      }
      groups.at(-1)?.push(batch);
      room -= size;
    }
    return { groups, oversized };
  }

  /** None larger than `max_size`, but for single points that are. */
  #piecesOf(batch: Batch, size: number): readonly Pick<Part, "batch" | "size">[] {
    const { config, sizeOf } = this.#options;
    if (size <= config.max_size) return [{ batch, size }];
    const pieces = splitBatch(batch, Math.ceil(size / config.max_size));
    if (pieces.length === 1 && pieces[0] === batch) return [{ batch, size }];
    return pieces.flatMap((piece) => this.#piecesOf(piece, sizeOf(piece)));
  }
}

/** Parts of one request each: those with the same metadata, in their order. */
function byMetadata(parts: readonly Part[]): Iterable<readonly Part[]> {
  const [first] = parts;
  if (parts.every(({ metadata }) => metadata === first?.metadata)) return parts.length === 0 ? [] : [parts];
  return Map.groupBy(parts, ({ metadata }) => metadataKey(metadata)).values();
}
