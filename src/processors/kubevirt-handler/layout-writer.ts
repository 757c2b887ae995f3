import {
  type Attributes,
  DataPointType,
  type HistogramSlots,
  type InstrumentationScope,
  type Layout,
  type MetricLayout,
  type Resource,
  type SummarySlots,
} from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";

/** What a metric is, without its points. */
export type MetricShape = Pick<
  MetricLayout,
  "descriptor" | "aggregationTemporality" | "isMonotonic" | "dataPointType" | "metadata"
>;

/** Where a point lies: a slot, or the slots of a histogram or summary. */
export type PointPlace = number | HistogramSlots | SummarySlots;

interface Draft {
  readonly shape: MetricShape;
  readonly attributes: Attributes[];
  readonly places: PointPlace[];
  /** Points of several metrics of the source came together here. */
  merged: boolean;
}

/** Collects points by resource, scope and metric name, in the order of their first points. */
export class LayoutWriter {
  readonly #resources = new Map<Resource, Map<InstrumentationScope, Map<string, Draft>>>();
  // Where the last point went: the next one mostly goes there too.
  #resource: Resource | undefined;
  #draft: Draft | undefined;

  /** @param shape the same object for all points of one metric of the source */
  add(
    resource: Resource,
    scope: InstrumentationScope,
    shape: MetricShape,
    attributes: Attributes,
    place: PointPlace,
  ): void {
    let draft = this.#draft;
    if (draft === undefined || resource !== this.#resource || shape !== draft.shape) {
      draft = this.#find(resource, scope, shape);
      this.#resource = resource;
      this.#draft = draft;
    }
    draft.attributes.push(attributes);
    draft.places.push(place);
  }

  #find(resource: Resource, scope: InstrumentationScope, shape: MetricShape): Draft {
    const scopes = getOrInsert(this.#resources, resource, newMap<InstrumentationScope, Map<string, Draft>>);
    const metrics = getOrInsert(scopes, scope, newMap<string, Draft>);
    const create = () => ({ shape, attributes: [], places: [], merged: false });
    const draft = getOrInsert(metrics, shape.descriptor.name, create);
    draft.merged ||= draft.shape !== shape;
    return draft;
  }

  finish(width: number): Layout {
    return {
      width,
      resources: Array.from(this.#resources, ([resource, scopes]) => ({
        resource,
        scopes: Array.from(scopes, ([scope, metrics]) => ({
          scope,
          metrics: Array.from(metrics.values(), metricLayout),
        })),
      })),
    };
  }

  /**
   * Points that cannot be told apart by their attributes though their source could: each list is one series to whoever
   * looks at the result.
   * @param lossy whether attributes may have been left out
   */
  ambiguous(lossy: boolean): PointPlace[][] {
    const result: PointPlace[][] = [];
    for (const scopes of this.#resources.values()) {
      for (const metrics of scopes.values()) {
        for (const { attributes, places, merged } of metrics.values()) {
          if (places.length < 2 || !(lossy || merged)) continue;
          const groups = Map.groupBy(attributes.keys(), (i) => seriesKey(attributes[i] as Attributes));
          if (groups.size === places.length) continue;
          for (const indexes of groups.values()) {
            // The same object again is a series with several points of their own time.
            if (new Set(indexes.map((i) => attributes[i])).size < 2) continue;
            result.push(indexes.map((i) => places[i] as PointPlace));
          }
        }
      }
    }
    return result;
  }
}

function metricLayout({ shape, attributes, places }: Draft): MetricLayout {
  switch (shape.dataPointType) {
    case DataPointType.HISTOGRAM:
    case DataPointType.SUMMARY:
      return { ...shape, attributes, series: places } as MetricLayout;
    default:
      return { ...shape, attributes, slots: new Uint32Array(places as number[]) } as MetricLayout;
  }
}

/** The slot whose presence is the point's. */
export function slotOf(place: PointPlace): number {
  return typeof place === "number" ? place : place.count;
}

function newMap<Key, Value>(): Map<Key, Value> {
  return new Map();
}

function getOrInsert<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
