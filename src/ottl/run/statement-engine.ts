import { Batch, ColumnBuffers, LayoutKeeper } from "../../metrics/index.ts";
import { type Frame, newFrame } from "../context/draft.ts";
import { draftObjects, objectsOf } from "./draft-objects.ts";
import { executeGroup, type Observer } from "./execute.ts";
import { planStages, type Stage, type Step } from "./plan.ts";

/**
 * A group of statements. `onError` takes what goes wrong and throws to give up on the batch; `sharesCache`: the cache is
 * shared with the other groups that say so, and by their items.
 */
export type EngineGroup = Step;

export interface EngineOptions {
  readonly groups: readonly EngineGroup[];
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random?: () => number;
}

/**
 * Runs groups of statements over batches. What depends on names and attributes only runs once for each layout; what
 * calculates the numbers of points runs over the column; the rest runs over plain objects.
 */
export class StatementEngine {
  readonly #stages: readonly Stage[];
  readonly #frame: Frame;
  readonly #buffers = new ColumnBuffers();
  readonly #keeper = new LayoutKeeper();

  constructor({ groups, now, random = Math.random }: EngineOptions) {
    this.#frame = newFrame(() => BigInt(Math.round(now() * 1000)) * 1000n, random);
    this.#stages = planStages(groups, this.#frame);
  }

  /** Undefined when nothing is left. An error that `onError` threw goes through. */
  run(batch: Batch): Batch | undefined {
    let current = batch;
    this.#frame.cache = {};
    for (const [i, stage] of this.#stages.entries()) {
      const next = current.isColumnar ? this.#columns(stage, current) : undefined;
      if (next === undefined) return this.#objects(current, this.#stages.slice(i));
      if (next !== current) this.#release(current, batch, next);
      current = next;
    }
    return current.isColumnar && current.layout.resources.length === 0 ? undefined : current;
  }

  /** Runs everything over plain objects, so that an observer sees each item. */
  observe(batch: Batch, observer: Observer): Batch | undefined {
    this.#frame.cache = {};
    return this.#objects(batch, this.#stages, observer);
  }

  /** The batch has been taken: its buffer can be used again, if it is the engine's. */
  release(result: Batch, input: Batch): void {
    if (!result.isColumnar || !input.isColumnar || result.column.retained) return;
    if (result.column.values !== input.column.values) {
      this.#buffers.recycle(result.column.values);
    }
  }

  /** A buffer between two steps is free as soon as the next step has another. */
  #release(current: Batch, input: Batch, next: Batch): void {
    if (next.column.values !== current.column.values) this.release(current, input);
  }

  #columns({ steps, layout, needsAllPresent, values }: Stage, batch: Batch): Batch | undefined {
    const [step] = steps;
    if (values !== undefined && step !== undefined) return values.apply(batch, this.#buffers, step.onError);
    if (layout === undefined) return undefined;
    if (needsAllPresent === true && batch.column.presence.states !== undefined) return undefined;
    return layout.apply(batch, this.#buffers);
  }

  #objects(batch: Batch, stages: readonly Stage[], observer?: Observer): Batch | undefined {
    const drafts = draftObjects(batch.resourceMetrics);
    const frame = this.#frame;
    for (const { group, onError, sharesCache } of stages.flatMap(({ steps }) => steps)) {
      frame.made.clear();
      executeGroup(group, drafts, { frame, onError, observer, sharesCache });
    }
    const objects = objectsOf(drafts);
    if (objects.length === 0) return undefined;
    const result = Batch.from(objects);
    return batch.isColumnar ? this.#keeper.keep(result) : result;
  }
}
