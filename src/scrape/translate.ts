import type { FamilyMetadata, FamilyType } from "../exposition/index.ts";
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
import { type Composite, groupComposites, type ScopedEntry, slotsOf } from "./composite-series.ts";
import { toUcum } from "./ucum.ts";

/** A point whose start time stands in a series of its own. */
export interface CreatedPoint {
  readonly point: number;
  /** Slot of the `_created` series. */
  readonly created: number;
}

/**
 * One exposed family as metrics, by the OpenTelemetry specification (compatibility/prometheus_and_openmetrics.md) and,
 * where it leaves room, as the Collector does: names unchanged, all numbers doubles. It is one metric, but for a family
 * whose samples have several names, or whose histograms come as classic and as native ones.
 */
export class FamilyTranslation {
  readonly metadata: FamilyMetadata;
  /** Samples with a number. */
  readonly #entries: ScopedEntry[] = [];
  readonly #natives: ScopedEntry[] = [];
  readonly #interner: AttributeInterner;
  #composites: readonly Composite[] | undefined;
  #strays: readonly number[] | undefined;
  #createdPoints: readonly CreatedPoint[] | undefined;
  #metrics: readonly MetricLayout[] | undefined;

  constructor(metadata: FamilyMetadata, interner: AttributeInterner) {
    this.metadata = metadata;
    this.#interner = interner;
  }

  add(scoped: ScopedEntry): void {
    (scoped.entry.native === true ? this.#natives : this.#entries).push(scoped);
    this.#composites = undefined;
    this.#strays = undefined;
    this.#createdPoints = undefined;
    this.#metrics = undefined;
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

  /** Slots of native histograms. */
  get natives(): readonly number[] {
    return this.#isDropped ? [] : slotsIn(this.#natives);
  }

  /** Slots of samples that are part of no point: they do not fit the family's type. */
  get strays(): readonly number[] {
    this.#strays ??= this.#findStrays();
    return this.#strays;
  }

  /** The points whose start times the family exposes. */
  get createdPoints(): readonly CreatedPoint[] {
    this.#createdPoints ??= this.#findCreatedPoints();
    return this.#createdPoints;
  }

  /** Other parts of a composite are there than before: its series has to be made again. */
  changeParts(composite: Composite, leftOut: readonly number[]): void {
    composite.leftOut = leftOut;
    this.#metrics = undefined;
  }

  /** The same objects until a series is added or parts change; empty for what OTLP has no place for. */
  get metrics(): readonly MetricLayout[] {
    this.#metrics ??= this.#build().filter(({ attributes }) => attributes.length > 0);
    return this.#metrics;
  }

  /** The specification: gauge histograms MUST be dropped. */
  get #isDropped(): boolean {
    return this.metadata.type === "gaugehistogram";
  }

  #findStrays(): readonly number[] {
    if (this.#isDropped) return slotsIn([...this.#entries, ...this.#natives]);
    const { type } = this.metadata;
    if (type !== "histogram" && type !== "summary") return [];
    const used = new Set(this.composites.flatMap((composite) => [...slotsOf(composite), composite.created]));
    return slotsIn(this.#entries).filter((slot) => !used.has(slot));
  }

  #findCreatedPoints(): readonly CreatedPoint[] {
    if (this.metadata.type !== "counter") {
      return this.composites.flatMap(({ count, created }) =>
        created < 0 ? [] : [{ point: count, created }],
      );
    }
    const created = this.#entries.filter(({ entry }) => this.#isCreated(entry.name));
    if (created.length === 0) return [];
    const slots = new Map(created.map(({ entry, labels }) => [this.#interner.of(labels), entry.slot]));
    return this.#entries.flatMap(({ entry, labels }) => {
      const slot = this.#isCreated(entry.name) ? undefined : slots.get(this.#interner.of(labels));
      return slot === undefined ? [] : [{ point: entry.slot, created: slot }];
    });
  }

  /** Whether samples of a counter family say since when is counted. */
  #isCreated(sampleName: string): boolean {
    return sampleName.length === this.metadata.name.length + 8 && sampleName.endsWith("_created");
  }

  #build(): readonly MetricLayout[] {
    const { name, type } = this.metadata;
    if (this.#isDropped) return [];
    return [...this.#buildClassic(name, type), this.#buildNative(name)];
  }

  #buildClassic(name: string, type: FamilyType): readonly MetricLayout[] {
    switch (type) {
      case "counter":
        return this.#byName(this.#entries.filter(({ entry }) => !this.#isCreated(entry.name))).map(
          ([sampleName, entries]) => ({
            ...this.#base(sampleName),
            ...cumulativeSum,
            isMonotonic: true,
            ...this.#points(entries),
          }),
        );
      case "info":
      case "stateset":
        return this.#byName(this.#entries).map(([sampleName, entries]) => ({
          ...this.#base(sampleName),
          ...cumulativeSum,
          ...this.#points(entries),
        }));
      case "histogram":
        return [
          {
            ...this.#base(name),
            dataPointType: DataPointType.HISTOGRAM,
            aggregationTemporality: AggregationTemporality.CUMULATIVE,
            attributes: this.composites.map(({ attributes }) => attributes),
            series: this.composites.map((composite) => histogramSlots(composite)),
          },
        ];
      case "summary":
        return [
          {
            ...this.#base(name),
            dataPointType: DataPointType.SUMMARY,
            aggregationTemporality: AggregationTemporality.UNSPECIFIED,
            attributes: this.composites.map(({ attributes }) => attributes),
            series: this.composites.map((composite) => summarySlots(composite)),
          },
        ];
      default:
        return this.#byName(this.#entries).map(([sampleName, entries]) => ({
          ...this.#base(sampleName),
          ...gauge,
          ...this.#points(entries),
        }));
    }
  }

  #buildNative(name: string): MetricLayout {
    return {
      ...this.#base(name),
      dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      ...this.#points(this.#natives),
    };
  }

  #base(name: string) {
    const { type, help, unit } = this.metadata;
    const descriptor: MetricDescriptor = {
      name,
      description: help ?? "",
      unit: toUcum(unit),
      valueType: ValueType.DOUBLE,
    };
    return { descriptor, metadata: metadataOf(type), isMonotonic: false };
  }

  /** The specification: the name of a metric is that of its samples. */
  #byName(entries: readonly ScopedEntry[]): [string, ScopedEntry[]][] {
    return [...Map.groupBy(entries, ({ entry }) => entry.name)];
  }

  #points(entries: readonly ScopedEntry[]): {
    readonly attributes: readonly Attributes[];
    readonly slots: Uint32Array;
  } {
    return {
      attributes: entries.map(({ labels }) => this.#interner.of(labels)),
      slots: Uint32Array.from(entries, ({ entry }) => entry.slot),
    };
  }
}

function slotsIn(entries: readonly ScopedEntry[]): readonly number[] {
  return entries.map(({ entry }) => entry.slot);
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
