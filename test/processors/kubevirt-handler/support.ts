import type { UpstreamSettings } from "../../../src/component/index.ts";
import {
  AggregationTemporality,
  type Attributes,
  Batch,
  Column,
  type DataPoint,
  DataPointType,
  hrTimeToNs,
  type Layout,
  type MetricLayout,
  Presence,
  type Resource,
  ValueType,
} from "../../../src/metrics/index.ts";
import definition from "../../../src/processors/kubevirt-handler/index.ts";
import { type Logger, silentLogger } from "../../../src/telemetry/index.ts";

export const SECOND = 1_000_000_000n;
export const T0 = 1_700_000_000n * SECOND;

export const handlerResource: Resource = {
  attributes: {
    "service.name": "virt-handler",
    "service.instance.id": "10.244.0.38:8443",
    "server.address": "10.244.0.38",
    "server.port": "8443",
    "url.scheme": "https",
    "k8s.pod.name": "virt-handler-7x2lq",
    "k8s.namespace.name": "kubevirt",
  },
};

export const integration = {
  endpoint: "https://10.244.0.38:8443/metrics",
  pod_name: "virt-handler-7x2lq",
  kube_namespace: "kubevirt",
};

export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "unknown" | "histogram" | "summary";
  readonly series: readonly Attributes[];
  readonly bounds?: readonly number[];
}

/** A layout as the receiver makes it of these families. Slots run in the order of families, series and, in a histogram, buckets, count, sum. */
export function scrapedLayout(families: readonly Family[], resource: Resource = handlerResource): Layout {
  let width = 0;
  const metrics = families.map(({ name, type, series, bounds = [] }): MetricLayout => {
    const base = {
      descriptor: { name, description: `help of ${name}`, unit: "", valueType: ValueType.DOUBLE },
      metadata: { "prometheus.type": type },
      isMonotonic: type === "counter",
      attributes: series,
    };
    const { GAUGE, SUM, HISTOGRAM, SUMMARY } = DataPointType;
    const { CUMULATIVE, UNSPECIFIED } = AggregationTemporality;
    if (type === "histogram") {
      return {
        ...base,
        dataPointType: HISTOGRAM,
        aggregationTemporality: CUMULATIVE,
        series: series.map(() => ({
          bounds,
          buckets: Uint32Array.from(bounds, () => width++),
          count: width++,
          sum: width++,
        })),
      };
    }
    if (type === "summary") {
      return {
        ...base,
        dataPointType: SUMMARY,
        aggregationTemporality: UNSPECIFIED,
        series: series.map(() => ({
          quantiles: bounds,
          values: Uint32Array.from(bounds, () => width++),
          count: width++,
          sum: width++,
        })),
      };
    }
    const slots = Uint32Array.from(series, () => width++);
    return type === "counter"
      ? { ...base, dataPointType: SUM, aggregationTemporality: CUMULATIVE, slots }
      : { ...base, dataPointType: GAUGE, aggregationTemporality: UNSPECIFIED, slots };
  });
  return { resources: [{ resource, scopes: [{ scope: { name: "test" }, metrics }] }], width };
}

export function batchOf(
  layout: Layout,
  values: readonly number[],
  timeNs: bigint,
  states?: readonly number[],
): Batch {
  return Batch.fromColumns(
    layout,
    new Column({
      values: Float64Array.from(values),
      timeNs,
      ...(states && { presence: new Presence(Uint8Array.from(states)) }),
    }),
  );
}

export interface Point {
  readonly resource: Attributes;
  readonly name: string;
  readonly unit: string;
  readonly type: DataPointType;
  readonly temporality: AggregationTemporality;
  readonly isMonotonic: boolean;
  readonly attributes: Attributes;
  readonly value: unknown;
  readonly start: bigint;
  readonly time: bigint;
  readonly flags: number;
}

export function pointsOf(batch: Batch): Point[] {
  return batch.resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap((metric) =>
        (metric.dataPoints as readonly DataPoint<unknown>[]).map((point) => ({
          resource: resource.attributes,
          name: metric.descriptor.name,
          unit: metric.descriptor.unit,
          type: metric.dataPointType,
          temporality: metric.aggregationTemporality,
          isMonotonic: metric.dataPointType === DataPointType.SUM && metric.isMonotonic,
          attributes: point.attributes,
          value: point.value,
          start: hrTimeToNs(point.startTime),
          time: hrTimeToNs(point.endTime),
          flags: point.flags ?? 0,
        })),
      ),
    ),
  );
}

const noop = { add() {}, record() {} };

export interface Harness {
  /** What came of the batch; undefined when nothing was handed on. */
  send(batch: Batch): Promise<Batch | undefined>;
  /** What the processor says when everything it hands on is refused so. */
  refuse(batch: Batch, error: Error): Promise<unknown>;
  readonly counted: { readonly name: string; readonly value: number; readonly attributes: Attributes }[];
}

export function harness(config: Record<string, unknown> = {}, logger: Logger = silentLogger): Harness {
  const counted: Harness["counted"] = [];
  let received: Batch | undefined;
  let refusal: Error | undefined;
  const instrument = (name: string) => ({
    ...noop,
    // Losses that have not come are counted as 0.
    add(value: number, attributes: Attributes) {
      if (value > 0) counted.push({ name, value, attributes });
    },
    record: (value: number, attributes: Attributes) => void counted.push({ name, value, attributes }),
  });
  const settings = {
    id: "kubevirt_handler",
    config: definition.config.parse(config),
    logger,
    meter: { createCounter: instrument, createGauge: instrument },
    clock: { now: () => 0, monotonic: () => 0, schedule: () => () => {} },
    reportStatus() {},
    build: { command: "test", version: "0" },
    next: {
      consume: async (batch: Batch) => {
        if (refusal !== undefined) throw refusal;
        received = batch;
      },
    },
  } as unknown as UpstreamSettings<never>;
  const processor = definition.create(settings);
  return {
    counted,
    async refuse(batch, error) {
      refusal = error;
      const outcome = await processor.consume(batch).catch((caught: unknown) => caught);
      refusal = undefined;
      return outcome;
    },
    async send(batch) {
      received = undefined;
      await processor.consume(batch);
      return received;
    },
  };
}

/** The points that came of the batch. */
export async function sent(to: Harness, batch: Batch): Promise<Point[]> {
  const result = await to.send(batch);
  return result === undefined ? [] : pointsOf(result);
}
