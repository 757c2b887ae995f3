import type { FamilyMetadata, FamilyType, SeriesEntry } from "../exposition/index.ts";
import {
  AggregationTemporality,
  type Attributes,
  DataPointType,
  type HistogramSlots,
  type MetricDescriptor,
  type MetricLayout,
  type SummarySlots,
  ValueType,
} from "../metrics/index.ts";
import type { AttributeInterner } from "./attributes.ts";
import { type Composite, groupComposites, slotsOf } from "./composite-series.ts";
import { toUcum } from "./ucum.ts";

/**
 * One exposed family as a metric, by the OpenTelemetry specification (compatibility/prometheus_and_openmetrics.md) and,
 * where it leaves room, as the Collector does: names unchanged, all numbers doubles, start times unknown.
 */
export class FamilyTranslation {
  readonly metadata: FamilyMetadata;
  readonly #entries: SeriesEntry[] = [];
  readonly #interner: AttributeInterner;
  #composites: readonly Composite[] | undefined;
  #metric: MetricLayout | undefined;

  constructor(metadata: FamilyMetadata, interner: AttributeInterner) {
    this.metadata = metadata;
    this.#interner = interner;
  }

  add(entry: SeriesEntry): void {
    this.#entries.push(entry);
    this.#composites = undefined;
    this.#metric = undefined;
  }

  /** The points of a histogram or summary family; empty for other types. */
  get composites(): readonly Composite[] {
    if (this.#composites === undefined) {
      const { name, type } = this.metadata;
      this.#composites =
        type === "histogram" || type === "summary"
          ? groupComposites(name, type, this.#entries, this.#interner)
          : [];
    }
    return this.#composites;
  }

  /** Slots of samples that are part of no point: they do not fit the family's type. */
  get strays(): readonly number[] {
    const { type } = this.metadata;
    if (type === "gaugehistogram") return this.#entries.map(({ slot }) => slot);
    if (type !== "histogram" && type !== "summary") return [];
    const used = new Set(this.composites.flatMap((composite) => [...slotsOf(composite)]));
    return this.#entries.map(({ slot }) => slot).filter((slot) => !used.has(slot));
  }

  /** Other parts of a composite are there than before: its series has to be made again. */
  changeParts(composite: Composite, leftOut: readonly number[]): void {
    composite.leftOut = leftOut;
    this.#metric = undefined;
  }

  /** The same object until a series is added or parts change; undefined for what OTLP has no place for. */
  get metric(): MetricLayout | undefined {
    this.#metric ??= this.#build();
    return this.#metric;
  }

  #build(): MetricLayout | undefined {
    const { name, type, help, unit } = this.metadata;
    const descriptor: MetricDescriptor = {
      name,
      description: help ?? "",
      unit: toUcum(unit),
      valueType: ValueType.DOUBLE,
    };
    const base = { descriptor, metadata: metadataOf(type), isMonotonic: false };
    switch (type) {
      case "counter":
        return { ...base, ...cumulativeSum, isMonotonic: true, ...this.#numbers() };
      case "gauge":
      case "unknown":
        return { ...base, ...gauge, ...this.#numbers() };
      case "info":
      case "stateset":
        return { ...base, ...cumulativeSum, ...this.#numbers() };
      case "histogram":
        return {
          ...base,
          dataPointType: DataPointType.HISTOGRAM,
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          attributes: this.composites.map(({ attributes }) => attributes),
          series: this.composites.map((composite) => histogramSlots(composite)),
        };
      case "summary":
        return {
          ...base,
          dataPointType: DataPointType.SUMMARY,
          aggregationTemporality: AggregationTemporality.UNSPECIFIED,
          attributes: this.composites.map(({ attributes }) => attributes),
          series: this.composites.map((composite) => summarySlots(composite)),
        };
      case "gaugehistogram":
        // The specification: MUST be dropped.
        return undefined;
    }
  }

  #numbers(): { readonly attributes: readonly Attributes[]; readonly slots: Uint32Array } {
    return {
      attributes: this.#entries.map(({ labels }) => this.#interner.of(labels)),
      slots: Uint32Array.from(this.#entries, ({ slot }) => slot),
    };
  }
}

const cumulativeSum = {
  dataPointType: DataPointType.SUM,
  aggregationTemporality: AggregationTemporality.CUMULATIVE,
} as const;

export const gauge = {
  dataPointType: DataPointType.GAUGE,
  aggregationTemporality: AggregationTemporality.UNSPECIFIED,
} as const;

const metadataByType = new Map<FamilyType, Attributes>();

/** `prometheus.type`, which the specification demands on every metric. */
export function metadataOf(type: FamilyType): Attributes {
  let metadata = metadataByType.get(type);
  if (metadata === undefined) {
    metadata = Object.freeze({ "prometheus.type": type });
    metadataByType.set(type, metadata);
  }
  return metadata;
}

function histogramSlots({ count, sum, parts, leftOut }: Composite): HistogramSlots {
  const kept = parts.filter(({ slot }) => !leftOut.includes(slot));
  return {
    count,
    sum: leftOut.includes(sum) ? -1 : sum,
    buckets: Uint32Array.from(kept, ({ slot }) => slot),
    bounds: Object.freeze(kept.map(({ at }) => at)),
  };
}

function summarySlots({ count, sum, parts, leftOut }: Composite): SummarySlots {
  const kept = parts.filter(({ slot }) => !leftOut.includes(slot));
  return {
    count,
    sum: leftOut.includes(sum) ? -1 : sum,
    values: Uint32Array.from(kept, ({ slot }) => slot),
    quantiles: Object.freeze(kept.map(({ at }) => at)),
  };
}
