import type { LayoutProcessor } from "../../component/index.ts";
import type { Attributes, Layout, MetricLayout, Resource } from "../../metrics/index.ts";
import { LayoutAssembler, metricIdentity, pickPoints } from "../../reshape/index.ts";
import { seriesKey } from "../../temporality/index.ts";
import type { Config } from "./config.ts";

/** A point's attributes taken apart; the same object for the same attributes. */
interface Split {
  /** What goes to the resource, and a text that is equal for equal ones; undefined: the point has no key. */
  readonly moved: { readonly attributes: Attributes; readonly key: string } | undefined;
  readonly kept: Attributes;
}

/** Moves attributes of points to their resources, once for each layout. */
export class GroupByAttrsProcessor implements LayoutProcessor {
  readonly #keys: readonly string[];
  readonly #splits = new WeakMap<Attributes, Split>();
  readonly #resources = new WeakMap<Resource, MadeResources>();

  constructor({ keys }: Config) {
    this.#keys = keys;
  }

  layout(layout: Layout): Layout {
    const assembler = new LayoutAssembler();
    for (const { resource, scopes } of layout.resources) {
      for (const { scope, metrics } of scopes) {
        for (const metric of metrics) {
          const identity = metricIdentity(metric);
          for (const [target, part] of this.#parts(resource, metric)) {
            assembler.add(target, scope, part, identity);
          }
        }
      }
    }
    return assembler.build(layout.width);
  }

  /** The points of a metric by the resource that they go to. */
  #parts(resource: Resource, metric: MetricLayout): Map<Resource, MetricLayout> {
    const groups = new Map<Resource, { readonly indices: number[]; readonly attributes: Attributes[] }>();
    for (const [i, own] of metric.attributes.entries()) {
      const { moved, kept } = this.#split(own);
      const target = moved === undefined ? resource : this.#resource(resource, moved);
      const group = groups.get(target) ?? { indices: [], attributes: [] };
      group.indices.push(i);
      group.attributes.push(kept);
      groups.set(target, group);
    }
    const parts = new Map<Resource, MetricLayout>();
    for (const [target, { indices, attributes }] of groups) {
      const isWhole = target === resource && indices.length === metric.attributes.length;
      parts.set(target, isWhole ? metric : pickPoints(metric, indices, attributes));
    }
    return parts;
  }

  #split(attributes: Attributes): Split {
    let split = this.#splits.get(attributes);
    if (split === undefined) {
      const names = this.#keys.filter((key) => Object.hasOwn(attributes, key));
      if (names.length === 0) split = { moved: undefined, kept: attributes };
      else {
        const moved = Object.fromEntries(names.map((name) => [name, attributes[name]]));
        const kept = Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
        split = { moved: { attributes: moved, key: seriesKey(moved) }, kept: Object.freeze(kept) };
      }
      this.#splits.set(attributes, split);
    }
    return split;
  }

  #resource(source: Resource, { attributes, key }: NonNullable<Split["moved"]>): Resource {
    let made = this.#resources.get(source);
    if (made === undefined) {
      made = new MadeResources();
      this.#resources.set(source, made);
    }
    return made.get(key, () =>
      Object.freeze({ ...source, attributes: Object.freeze({ ...source.attributes, ...attributes }) }),
    );
  }
}

const SWEEP_FROM = 64;

/**
 * What was made of one resource, as long as a layout has it: VMs come and go for as long as the resource they are
 * reported by lives.
 */
class MadeResources {
  readonly #byKey = new Map<string, WeakRef<Resource>>();
  #sweepAt = SWEEP_FROM;

  get(key: string, make: () => Resource): Resource {
    const known = this.#byKey.get(key)?.deref();
    if (known !== undefined) return known;
    const resource = make();
    this.#byKey.set(key, new WeakRef(resource));
    if (this.#byKey.size >= this.#sweepAt) this.#sweep();
    return resource;
  }

  #sweep(): void {
    for (const [key, reference] of this.#byKey) if (reference.deref() === undefined) this.#byKey.delete(key);
    this.#sweepAt = Math.max(SWEEP_FROM, this.#byKey.size * 2);
  }
}
