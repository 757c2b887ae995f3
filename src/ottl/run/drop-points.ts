import { ABSENT, Batch, type Layout, memoise, PRESENT, Presence, pointSlot } from "../../metrics/index.ts";
import type { Condition } from "../compile/compile-group.ts";
import type { Frame } from "../context/draft.ts";
import { ColumnPoint } from "./column-point.ts";
import { draftLayout } from "./draft-layout.ts";
import { anyHolds, type OnError } from "./execute.ts";

/** The last result for a layout: while the same points are dropped, the presence is the same object. */
interface Last {
  states: Uint8Array | undefined;
  presence: Presence | undefined;
}

/** Drops points by their values: masks their slots, so that the layout stays as it is. */
export class PointDropper {
  readonly #conditions: readonly Condition[];
  readonly #frame: Frame;
  readonly #drafts = memoise(draftLayout);
  readonly #last = memoise((_layout: Layout): Last => ({ states: undefined, presence: undefined }));

  constructor(conditions: readonly Condition[], frame: Frame) {
    this.#conditions = conditions;
    this.#frame = frame;
  }

  /** Undefined when no point is left. */
  apply(batch: Batch, onError: OnError): Batch | undefined {
    const { layout, column } = batch;
    const states = column.presence.states?.slice() ?? new Uint8Array(layout.width).fill(PRESENT);
    const frame = this.#frame;
    const point = new ColumnPoint(column);
    frame.point = point;
    let dropped = 0;
    let kept = 0;
    for (const [r, resource] of this.#drafts(layout).entries()) {
      frame.resource = resource;
      for (const [s, scope] of resource.scopes.entries()) {
        frame.scope = scope;
        for (const [m, metric] of scope.metrics.entries()) {
          frame.metric = metric;
          const original = layout.resources[r]?.scopes[s]?.metrics[m];
          if (original === undefined) continue;
          for (let i = 0; i < original.attributes.length; i++) {
            const slot = pointSlot(original, i);
            if (states[slot] === ABSENT) continue;
            point.move(slot, original.attributes[i] as ColumnPoint["attributes"]);
            if (anyHolds(this.#conditions, frame, onError)) {
              states[slot] = ABSENT;
              dropped++;
            } else kept++;
          }
        }
      }
    }
    if (dropped === 0) return batch;
    return kept === 0
      ? undefined
      : Batch.fromColumns(layout, column.with({ presence: this.#presence(layout, states) }));
  }

  #presence(layout: Layout, states: Uint8Array): Presence {
    const last = this.#last(layout);
    if (
      last.presence === undefined ||
      last.states === undefined ||
      Buffer.compare(last.states, states) !== 0
    ) {
      last.states = states;
      last.presence = new Presence(states);
    }
    return last.presence;
  }
}
