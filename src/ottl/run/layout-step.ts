import { Batch, type ColumnBuffers, type Layout, memoise } from "../../metrics/index.ts";
import type { ResourceDraft } from "../context/draft.ts";
import { copySlots, type PresenceCopies } from "./copy-slots.ts";
import { draftLayout, LayoutMaker, type LayoutResult } from "./draft-layout.ts";

/** A function of names and attributes: computed once for each layout. */
export class LayoutStep {
  readonly #compute: (layout: Layout) => LayoutResult & { readonly presences: PresenceCopies };

  /** @param edit changes the drafts of a layout */
  constructor(edit: (drafts: ResourceDraft[]) => void) {
    const maker = new LayoutMaker();
    this.#compute = memoise((layout) => {
      const drafts = draftLayout(layout);
      edit(drafts);
      return { ...maker.make(layout, drafts), presences: new WeakMap() };
    });
  }

  /** For an edit that copies no metrics. */
  map(layout: Layout): Layout {
    return this.#compute(layout).layout;
  }

  apply(batch: Batch, buffers: ColumnBuffers): Batch {
    const source = batch.layout;
    const { layout, copies, presences } = this.#compute(source);
    if (layout === source) return batch;
    if (copies.length === 0) return Batch.fromColumns(layout, batch.column);
    const values = buffers.takeValues(layout.width);
    return Batch.fromColumns(
      layout,
      copySlots(batch.column, copies, source.width, layout.width, values, presences),
    );
  }
}
