import type { BatchProcessor, LayoutProcessor } from "../component/index.ts";
import { Batch, type Layout, memoise } from "../metrics/index.ts";
import type { ActionConfig } from "./action-schema.ts";
import { type AttributeActions, prepareActions } from "./compile-actions.ts";
import { contextValue } from "./context-value.ts";

/** Senders with values of their own for which layouts are kept. */
const MAX_SENDERS = 1000;

/**
 * The processor that `create` makes of the actions. Where they take values from the client (`from_context`), there is one
 * for each combination of these, so that senders that come again find their layouts as they were.
 */
export function actionsProcessor(
  configs: readonly ActionConfig[],
  create: (act: AttributeActions) => LayoutProcessor,
): LayoutProcessor | BatchProcessor {
  const sources = [...new Set(configs.flatMap(({ from_context }) => from_context ?? []))];
  const prepared = prepareActions(configs);
  if (sources.length === 0) return create(prepared());
  return new SenderLayouts(sources, (values) => create(prepared((source) => values.get(source))));
}

type Values = ReadonlyMap<string, string | undefined>;

class SenderLayouts implements BatchProcessor {
  readonly #sources: readonly string[];
  readonly #create: (values: Values) => LayoutProcessor;
  /** By the values; the one used last is the last. */
  readonly #senders = new Map<string, (layout: Layout) => Layout>();

  constructor(sources: readonly string[], create: (values: Values) => LayoutProcessor) {
    this.#sources = sources;
    this.#create = create;
  }

  processBatch(batch: Batch): Batch {
    const layout = this.#sender()(batch.layout);
    return layout === batch.layout ? batch : Batch.fromColumns(layout, batch.column);
  }

  #sender(): (layout: Layout) => Layout {
    const values = this.#sources.map(contextValue);
    const key = JSON.stringify(values);
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      const processor = this.#create(new Map(this.#sources.map((source, i) => [source, values[i]])));
      sender = memoise((layout: Layout) => processor.layout(layout));
      const [oldest] = this.#senders.keys();
      if (oldest !== undefined && this.#senders.size >= MAX_SENDERS) this.#senders.delete(oldest);
    } else this.#senders.delete(key);
    this.#senders.set(key, sender);
    return sender;
  }
}
