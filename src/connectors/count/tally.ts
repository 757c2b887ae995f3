import {
  ABSENT,
  type Attributes,
  type Batch,
  type Layout,
  memoise,
  metricsOf,
  type Presence,
  pointSlot,
  type Resource,
} from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";
import type { Attribute } from "./config.ts";

/** How many there are with these attributes. */
export interface Count {
  readonly attributes: Attributes;
  readonly count: number;
}

/** Counts of one resource, by a text for their attributes. */
export interface ResourceCounts {
  readonly resource: Resource;
  readonly counts: ReadonlyMap<string, Count>;
}

/** By a text for the resource. */
export type Tally = ReadonlyMap<string, ResourceCounts>;

/** Counts what a batch has; once for each layout and what is present of it. */
export type Tallier = (batch: Batch) => Tally;

/** Counts metrics that have points. */
export function metricTallier(): Tallier {
  return remembered((layout, presence) => {
    const tally = new TallyBuilder();
    for (const { resource, metric } of metricsOf(layout)) {
      const hasPoint = metric.attributes.some((_, i) => presence.at(pointSlot(metric, i)) !== ABSENT);
      if (hasPoint) tally.add(resource, NONE);
    }
    return tally.done;
  });
}

/** Counts points by their values of `wanted`; those that lack one without a default are left out. */
export function pointTallier(wanted: readonly Attribute[]): Tallier {
  return remembered((layout, presence) => {
    const tally = new TallyBuilder();
    for (const { resource, scope, metric } of metricsOf(layout)) {
      for (let i = 0; i < metric.attributes.length; i++) {
        if (presence.at(pointSlot(metric, i)) === ABSENT) continue;
        const point = metric.attributes[i] as Attributes;
        const attributes = choose(wanted, [point, scope.attributes ?? NONE, resource.attributes]);
        if (attributes !== undefined) tally.add(resource, attributes);
      }
    }
    return tally.done;
  });
}

/** What `whole` has more than `part`, which is a part of it. */
export function difference(whole: Tally, part: Tally): Tally {
  const result = new Map<string, ResourceCounts>();
  for (const [resourceKey, { resource, counts }] of whole) {
    const others = part.get(resourceKey)?.counts;
    const left = new Map<string, Count>();
    for (const [key, { attributes, count }] of counts) {
      const more = count - (others?.get(key)?.count ?? 0);
      if (more > 0) left.set(key, { attributes, count: more });
    }
    if (left.size > 0) result.set(resourceKey, { resource, counts: left });
  }
  return result;
}

const NONE: Attributes = Object.freeze({});

function remembered(tally: (layout: Layout, presence: Presence) => Tally): Tallier {
  const byLayout = memoise((layout: Layout) => memoise((presence: Presence) => tally(layout, presence)));
  return ({ layout, column }) => byLayout(layout)(column.presence);
}

function choose(wanted: readonly Attribute[], places: readonly Attributes[]): Attributes | undefined {
  if (wanted.length === 0) return NONE;
  const result: Record<string, unknown> = {};
  for (const { key, default_value } of wanted) {
    const value = places.find((attributes) => Object.hasOwn(attributes, key))?.[key] ?? default_value;
    if (value === undefined) return undefined;
    result[key] = value;
  }
  return result;
}

class TallyBuilder {
  readonly done = new Map<
    string,
    { readonly resource: Resource; readonly counts: Map<string, { attributes: Attributes; count: number }> }
  >();

  add(resource: Resource, attributes: Attributes): void {
    const resourceKey = seriesKey(resource.attributes);
    let entry = this.done.get(resourceKey);
    if (entry === undefined) {
      entry = { resource, counts: new Map() };
      this.done.set(resourceKey, entry);
    }
    const key = seriesKey(attributes);
    const known = entry.counts.get(key);
    if (known === undefined) entry.counts.set(key, { attributes, count: 1 });
    else known.count++;
  }
}
