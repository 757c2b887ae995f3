import {
  type Attributes,
  DataPointType,
  type HistogramSlots,
  type InstrumentationScope,
  type Layout,
  type MetricDescriptor,
  type MetricLayout,
  type NumberMetricLayout,
  type Resource,
  type ResourceLayout,
  type ScopeLayout,
  type SummarySlots,
} from "../../metrics/index.ts";
import type { MetricDraft, PointDraft, PointOrigin, ResourceDraft, ScopeDraft } from "../context/draft.ts";
import { isEqual } from "../values/compare.ts";
import { Interner } from "./interner.ts";

/** Drafts of a layout: names and attributes without values. */
export function draftLayout(layout: Layout): ResourceDraft[] {
  return layout.resources.map((origin) => ({
    resource: origin.resource,
    scopes: origin.scopes.map((inner) => ({
      scope: inner.scope,
      metrics: inner.metrics.map(draftMetric),
      origin: inner,
    })),
    origin,
  }));
}

function draftMetric(metric: MetricLayout): MetricDraft {
  const { descriptor, dataPointType, aggregationTemporality, isMonotonic, metadata } = metric;
  return {
    descriptor,
    dataPointType,
    aggregationTemporality,
    isMonotonic,
    metadata,
    points: metric.attributes.map((attributes, index) => ({
      attributes,
      data: undefined,
      origin: { metric, index },
    })),
  };
}

/** A layout, and the slots that have to be copied to serve it: pairs of from and to. */
export interface LayoutResult {
  readonly layout: Layout;
  readonly copies: Uint32Array;
}

/** Makes layouts of drafts; what is equal to what it made before is the same object again. */
export class LayoutMaker {
  readonly #attributes = new Interner<Attributes>(isEqual);
  readonly #resources = new Interner<Resource>(isEqual);
  readonly #scopes = new Interner<InstrumentationScope>(isEqual);
  readonly #descriptors = new Interner<MetricDescriptor>(isEqual);

  /** @param source the layout the drafts were made of; returned itself when nothing changed */
  make(source: Layout, drafts: readonly ResourceDraft[]): LayoutResult {
    const slots = new SlotAllocator(source.width);
    const resources = drafts.flatMap((draft) => this.#resource(draft, slots));
    const isSame =
      resources.length === source.resources.length &&
      resources.every((resource, i) => resource === source.resources[i]);
    return {
      layout: isSame ? source : { resources, width: slots.width },
      copies: Uint32Array.from(slots.copies),
    };
  }

  #resource(draft: ResourceDraft, slots: SlotAllocator): ResourceLayout[] {
    const before = draft.origin as ResourceLayout;
    const scopes = draft.scopes.flatMap((scope) => this.#scope(scope, slots));
    if (scopes.length === 0) return [];
    if (draft.resource === before.resource && isSameList(scopes, before.scopes)) return [before];
    const resource =
      draft.resource === before.resource
        ? before.resource
        : this.#resources.intern(before.resource, draft.resource);
    return [{ resource, scopes }];
  }

  #scope(draft: ScopeDraft, slots: SlotAllocator): ScopeLayout[] {
    const before = draft.origin as ScopeLayout;
    const metrics = draft.metrics
      .filter(({ points }) => points.length > 0)
      .map((metric) => this.#metric(metric, slots));
    if (metrics.length === 0) return [];
    if (draft.scope === before.scope && isSameList(metrics, before.metrics)) return [before];
    const isSame = draft.scope === before.scope;
    return [{ scope: isSame ? before.scope : this.#scopes.intern(before.scope, draft.scope), metrics }];
  }

  #metric(draft: MetricDraft, slots: SlotAllocator): MetricLayout {
    const { points, dataPointType, aggregationTemporality, isMonotonic, metadata } = draft;
    const origins = points.map(({ origin }) => origin as PointOrigin);
    const { metric: before } = origins[0] as PointOrigin;
    const isFirst = slots.take(before);
    const sameAttributes = points.every(
      ({ attributes }, i) =>
        attributes === before.attributes[i] && origins[i]?.metric === before && origins[i]?.index === i,
    );
    if (
      isFirst &&
      sameAttributes &&
      points.length === before.attributes.length &&
      draft.descriptor === before.descriptor &&
      dataPointType === before.dataPointType &&
      aggregationTemporality === before.aggregationTemporality &&
      isMonotonic === before.isMonotonic &&
      metadata === before.metadata
    ) {
      return before;
    }
    const base = {
      descriptor:
        draft.descriptor === before.descriptor
          ? before.descriptor
          : this.#descriptors.intern(before.descriptor, draft.descriptor),
      aggregationTemporality,
      isMonotonic,
      ...(metadata !== undefined && { metadata }),
      attributes: points.map((point) => this.#pointAttributes(point)),
    };
    // Kinds change between gauge and sum only, which have the same slots.
    if ("slots" in before) {
      const own = Uint32Array.from(origins, ({ metric, index }) => {
        const slot = (metric as NumberMetricLayout).slots[index] as number;
        return isFirst ? slot : slots.copy(slot);
      });
      return { ...base, dataPointType, slots: own } as MetricLayout;
    }
    const series = origins.map(({ metric, index }) => {
      const own = (metric as typeof before).series[index] as HistogramSlots | SummarySlots;
      return isFirst ? own : slots.copyComposite(own);
    });
    return { ...base, dataPointType, series } as MetricLayout;
  }

  #pointAttributes({ attributes, origin }: PointDraft): Attributes {
    const { metric, index } = origin as PointOrigin;
    const source = metric.attributes[index] as Attributes;
    return attributes === source ? source : this.#attributes.intern(source, attributes);
  }
}

function isSameList(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((item, i) => item === right[i]);
}

/** A slot belongs to one series: a metric that is there twice gets slots of its own the second time. */
class SlotAllocator {
  readonly copies: number[] = [];
  readonly #taken = new Set<MetricLayout>();
  width: number;

  constructor(width: number) {
    this.width = width;
  }

  /** @returns whether the metric's own slots are still free */
  take(metric: MetricLayout): boolean {
    if (this.#taken.has(metric)) return false;
    this.#taken.add(metric);
    return true;
  }

  copy(from: number): number {
    const to = this.width++;
    this.copies.push(from, to);
    return to;
  }

  copyComposite(slots: HistogramSlots | SummarySlots): HistogramSlots | SummarySlots {
    const copy = (from: number) => (from < 0 ? from : this.copy(from));
    const shared = { count: copy(slots.count), sum: copy(slots.sum) };
    return "buckets" in slots
      ? { ...slots, ...shared, buckets: slots.buckets.map(copy) }
      : { ...slots, ...shared, values: slots.values.map(copy) };
  }
}

/** Whether the numbers of a metric are one to a point. */
export function isNumberMetric(metric: MetricLayout): metric is NumberMetricLayout {
  return metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM;
}
