import {
  AggregationTemporality,
  type Attributes,
  type DataPoint,
  DataPointType,
  type Exemplar,
  type HrTime,
  hrTimeToNs,
  type InstrumentationScope,
  type Metric,
  type MetricsBatch,
  type Resource,
  ValueType,
} from "../../../src/metrics/index.ts";
import { decodeMetricsJson } from "../../../src/otlp/index.ts";
import type { ProcessorCase, Step } from "./cases.ts";
import { withoutScraper } from "./scraped.ts";

/** What came out for a step, one line a resource, scope, metric and point; or that the step was refused. */
export type Outcome = readonly string[] | "refused";

/** What came out for each step; or that the configuration is refused. */
export type CaseResult = readonly Outcome[] | "invalid";

/** What came out for a step of a case. */
export function outcomeOf(
  { isAboutParts }: ProcessorCase,
  step: Step,
  batches: readonly MetricsBatch[],
): Outcome {
  if (step !== "wait" && "scrape" in step)
    return describeBatches(batches.map(withoutScraper), [], isAboutParts);
  return describeBatches(batches, step === "wait" ? [] : decodeMetricsJson(step.otlp), isAboutParts);
}

const BASE_NS = 1_767_225_600_000_000_000n;
const kinds = new Map(Object.entries(DataPointType).map(([name, type]) => [type, name.toLowerCase()]));

/** A line with what stands below it; a point has nothing below it. */
interface Part {
  readonly head: string;
  readonly parts?: readonly Part[];
}

/**
 * Everything about every point. The order of resources, scopes, metrics and points means nothing and is the same for
 * all. What holds no points is left out.
 * @param input what went in: a metric that stands in it just so, at the same place, is one line
 * @param isAboutParts equal resources, scopes and metrics that come apart stay apart, and nothing is shortened
 */
function describeBatches(
  batches: readonly MetricsBatch[],
  input: MetricsBatch,
  isAboutParts: boolean,
): readonly string[] {
  const known = new Set<string>();
  const place = (resource: string, scope: string, metric: Part) =>
    JSON.stringify([resource, scope, ...linesOf([metric], true)]);
  if (!isAboutParts)
    partsOf(input, (resource, scope, metric) => void known.add(place(resource, scope, metric)));
  const parts = partsOf(batches.flat(), (resource, scope, metric, name) =>
    known.has(place(resource, scope, metric)) ? { head: `${name} as it came` } : undefined,
  );
  return linesOf(parts, isAboutParts);
}

/** @param look at each metric; it may give what stands for it */
function partsOf(
  batch: MetricsBatch,
  look: (resource: string, scope: string, metric: Part, name: string) => Part | undefined,
): Part[] {
  return batch.map(({ resource, scopeMetrics }) => {
    const head = resourceHead(resource);
    const scopes = scopeMetrics.map(({ scope, metrics }): Part => {
      const own = scopeHead(scope);
      const parts = metrics.map((metric) => {
        const part = metricPart(metric);
        return look(head, own, part, metric.descriptor.name) ?? part;
      });
      return { head: own, parts };
    });
    return { head, parts: scopes };
  });
}

function linesOf(parts: readonly Part[], keepsApart: boolean): string[] {
  return (keepsApart ? parts : joined(parts))
    .map(({ head, parts: below }) => {
      if (below === undefined) return [head];
      const lines = linesOf(below, keepsApart);
      return lines.length === 0 ? [] : [head, ...lines.map((line) => `  ${line}`)];
    })
    .map((lines) => lines.join("\n"))
    .filter((block) => block !== "")
    .sort()
    .flatMap((block) => block.split("\n"));
}

/** Equal parts as one; points stay as they are. */
function joined(parts: readonly Part[]): Part[] {
  return [...Map.groupBy(parts, ({ head }) => head)].flatMap(([head, same]) =>
    same.every((part) => part.parts === undefined)
      ? same
      : [{ head, parts: same.flatMap((part) => part.parts ?? []) }],
  );
}

function resourceHead({ attributes, schemaUrl }: Resource): string {
  return words(["resource", attributes, schemaUrl && `schema=${schemaUrl}`]);
}

function scopeHead({ name, version, attributes, schemaUrl }: InstrumentationScope): string {
  return words([`scope ${name}`, version, attributes, schemaUrl && `schema=${schemaUrl}`]);
}

const temporalities = {
  [AggregationTemporality.DELTA]: "delta",
  [AggregationTemporality.CUMULATIVE]: "cumulative",
  [AggregationTemporality.UNSPECIFIED]: "unspecified",
};

function metricPart(metric: Metric): Part {
  const { name, description, unit } = metric.descriptor;
  const isPlain =
    metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUMMARY;
  const head = words([
    name,
    kinds.get(metric.dataPointType),
    !isPlain && temporalities[metric.aggregationTemporality],
    metric.dataPointType === DataPointType.SUM && metric.isMonotonic && "monotonic",
    unit && `unit=${unit}`,
    description && `description=${JSON.stringify(description)}`,
    metric.metadata,
  ]);
  const points = metric.dataPoints as readonly DataPoint<unknown>[];
  return { head, parts: points.map((point) => ({ head: pointLine(point, metric) })) };
}

function pointLine(point: DataPoint<unknown>, { descriptor }: Metric): string {
  const { attributes, value, valueType = descriptor.valueType, flags = 0, exemplars = [] } = point;
  const isInteger = typeof value === "bigint" || valueType === ValueType.INT;
  return words([
    text(attributes),
    typeof value !== "object" && isInteger && "int",
    text(value),
    `${time(point.startTime)}..${time(point.endTime)}`,
    flags !== 0 && `flags=${flags}`,
    ...exemplars.map(exemplarText).sort(),
  ]);
}

function exemplarText({ value, filteredAttributes, traceId, spanId }: Exemplar): string {
  return words([`# ${text(value)}`, filteredAttributes, traceId, spanId]);
}

/** Seconds from the base of the cases' times. */
function time(at: HrTime): string {
  const ns = hrTimeToNs(at);
  return ns === 0n ? "unknown" : `${Number(ns - BASE_NS) / 1e9}s`;
}

/** What there is, with blanks between. */
function words(parts: readonly (string | false | undefined | Attributes)[]): string {
  return parts
    .map((part) => (typeof part !== "object" ? part : Object.keys(part).length > 0 && text(part)))
    .filter(Boolean)
    .join(" ");
}

/** Keys in order. */
function text(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return number(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = entries.map(([key, inner]) => `${/^[\w.]+$/.test(key) ? key : quoted(key)}=${text(inner)}`);
  return `{${shown.join(" ")}}`;
}

/** To as many digits as do not depend on the order in which sums are made. */
function number(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(14)));
}

/** In single quotes where that needs no escapes, for they stand in JSON. */
function quoted(value: string): string {
  const json = JSON.stringify(value);
  return /['"\\]/.test(json.slice(1, -1)) ? json : `'${json.slice(1, -1)}'`;
}
