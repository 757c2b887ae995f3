import { ABSENT, type Column, type Presence } from "./column.ts";
import { toColumns } from "./from-objects.ts";
import { type Layout, memoise, metricsOf, pointSlot } from "./layout.ts";
import type { MetricsBatch } from "./types.ts";
import { materialise } from "./view.ts";

/**
 * What flows through a pipeline: metrics data that is one thing and has two faces, a layout with a column (cheap, for
 * built-in components) and plain objects (for everybody). Each is made from the other when it is asked for.
 */
export class Batch {
  #layout: Layout | undefined;
  #column: Column | undefined;
  #objects: MetricsBatch | undefined;

  private constructor(
    layout: Layout | undefined,
    column: Column | undefined,
    objects: MetricsBatch | undefined,
  ) {
    this.#layout = layout;
    this.#column = column;
    this.#objects = objects;
  }

  static fromColumns(layout: Layout, column: Column): Batch {
    return new Batch(layout, column, undefined);
  }

  /** The batch of a public view: the one that gave it, if it came from {@link resourceMetrics}. */
  static from(objects: MetricsBatch): Batch {
    return origins.get(objects) ?? new Batch(undefined, undefined, objects);
  }

  /** False while only plain objects exist: a component that can work on either may then spare the conversion. */
  get isColumnar(): boolean {
    return this.#layout !== undefined;
  }

  get layout(): Layout {
    this.#convert();
    return this.#layout as Layout;
  }

  get column(): Column {
    this.#convert();
    return this.#column as Column;
  }

  /** The plain objects, lazy inside. Asking for them retains the column. */
  get resourceMetrics(): MetricsBatch {
    if (this.#objects === undefined) {
      this.column.retain();
      this.#objects = materialise(this.layout, this.column);
      origins.set(this.#objects, this);
    }
    return this.#objects;
  }

  /** Number of data points, stale ones included. */
  get pointCount(): number {
    if (this.#layout !== undefined) return countPoints(this.#layout, this.column.presence);
    let count = 0;
    for (const { scopeMetrics } of this.#objects ?? []) {
      for (const { metrics } of scopeMetrics)
        for (const { dataPoints } of metrics) count += dataPoints.length;
    }
    return count;
  }

  /** Keep the data beyond the `consume` call that carried it. */
  retain(): void {
    this.#column?.retain();
  }

  #convert(): void {
    if (this.#layout !== undefined) return;
    const { layout, column } = toColumns(this.#objects ?? []);
    this.#layout = layout;
    this.#column = column;
  }
}

const origins = new WeakMap<MetricsBatch, Batch>();

const countsOf = memoise((_layout: Layout) => new WeakMap<Presence, number>());

function countPoints(layout: Layout, presence: Presence): number {
  const counts = countsOf(layout);
  let count = counts.get(presence);
  if (count === undefined) {
    count = 0;
    for (const { metric } of metricsOf(layout)) {
      const size = metric.attributes.length;
      if (presence.states === undefined) count += size;
      else for (let i = 0; i < size; i++) if (presence.at(pointSlot(metric, i)) !== ABSENT) count++;
    }
    counts.set(presence, count);
  }
  return count;
}
