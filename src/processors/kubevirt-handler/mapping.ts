import {
  AggregationTemporality,
  type Attributes,
  DataPointType,
  type HistogramMetricLayout,
  type HistogramSlots,
  type InstrumentationScope,
  type Layout,
  type MetricDescriptor,
  type MetricLayout,
  type NumberMetricLayout,
  ValueType,
} from "../../metrics/index.ts";
import type { HistogramStreams, NumberStreams } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { type DocumentedFamily, type DocumentedMetric, metricsOfFamily } from "./documented-set.ts";
import { LayoutWriter, type MetricShape, type PointPlace } from "./layout-writer.ts";
import type { MappedLayout, MappingRules, Target } from "./mapped-layout.ts";

/** What receivers say about a scrape; it is not part of it and goes on as it is. */
const REPORTS = new Set([
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
]);

/** Families whose `name` is that of a virtual machine; elsewhere it can be anything, such as a work queue's. */
const VM_FAMILY = "kubevirt_vmi_";

/** The mapping of one layout. */
export class Mapping {
  readonly #rules: MappingRules;
  readonly #writer = new LayoutWriter();
  readonly #numbers: NumberStreams[] = [];
  readonly #histograms: HistogramStreams[] = [];
  readonly #exponentials: NumberStreams[] = [];
  readonly #split: HistogramSlots[] = [];
  #restIsGauges = true;
  #target!: Target;
  #scope!: InstrumentationScope;

  constructor(rules: MappingRules) {
    this.#rules = rules;
  }

  run(layout: Layout): MappedLayout {
    const scraped = layout.resources.map(({ resource, scopes }) => {
      this.#target = this.#rules.target(resource);
      const all = scopes.flatMap(({ metrics }) => metrics);
      if (this.#rules.config.resource === "vmi") this.#announceVms(all);
      for (const { scope, metrics } of scopes) {
        this.#scope = scope;
        for (const metric of metrics) this.#metric(metric);
      }
      return { resource, metrics: all.filter(({ descriptor }) => !REPORTS.has(descriptor.name)) };
    });
    return {
      layout: this.#writer.finish(layout.width),
      streams: {
        width: layout.width,
        numbers: this.#numbers,
        histograms: this.#histograms,
        exponentials: this.#exponentials,
        restIsGauges: this.#restIsGauges,
      },
      split: this.#split,
      ambiguous: this.#writer.ambiguous(leavesLabelsOut(this.#rules.config)),
      scraped,
    };
  }

  #announceVms(metrics: readonly MetricLayout[]): void {
    const { attributes, vms } = this.#target;
    vms.begin();
    for (const metric of metrics) {
      const { name } = metric.descriptor;
      if (!name.startsWith(VM_FAMILY)) continue;
      if (this.#rules.config.metrics === "documented" && !this.#rules.families.has(name)) continue;
      for (const source of metric.attributes) {
        const series = attributes.ofVm(source);
        if (series !== undefined) vms.add(series);
      }
    }
  }

  #metric(metric: MetricLayout): void {
    const { name } = metric.descriptor;
    const { config, families, direct } = this.#rules;
    const family = families.get(name);
    const own = direct.get(name);
    if (REPORTS.has(name)) this.#report(metric);
    else if (family !== undefined && family.kind !== "histogram" && isNumber(metric)) {
      this.#keep(metric, numberShape(metric, family), family.wandering);
    } else if (family?.kind === "histogram" && isHistogram(metric)) {
      if (config.histograms === "native") this.#keep(metric, { ...metric, descriptor: descriptorOf(family) });
      else this.#splitHistogram(metric, family);
    } else if (own !== undefined) this.#keep(metric, { ...metric, descriptor: descriptorOf(own) });
    else if (config.metrics === "all") this.#keep(metric, metric);
  }

  #report(metric: MetricLayout): void {
    if (metric.dataPointType !== DataPointType.GAUGE) this.#restIsGauges = false;
    const { resource } = this.#target.attributes;
    const shape = shapeOf(metric);
    placesOf(metric).forEach((place, i) => {
      this.#writer.add(resource, this.#scope, shape, metric.attributes[i] as Attributes, place);
    });
  }

  /** All points of a metric in another shape. */
  #keep(metric: MetricLayout, shape: MetricShape, wandering?: string): void {
    const isTotal = isRunningTotal(shape);
    const result = this.#withTemporality(shape);
    placesOf(metric).forEach((place, i) => {
      this.#add(metric, result, metric.attributes[i] as Attributes, place);
    });
    if (isTotal && isHistogram(metric)) this.#addHistograms(metric, result, true);
    else if (isTotal && "slots" in metric) {
      const list = isNumber(metric) ? this.#numbers : this.#exponentials;
      list.push({ ...this.#streams(metric, result, wandering), slots: metric.slots });
    } else if (shape.dataPointType !== DataPointType.GAUGE) this.#restIsGauges = false;
  }

  /** The parts of a histogram as sums over the very same slots. */
  #splitHistogram(metric: HistogramMetricLayout, family: DocumentedFamily): void {
    const { attributes } = this.#target;
    const [bucketShape, countShape, sumShape] = metricsOfFamily(family).map((documented) =>
      this.#withTemporality({
        descriptor: descriptorOf(documented),
        aggregationTemporality: metric.aggregationTemporality,
        isMonotonic: true,
        dataPointType: DataPointType.SUM,
      }),
    ) as [MetricShape, MetricShape, MetricShape];
    metric.series.forEach(({ bounds, buckets, count, sum }, i) => {
      const source = metric.attributes[i] as Attributes;
      bounds.forEach((bound, k) => {
        this.#add(metric, bucketShape, source, buckets[k] as number, (own) =>
          attributes.ofBucket(own, bound),
        );
      });
      this.#add(metric, countShape, source, count);
      if (sum >= 0) this.#add(metric, sumShape, source, sum);
      this.#split.push(metric.series[i] as HistogramSlots);
    });
    if (isRunningTotal(metric))
      this.#addHistograms(metric, { ...metric, descriptor: descriptorOf(family) }, false);
    else this.#restIsGauges = false;
  }

  #add(
    metric: MetricLayout,
    shape: MetricShape,
    source: Attributes,
    place: PointPlace,
    decorate: (own: Attributes) => Attributes = (own) => own,
  ): void {
    const { attributes, vms } = this.#target;
    const isVm = this.#rules.config.resource === "vmi" && metric.descriptor.name.startsWith(VM_FAMILY);
    const vm = isVm ? attributes.ofVm(source) : undefined;
    if (vm === undefined) {
      this.#writer.add(attributes.resource, this.#scope, shape, decorate(attributes.ofPoint(source)), place);
    } else {
      this.#writer.add(vms.of(vm), this.#scope, shape, decorate(vm.point), place);
    }
  }

  #addHistograms(metric: HistogramMetricLayout, shape: MetricShape, whole: boolean): void {
    this.#histograms.push({ ...this.#streams(metric, shape), histograms: metric.series, whole });
  }

  /** Keys are needed for deltas only. */
  #streams(
    metric: MetricLayout,
    shape: MetricShape,
    wandering?: string,
  ): { readonly metric: string; readonly series: readonly string[] } {
    if (this.#rules.config.temporality === "cumulative") return { metric: "", series: [] };
    const { attributes } = this.#target;
    return {
      metric: `${attributes.key}\n${this.#scope.name}\n${shape.descriptor.name}`,
      series: metric.attributes.map((source) => attributes.streamKey(source, wandering)),
    };
  }

  #withTemporality(shape: MetricShape): MetricShape {
    const isDelta = this.#rules.config.temporality === "delta" && isRunningTotal(shape);
    return {
      ...shapeOf(shape),
      ...(isDelta && { aggregationTemporality: AggregationTemporality.DELTA }),
    };
  }
}

function leavesLabelsOut({ vmi_labels: { include, exclude } }: Config): boolean {
  return !include.includes("*") || exclude.length > 0;
}

/** A documented gauge or count. The kind is the documented one even where the source does not know better. */
function numberShape(metric: NumberMetricLayout, family: DocumentedFamily): MetricShape {
  const wasCount = metric.dataPointType === DataPointType.SUM;
  const isCount = family.kind === "count";
  const { CUMULATIVE, UNSPECIFIED } = AggregationTemporality;
  return {
    descriptor: descriptorOf(family),
    dataPointType: isCount ? DataPointType.SUM : DataPointType.GAUGE,
    isMonotonic: isCount,
    aggregationTemporality: !isCount ? UNSPECIFIED : wasCount ? metric.aggregationTemporality : CUMULATIVE,
    // It tells the type at the source, which would contradict the new one.
    ...(wasCount === isCount && metric.metadata && { metadata: metric.metadata }),
  };
}

/** Only what belongs to the shape: layouts are given as shapes too. */
function shapeOf(shape: MetricShape): MetricShape {
  const { descriptor, aggregationTemporality, isMonotonic, dataPointType, metadata } = shape;
  return { descriptor, aggregationTemporality, isMonotonic, dataPointType, ...(metadata && { metadata }) };
}

function isRunningTotal(shape: MetricShape): boolean {
  if (shape.aggregationTemporality !== AggregationTemporality.CUMULATIVE) return false;
  return shape.dataPointType === DataPointType.SUM
    ? shape.isMonotonic
    : shape.dataPointType !== DataPointType.SUMMARY && shape.dataPointType !== DataPointType.GAUGE;
}

function isNumber(metric: MetricLayout): metric is NumberMetricLayout {
  return metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM;
}

function isHistogram(metric: MetricLayout): metric is HistogramMetricLayout {
  return metric.dataPointType === DataPointType.HISTOGRAM;
}

function placesOf(metric: MetricLayout): readonly PointPlace[] {
  return "slots" in metric ? Array.from(metric.slots) : metric.series;
}

function descriptorOf({ name, description, unit }: DocumentedMetric | DocumentedFamily): MetricDescriptor {
  return { name, description, unit, valueType: ValueType.DOUBLE };
}
