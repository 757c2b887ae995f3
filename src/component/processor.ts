import { CollectorError } from "../errors/index.ts";
import {
  Batch,
  freezeObjects,
  type Layout,
  LayoutKeeper,
  type MetricsBatch,
  memoise,
} from "../metrics/index.ts";
import type { Component, Consumer, UpstreamSettings } from "./component.ts";
import type { ConnectorDefinition, ProcessorDefinition } from "./definition.ts";

/** Works on plain objects, structurally those of `@opentelemetry/sdk-metrics`. What it gets is read-only. */
export interface ObjectProcessor extends Component {
  /** Returns what goes on: the same array, a new one, or nothing to drop the batch. Errors go back to the sender. */
  process(batch: MetricsBatch): MetricsBatch | undefined | Promise<MetricsBatch | undefined>;
}

/** Depends on names and attributes only. Called once for each new layout: a steady stream of scrapes costs nothing. */
export interface LayoutProcessor extends Component {
  /** A pure function of its argument. Returns a layout over the same slots; the argument itself if nothing changes. */
  layout(layout: Layout): Layout;
}

/** Works on values: gets each batch as layout and column and returns another (or nothing to drop it). */
export interface BatchProcessor extends Component {
  processBatch(batch: Batch): Batch | undefined | Promise<Batch | undefined>;
}

/** Decides itself when and what it hands to `settings.next`. */
export type ConsumerProcessor = Component & Consumer;

type AnyProcessor = ObjectProcessor | LayoutProcessor | BatchProcessor | ConsumerProcessor;

/**
 * Declares a processor. `create` returns an object with one of `process`, `layout`, `processBatch`, `consume`.
 *
 * @example
 * export default defineProcessor({
 *   type: "tenant",
 *   stability: "alpha",
 *   config: z.strictObject({ label: z.string().default("tenant") }),
 *   create({ config }) {
 *     return { process: (batch) => batch.filter(({ resource }) => config.label in resource.attributes) };
 *   },
 * });
 */
export function defineProcessor<Config>(
  definition: Omit<ProcessorDefinition<Config>, "kind" | "create"> & {
    create(settings: UpstreamSettings<Config>): AnyProcessor;
  },
): ProcessorDefinition<Config> {
  return {
    ...definition,
    kind: "processor",
    create: (settings) => connect(definition.type, definition.create(settings), settings.next),
  };
}

/** Declares a connector: it works like a processor, between pipelines. */
export function defineConnector<Config>(
  definition: Omit<ConnectorDefinition<Config>, "kind" | "create"> & {
    create(settings: UpstreamSettings<Config>): AnyProcessor;
  },
): ConnectorDefinition<Config> {
  return {
    ...definition,
    kind: "connector",
    create: (settings) => connect(definition.type, definition.create(settings), settings.next),
  };
}

/** The methods of which a processor has one. */
const SHAPES = ["process", "layout", "processBatch", "consume"] as const;

/** What code written without types may have returned from `create`, for its author. */
function describe(returned: unknown): string {
  if (returned instanceof Promise) return "a promise: create is not async, what takes time belongs in start";
  if (typeof returned !== "object" || returned === null)
    return returned === null ? "null" : `${typeof returned}`;
  const names = Object.keys(returned);
  return names.length === 0 ? "an object with nothing in it" : `an object with ${names.join(", ")}`;
}

/** @throws CollectorError COMPONENT_START for what a definition written without types may return */
function connect(type: string, processor: AnyProcessor, next: Consumer): Component & Consumer {
  if (typeof processor !== "object" || processor === null || !SHAPES.some((shape) => shape in processor)) {
    throw new CollectorError(
      "COMPONENT_START",
      `create of processor type "${type}" must return an object with one of ${SHAPES.join(", ")}, got ${describe(processor)}`,
    );
  }
  if ("consume" in processor) return processor;
  const lifecycle: Component = {
    start: (host) => processor.start?.(host),
    shutdown: (drainMs) => processor.shutdown?.(drainMs),
  };
  if ("layout" in processor) {
    const mapped = memoise((layout: Layout) => {
      const result: Partial<Layout> | undefined = processor.layout(layout);
      if (!Array.isArray(result?.resources) || typeof result.width !== "number")
        throw new TypeError(
          "layout must return a layout (resources, width): the one it was given, or one made from it",
        );
      return result as Layout;
    });
    return {
      ...lifecycle,
      consume(batch) {
        const layout = mapped(batch.layout);
        if (layout.resources.length === 0) return Promise.resolve();
        return next.consume(layout === batch.layout ? batch : Batch.fromColumns(layout, batch.column));
      },
    };
  }
  if ("processBatch" in processor) {
    return {
      ...lifecycle,
      async consume(batch) {
        const result: unknown = await processor.processBatch(batch);
        if (result === undefined) return;
        if (!(result instanceof Batch))
          throw new TypeError(
            "processBatch must return a Batch (made with Batch.from or Batch.fromColumns) or nothing",
          );
        await next.consume(result);
      },
    };
  }
  const keeper = new LayoutKeeper();
  return {
    ...lifecycle,
    async consume(batch) {
      const objects = batch.resourceMetrics;
      // Those that are made of a column are frozen already.
      if (!batch.isColumnar) freezeObjects(objects);
      const result = await processor.process(objects);
      if (result === undefined || result.length === 0) return;
      const made = Batch.from(result);
      // What follows has prepared itself for the layout of the batch before; the same series get the same one.
      await next.consume(made.isColumnar || !batch.isColumnar ? made : keeper.keep(made));
    },
  };
}
