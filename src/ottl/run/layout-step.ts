import { Batch, type Layout, memoise } from "../../metrics/index.ts";
import type { StatementGroup } from "../compile/compile-group.ts";
import type { Frame, ResourceDraft } from "../context/draft.ts";
import type { ColumnPool } from "./column-pool.ts";
import { copySlots, type PresenceCopies } from "./copy-slots.ts";
import { draftLayout, LayoutMaker, type LayoutResult } from "./draft-layout.ts";
import { executeGroup, type OnError } from "./execute.ts";

/** A function of names and attributes: computed once for each layout. */
export class LayoutStep {
  readonly #maker = new LayoutMaker();
  readonly #compute: (layout: Layout) => LayoutResult & { readonly presences: PresenceCopies };
  #onError: OnError = () => undefined;

  /** @param edit changes the drafts of a layout */
  constructor(edit: (drafts: ResourceDraft[], onError: OnError) => void) {
    this.#compute = memoise((layout) => {
      const drafts = draftLayout(layout);
      edit(drafts, this.#onError);
      return { ...this.#maker.make(layout, drafts), presences: new WeakMap() };
    });
  }

  static ofGroup(group: StatementGroup, frame: Frame): LayoutStep {
    return new LayoutStep((drafts, onError) => {
      executeGroup(group, drafts, { frame, onError, sharesCache: false });
    });
  }

  map(layout: Layout, onError: OnError): LayoutResult {
    this.#onError = onError;
    return this.#compute(layout);
  }

  apply(batch: Batch, pool: ColumnPool, onError: OnError): Batch {
    this.#onError = onError;
    const source = batch.layout;
    const { layout, copies, presences } = this.#compute(source);
    if (layout === source) return batch;
    if (copies.length === 0) return Batch.fromColumns(layout, batch.column);
    const values = pool.take(layout.width);
    return Batch.fromColumns(
      layout,
      copySlots(batch.column, copies, source.width, layout.width, values, presences),
    );
  }
}
