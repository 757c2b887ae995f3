import type { FamilyType } from "../types.ts";
import { type CheckedSample, checkPoint, type Report } from "./point-check.ts";
import { sampleNames } from "./sample-names.ts";

/** One sample line, taken apart. */
export interface StrictSample {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  readonly timestamp: number | undefined;
  readonly exemplar:
    | { readonly value: number; readonly characters: number; readonly offset: number }
    | undefined;
  readonly offset: number;
}

const MAX_EXEMPLAR_CHARACTERS = 128;

/** Checks one family: its samples each by itself, by metric and by point, in their order. */
export class FamilyCheck {
  readonly name: string;
  readonly #report: Report;
  type: FamilyType = "unknown";
  unit = "";
  hasSamples = false;
  /** Metrics that are over, and the one that is not, by their labels. */
  readonly #metrics = new Set<string>();
  #metric: string | undefined;
  #timestamp: number | undefined;
  #point: CheckedSample[] = [];
  #inPoint = new Set<string>();

  constructor(name: string, report: Report) {
    this.name = name;
    this.#report = report;
  }

  /** Whether samples of this name are the family's. */
  owns(sampleName: string): boolean {
    return sampleNames(this.name, this.type).includes(sampleName);
  }

  sample(sample: StrictSample): void {
    this.hasSamples = true;
    const { name, labels, value, timestamp, offset } = sample;
    const suffix = name.slice(this.name.length);
    const partLabel = this.#partLabel(suffix);
    const part = labels.find(([label]) => label === partLabel)?.[1];
    const at = this.#bound(partLabel, part, offset);
    this.#checkValue(suffix, value, offset);
    this.#checkExemplar(sample, suffix, at);

    const own = labels.filter(([label, text]) => label !== partLabel && text !== "");
    const metric = JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1)));
    const key = JSON.stringify([suffix, part]);
    if (metric !== this.#metric) {
      this.#endMetric();
      if (this.#metrics.has(metric)) {
        this.#report("metric-grouping", offset, "the metric is continued after another one");
      }
      this.#metrics.add(metric);
      this.#metric = metric;
    } else if (timestamp !== this.#timestamp || this.#inPoint.has(key)) {
      this.#checkNextPoint(timestamp, offset);
      this.#endPoint();
    }
    this.#timestamp = timestamp;
    this.#inPoint.add(key);
    this.#point.push({ suffix, value, at, offset });
  }

  end(): void {
    this.#endMetric();
  }

  #endMetric(): void {
    this.#endPoint();
    this.#metric = undefined;
    this.#timestamp = undefined;
  }

  #endPoint(): void {
    checkPoint(this.type, this.#point, this.#report);
    this.#point = [];
    this.#inPoint = new Set();
  }

  #checkNextPoint(timestamp: number | undefined, offset: number): void {
    const before = this.#timestamp;
    if (timestamp === undefined && before === undefined) {
      this.#report("point-unique", offset, "the sample is there already, and has no timestamp");
    } else if (timestamp === undefined || before === undefined) {
      this.#report("timestamp-mixed", offset, "the metric has samples with and without a timestamp");
    } else if (timestamp < before) {
      this.#report("timestamp-order", offset, `timestamp ${timestamp} comes after ${before}`);
    }
  }

  /** The label that tells the samples of one point apart. */
  #partLabel(suffix: string): string | undefined {
    if (suffix === "_bucket") return "le";
    if (this.type === "summary" && suffix === "") return "quantile";
    return this.type === "stateset" ? this.name : undefined;
  }

  #bound(label: string | undefined, text: string | undefined, offset: number): number | undefined {
    if (label === undefined) return undefined;
    if (this.type === "stateset") {
      if (text === undefined) this.#report("state-label", offset, `the state has no label ${this.name}`);
      return undefined;
    }
    const value = text === undefined ? undefined : parseBound(text);
    if (label === "le") {
      if (value !== undefined) return value;
      const problem = text === undefined ? "the bucket has no le" : `le ${JSON.stringify(text)} is no number`;
      this.#report("bucket-label", offset, `${problem} (infinity is +Inf)`);
      return undefined;
    }
    if (value !== undefined && value >= 0 && value <= 1) return value;
    const problem =
      text === undefined ? "the quantile has no quantile label" : `quantile ${JSON.stringify(text)}`;
    this.#report("quantile-label", offset, `${problem}, allowed is 0 to 1`);
    return undefined;
  }

  #checkValue(suffix: string, value: number, offset: number): void {
    const report = this.#report;
    if (suffix === "_created") {
      if (!Number.isFinite(value)) report("created-value", offset, `_created is ${value}`);
      return;
    }
    switch (this.type) {
      case "info":
        if (value !== 1) report("info-value", offset, `the info has value ${value}`);
        break;
      case "stateset":
        if (value !== 0 && value !== 1) report("state-value", offset, `the state has value ${value}`);
        break;
      case "summary":
        if (suffix === "") {
          if (value < 0) report("quantile-value", offset, `the quantile has value ${value}`);
          break;
        }
        this.#checkCounter(suffix, value, offset);
        break;
      case "counter":
      case "histogram":
        this.#checkCounter(suffix, value, offset);
        break;
      case "gaugehistogram":
        if (suffix !== "_gsum") this.#checkCounter(suffix, value, offset);
        else if (Number.isNaN(value)) report("counter-value", offset, "_gsum is NaN");
        break;
      default:
    }
  }

  #checkCounter(suffix: string, value: number, offset: number): void {
    if (!(value >= 0)) this.#report("counter-value", offset, `${suffix} is ${value}`);
    else if (/^_(bucket|g?count)$/.test(suffix) && !Number.isInteger(value)) {
      this.#report("count-integer", offset, `${suffix} is ${value}`);
    }
  }

  #checkExemplar({ exemplar }: StrictSample, suffix: string, at: number | undefined): void {
    if (exemplar === undefined) return;
    const { value, characters, offset } = exemplar;
    const isCounter = this.type === "counter" && suffix === "_total";
    const isBucket = (this.type === "histogram" || this.type === "gaugehistogram") && suffix === "_bucket";
    if (!isCounter && !isBucket) {
      const what = suffix === "" ? "without a suffix" : `with suffix ${suffix}`;
      this.#report("exemplar-place", offset, `samples ${what} of type ${this.type} have no exemplars`);
    }
    if (characters > MAX_EXEMPLAR_CHARACTERS) {
      const message = `the labels of the exemplar have ${characters} characters, allowed are ${MAX_EXEMPLAR_CHARACTERS}`;
      this.#report("exemplar-length", offset, message);
    }
    if (at !== undefined && value > at) {
      this.#report("exemplar-range", offset, `the exemplar ${value} is above le=${at}`);
    }
  }
}

/** A number as the ABNF spells it; the only infinity is +Inf, and NaN is none. */
function parseBound(text: string): number | undefined {
  if (text === "+Inf") return Infinity;
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
