import {
  AggregationTemporality,
  type Attributes,
  DataPointType,
  type HistogramMetricLayout,
  type HistogramSlots,
  type InstrumentationScope,
  type MetricLayout,
  type NumberMetricLayout,
  type SummaryMetricLayout,
} from "../../metrics/index.ts";
import type { HistogramStreams, NumberStreams } from "../../temporality/index.ts";
import { type DocumentedFamily, type FamilySource, metricsOfFamily } from "./documented-set.ts";
import type { ExtraMetric } from "./extra-metrics.ts";
import { errorFactor, parseRelease } from "./known-errors.ts";
import { leavesLabelsOut } from "./label-names.ts";
import { LayoutWriter, type MetricShape, type PointPlace } from "./layout-writer.ts";
import { type LeftOutReason, leftOutLayout } from "./left-out.ts";
import type { Adjustments, MappedLayout, MappingRules, Target } from "./mapped-layout.ts";
import {
  descriptorOf,
  isHistogram,
  isNumber,
  isRunningTotal,
  numberShape,
  placesOf,
  shapeOf,
  typeOf,
  withoutLabels,
} from "./metric-shapes.ts";
import { optionName } from "./name-patterns.ts";
import { isReport } from "./scraped.ts";
import type { FilteredLayout } from "./series-filter.ts";

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
  readonly #divided: Adjustments["divided"][number][] = [];
  readonly #fixed: Adjustments["fixed"][number][] = [];
  readonly #corrections = new Map<string, string[]>();
  readonly #leftOut = new Map<LeftOutReason, MetricLayout[]>();
  #target!: Target;
  #scope!: InstrumentationScope;

  constructor(rules: MappingRules) {
    this.#rules = rules;
  }

  run({ layout, excluded }: FilteredLayout): Omit<MappedLayout, "scraped"> {
    for (const metric of excluded) this.#leaveOut(metric, "excluded");
    for (const { resource, scopes } of layout.resources) {
      this.#target = this.#rules.target(resource);
      if (this.#rules.config.resource === "vmi") this.#announceVms(scopes.flatMap(({ metrics }) => metrics));
      for (const { scope, metrics } of scopes) {
        this.#scope = scope;
        for (const metric of metrics) this.#metric(metric);
      }
    }
    return {
      layout: this.#writer.finish(layout.width),
      streams: {
        width: layout.width,
        numbers: this.#numbers,
        histograms: this.#histograms,
        exponentials: this.#exponentials,
      },
      split: this.#split,
      ambiguous: this.#writer.ambiguous(leavesLabelsOut(this.#rules.config)),
      adjustments: { divided: this.#divided, fixed: this.#fixed },
      corrections: this.#corrections,
      leftOut: new Map(
        Array.from(this.#leftOut, ([reason, metrics]) => [reason, leftOutLayout(metrics, layout.width)]),
      ),
    };
  }

  #announceVms(metrics: readonly MetricLayout[]): void {
    const { attributes, vms } = this.#target;
    vms.begin();
    for (const metric of metrics) {
      const { name } = metric.descriptor;
      if (!name.startsWith(VM_FAMILY)) continue;
      if (this.#rules.config.metrics === "documented" && !this.#isKnown(name)) continue;
      for (const source of metric.attributes) {
        const series = attributes.ofVm(source);
        if (series !== undefined) vms.add(series);
      }
    }
  }

  #isKnown(name: string): boolean {
    const { families, extra } = this.#rules;
    return families.has(name) || extra.exact(name) !== undefined || extra.pattern(name) !== undefined;
  }

  /** A plain name in `extra_metrics` goes before the documented set, a regular expression after it. */
  #metric(metric: MetricLayout): void {
    const { name } = metric.descriptor;
    const { config, families, direct, extra } = this.#rules;
    const source = families.get(name);
    const own = direct.get(name);
    const exact = extra.exact(name);
    if (isReport(metric)) this.#report(metric);
    else if (own !== undefined) this.#keep(metric, { ...metric, descriptor: descriptorOf(own) });
    else if (exact !== undefined) this.#extra(metric, exact);
    else if (source !== undefined && this.#documented(metric, source)) return;
    else {
      const pattern = extra.pattern(name);
      if (pattern !== undefined) this.#extra(metric, pattern);
      else if (config.metrics === "all") this.#keep(metric, metric);
      else this.#leaveOut(metric, "undocumented");
    }
  }

  #leaveOut(metric: MetricLayout, reason: LeftOutReason): void {
    const metrics = this.#leftOut.get(reason);
    if (metrics === undefined) this.#leftOut.set(reason, [metric]);
    else metrics.push(metric);
  }

  /** Says false when the source has something else under that name. */
  #documented(metric: MetricLayout, source: FamilySource): boolean {
    const { documented } = source;
    if (documented.kind === "histogram") {
      if (!isHistogram(metric)) return false;
      this.#keepHistogram(metric, documented);
      return true;
    }
    if (!isNumber(metric)) return false;
    this.#adjust(metric, source);
    const { countedLabels } = source;
    const kept = countedLabels === undefined ? metric : this.#countLabels(metric, countedLabels);
    this.#keep(kept, numberShape(metric, documented), documented.wandering);
    return true;
  }

  #keepHistogram(metric: HistogramMetricLayout, documented: DocumentedFamily): void {
    if (this.#rules.config.histograms === "documented") this.#splitHistogram(metric, documented);
    else this.#keep(metric, { ...metric, descriptor: descriptorOf(documented) });
  }

  #adjust(metric: NumberMetricLayout, { family, divisor = 1 }: FamilySource): void {
    const { version } = this.#target;
    const error = this.#rules.config.correct_known_errors
      ? errorFactor(family, version === undefined ? undefined : parseRelease(version))
      : 1;
    if (divisor * error !== 1) this.#divided.push({ slots: metric.slots, divisor: divisor * error });
    if (error === 1) return;
    const release = version ?? "unknown";
    this.#corrections.set(release, [...(this.#corrections.get(release) ?? []), family]);
  }

  /** Labels become a number: see `OtherName.countedLabels`. */
  #countLabels(metric: NumberMetricLayout, prefix: string): NumberMetricLayout {
    const attributes = metric.attributes.map((source, i) => {
      const labels = Object.keys(source).filter((label) => label.startsWith(prefix));
      const value = labels.filter((label) => source[label] === "true").length;
      this.#fixed.push({ slot: metric.slots[i] as number, value });
      return withoutLabels(source, labels);
    });
    return { ...metric, attributes };
  }

  #extra(metric: MetricLayout, extra: ExtraMetric): void {
    if (!this.#keepExtra(metric, extra)) this.#leaveOut(metric, "wrong_type");
  }

  /** Says false when the metric cannot be of the wanted type. */
  #keepExtra(metric: MetricLayout, { name, type }: ExtraMetric): boolean {
    const isTotal = metric.dataPointType === DataPointType.SUM && metric.isMonotonic;
    const source = metric.descriptor.name;
    const { unit, description } = metric.descriptor;
    const kind = type ?? typeOf(metric);
    const ownName = name ?? (isTotal ? optionName(source) : source);
    const made = { family: source, name: `${this.#rules.config.set}.${ownName}`, unit, description };
    switch (kind) {
      case "gauge":
        if (!isNumber(metric)) return false;
        this.#keep(metric, numberShape(metric, { ...made, kind: "gauge" }));
        return true;
      case "counter":
        if (!isNumber(metric)) return false;
        this.#keep(metric, numberShape(metric, { ...made, name: `${made.name}.count`, kind: "count" }));
        return true;
      case "histogram":
        if (isHistogram(metric)) this.#keepHistogram(metric, { ...made, kind: "histogram" });
        else if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) {
          this.#keep(metric, { ...metric, descriptor: { ...metric.descriptor, name: made.name } });
        } else return false;
        return true;
      case "summary":
        if (metric.dataPointType !== DataPointType.SUMMARY) return false;
        this.#keepSummary(metric, made.name);
        return true;
    }
  }

  /** As `.quantile`, `.count` and `.sum`, or as it is with `histograms: native`. */
  #keepSummary(metric: SummaryMetricLayout, name: string): void {
    const { config } = this.#rules;
    if (config.histograms === "native") {
      this.#keep(metric, { ...metric, descriptor: { ...metric.descriptor, name } });
      return;
    }
    const { unit, description } = metric.descriptor;
    const shape = (suffix: string, kind: "gauge" | "count", ownUnit: string): MetricShape =>
      this.#withTemporality({
        descriptor: descriptorOf({ name: `${name}.${suffix}`, unit: ownUnit, description, kind }),
        aggregationTemporality:
          kind === "gauge" ? AggregationTemporality.UNSPECIFIED : AggregationTemporality.CUMULATIVE,
        isMonotonic: kind === "count",
        dataPointType: kind === "gauge" ? DataPointType.GAUGE : DataPointType.SUM,
      });
    const [quantileShape, countShape, sumShape] = [
      shape("quantile", "gauge", unit),
      shape("count", "count", "1"),
      shape("sum", "count", unit),
    ];
    const { attributes: own } = this.#target;
    const totals = { count: [] as number[], sum: [] as number[] };
    metric.series.forEach(({ quantiles, values, count, sum }, i) => {
      const source = metric.attributes[i] as Attributes;
      quantiles.forEach((quantile, k) => {
        this.#add(metric, quantileShape, source, values[k] as number, (point) =>
          own.ofQuantile(point, quantile),
        );
      });
      this.#add(metric, countShape, source, count);
      if (sum >= 0) this.#add(metric, sumShape, source, sum);
      totals.count.push(count);
      totals.sum.push(sum);
      this.#split.push({ count, sum, buckets: values, bounds: quantiles });
    });
    for (const [part, slots] of [
      [countShape, totals.count],
      [sumShape, totals.sum],
    ] as const) {
      const { metric: key, series } = this.#streams(metric, part);
      const there = [...slots.keys()].filter((i) => (slots[i] as number) >= 0);
      this.#numbers.push({
        metric: key,
        series: there.map((i) => series[i] ?? ""),
        slots: Uint32Array.from(there, (i) => slots[i] as number),
      });
    }
  }

  #report(metric: MetricLayout): void {
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
    }
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
