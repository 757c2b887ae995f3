import {
  ABSENT,
  type Attributes,
  type Batch,
  metricsOf,
  pointSlot,
  type Resource,
} from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";
import type { Attribute } from "./config.ts";

/** How many there are with these attributes. */
export interface Count {
  readonly attributes: Attributes;
  count: number;
}

/** Counts of one resource, by a text for their attributes. */
export interface ResourceCounts {
  readonly resource: Resource;
  readonly counts: Map<string, Count>;
}

/** By a text for the resource. */
export type Tally = Map<string, ResourceCounts>;

/** Counts metrics that have points. */
export function tallyMetrics(batch: Batch): Tally {
  const { layout, column } = batch;
  const tally: Tally = new Map();
  for (const { resource, metric } of metricsOf(layout)) {
    const hasPoint = metric.attributes.some((_, i) => column.presence.at(pointSlot(metric, i)) !== ABSENT);
    if (hasPoint) add(tally, resource, {});
  }
  return tally;
}

/** Counts points by their values of `wanted`; those that lack one without a default are left out. */
export function tallyPoints(batch: Batch, wanted: readonly Attribute[]): Tally {
  const { layout, column } = batch;
  const tally: Tally = new Map();
  for (const { resource, metric } of metricsOf(layout)) {
    for (let i = 0; i < metric.attributes.length; i++) {
      if (column.presence.at(pointSlot(metric, i)) === ABSENT) continue;
      const attributes = choose(wanted, metric.attributes[i] as Attributes, resource.attributes);
      if (attributes !== undefined) add(tally, resource, attributes);
    }
  }
  return tally;
}

/** What `whole` has more than `part`, which is a part of it. */
export function difference(whole: Tally, part: Tally): Tally {
  const result: Tally = new Map();
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

function choose(
  wanted: readonly Attribute[],
  point: Attributes,
  resource: Attributes,
): Attributes | undefined {
  if (wanted.length === 0) return NONE;
  const result: Record<string, unknown> = {};
  for (const { key, default_value } of wanted) {
    const value = point[key] ?? resource[key] ?? default_value;
    if (value === undefined) return undefined;
    result[key] = value;
  }
  return result;
}

function add(tally: Tally, resource: Resource, attributes: Attributes): void {
  const resourceKey = seriesKey(resource.attributes);
  let entry = tally.get(resourceKey);
  if (entry === undefined) {
    entry = { resource, counts: new Map() };
    tally.set(resourceKey, entry);
  }
  const key = seriesKey(attributes);
  const known = entry.counts.get(key);
  if (known === undefined) entry.counts.set(key, { attributes, count: 1 });
  else known.count++;
}
