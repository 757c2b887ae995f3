import {
  type Batch,
  type Column,
  DataPointType,
  type InstrumentationScope,
  type Metric,
  type MetricDescriptor,
  type MetricLayout,
  type Resource,
} from "../metrics/index.ts";
import { protoTemporality } from "./encode-envelope.ts";
import { TimesText, writeNumbersJson, writePointJson } from "./json-points.ts";
import { attributesJson } from "./json-values.ts";
import { metricView } from "./metric-view.ts";
import { TextCache } from "./text-cache.ts";
import { TextSink } from "./text-sink.ts";

/** Field of a Metric by kind. */
const DATA_NAMES: { readonly [Type in DataPointType]: string } = {
  [DataPointType.GAUGE]: "gauge",
  [DataPointType.SUM]: "sum",
  [DataPointType.HISTOGRAM]: "histogram",
  [DataPointType.EXPONENTIAL_HISTOGRAM]: "exponentialHistogram",
  [DataPointType.SUMMARY]: "summary",
};

/**
 * Encodes a batch as an OTLP/JSON request in UTF-8 (OTLP specification, section "JSON Protobuf Encoding"): lowerCamelCase
 * names, 64-bit integers as strings, enumerations as numbers, ids in hex, bytes in base64, and NaN and the infinities
 * as strings. Metrics, scopes and resources without points are left out.
 *
 * The bytes are the caller's own. They are not one JavaScript string on the way, whose length is limited.
 */
export function encodeMetricsJson(batch: Batch): Uint8Array {
  const sink = new TextSink();
  writeMetricsJson(sink, batch);
  return sink.finish();
}

/** Writes a request and returns the number of its points. */
export function writeMetricsJson(sink: TextSink, batch: Batch): number {
  const times = new TimesText();
  sink.write('{"resourceMetrics":[');
  let points: number;
  if (batch.isColumnar) {
    const { layout, column } = batch;
    points = writeFilled(sink, layout.resources, ({ resource, scopes }) =>
      writeResource(sink, resource, scopes, (metric) =>
        writeMetric(sink, metric, () => writeColumnPoints(sink, metric, column, times)),
      ),
    );
  } else {
    points = writeFilled(sink, batch.resourceMetrics, ({ resource, scopeMetrics }) =>
      writeResource(sink, resource, scopeMetrics, (metric) =>
        writeMetric(sink, metric, () => writePoints(sink, metric, times)),
      ),
    );
  }
  sink.write("]}");
  return points;
}

/** Writes those items of a list that hold points, and returns the number of the points. */
function writeFilled<T>(sink: TextSink, items: readonly T[], write: (item: T) => number): number {
  let total = 0;
  for (const item of items) {
    const mark = sink.length;
    if (total > 0) sink.write(",");
    const points = write(item);
    if (points === 0) sink.rewind(mark);
    total += points;
  }
  return total;
}

interface ScopeNode<M> {
  readonly scope: InstrumentationScope;
  readonly metrics: readonly M[];
}

function writeResource<M>(
  sink: TextSink,
  resource: Resource,
  scopes: readonly ScopeNode<M>[],
  writeOne: (metric: M) => number,
): number {
  sink.write(`{"resource":${resourceJson(resource)},"scopeMetrics":[`);
  const points = writeFilled(sink, scopes, ({ scope, metrics }) => {
    sink.write(`{"scope":${scopeJson(scope)},"metrics":[`);
    const count = writeFilled(sink, metrics, writeOne);
    sink.write(`]${schemaUrlJson(scope.schemaUrl)}}`);
    return count;
  });
  sink.write(`]${schemaUrlJson(resource.schemaUrl)}}`);
  return points;
}

function resourceJson({ attributes, droppedAttributesCount }: Resource): string {
  return `{"attributes":${attributesJson(attributes)}${droppedJson(droppedAttributesCount)}}`;
}

function scopeJson({ name, version, attributes, droppedAttributesCount }: InstrumentationScope): string {
  let json = `{"name":${JSON.stringify(name)}`;
  if (version) json += `,"version":${JSON.stringify(version)}`;
  if (attributes !== undefined) json += `,"attributes":${attributesJson(attributes)}`;
  return `${json}${droppedJson(droppedAttributesCount)}}`;
}

function droppedJson(count: number | undefined): string {
  return count ? `,"droppedAttributesCount":${count}` : "";
}

function schemaUrlJson(schemaUrl: string | undefined): string {
  return schemaUrl ? `,"schemaUrl":${JSON.stringify(schemaUrl)}` : "";
}

/** What names a metric: one object from scrape to scrape and for all resources. */
const heads = new TextCache<MetricDescriptor>(({ name, description, unit }) => {
  let text = `{"name":${JSON.stringify(name)}`;
  if (description) text += `,"description":${JSON.stringify(description)}`;
  if (unit) text += `,"unit":${JSON.stringify(unit)}`;
  return text;
});

function writeMetric(sink: TextSink, metric: Metric | MetricLayout, writeData: () => number): number {
  const { dataPointType } = metric;
  sink.raw(heads.get(metric.descriptor));
  sink.write(`,"${DATA_NAMES[dataPointType]}":{`);
  if (dataPointType !== DataPointType.GAUGE && dataPointType !== DataPointType.SUMMARY) {
    sink.write(`"aggregationTemporality":${protoTemporality(metric.aggregationTemporality)},`);
  }
  if (dataPointType === DataPointType.SUM && metric.isMonotonic) sink.write('"isMonotonic":true,');
  sink.write('"dataPoints":[');
  const points = writeData();
  sink.write("]}");
  if (metric.metadata !== undefined) sink.write(`,"metadata":${attributesJson(metric.metadata)}`);
  sink.write("}");
  return points;
}

function writePoints(sink: TextSink, metric: Metric, times: TimesText): number {
  const { dataPoints } = metric;
  for (let i = 0; i < dataPoints.length; i++) {
    if (i > 0) sink.write(",");
    writePointJson(sink, metric, dataPoints[i] as Metric["dataPoints"][number], times);
  }
  return dataPoints.length;
}

function writeColumnPoints(sink: TextSink, metric: MetricLayout, column: Column, times: TimesText): number {
  const plain = column.times === undefined && !column.extras?.size;
  if (plain && (metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM)) {
    return writeNumbersJson(sink, metric, column, times);
  }
  const view = metricView(metric, column);
  return view === undefined ? 0 : writePoints(sink, view, times);
}
