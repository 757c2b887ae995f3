import type { ProcessorDefinition } from "../../src/component/index.ts";
import {
  AggregationTemporality,
  type Attributes,
  Batch,
  type DataPoint,
  DataPointType,
  hrTimeToNs,
  type Metric,
  nsToHrTime,
  ValueType,
} from "../../src/metrics/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { recordingMeter } from "../kubernetes/recording-meter.ts";
import { T0 } from "./support.ts";

export interface SentPoint {
  readonly value: unknown;
  /** Seconds after T0. */
  readonly at: number;
  /** Likewise; undefined: not known. */
  readonly from?: number;
  readonly attributes?: Attributes;
  readonly flags?: number;
}

interface MetricOptions {
  readonly type?: DataPointType;
  readonly temporality?: AggregationTemporality;
  readonly isMonotonic?: boolean;
  readonly unit?: string;
}

export function metricOf(
  name: string,
  points: readonly SentPoint[],
  {
    type = DataPointType.SUM,
    temporality = AggregationTemporality.CUMULATIVE,
    isMonotonic = true,
    unit = "1",
  }: MetricOptions = {},
): Metric {
  return {
    descriptor: { name, description: "", unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: temporality,
    dataPointType: type,
    ...(type === DataPointType.SUM && { isMonotonic }),
    dataPoints: points.map(({ value, at, from, attributes = {}, flags }) => ({
      value,
      attributes,
      startTime: from === undefined ? [0, 0] : time(from),
      endTime: time(at),
      ...(flags !== undefined && { flags }),
    })),
  } as Metric;
}

function time(seconds: number) {
  return nsToHrTime(T0 + BigInt(Math.round(seconds * 1e9)));
}

export function batchOf(metrics: readonly Metric[], resource: Attributes = {}): Batch {
  return Batch.from([
    { resource: { attributes: resource }, scopeMetrics: [{ scope: { name: "test" }, metrics }] },
  ]);
}

/** What came out, one line a point: `name value from–to`, times in seconds after T0 (? when not known). */
export function linesOf(batch: Batch | undefined): string[] {
  if (batch === undefined) return [];
  return batch.resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap((metric) =>
        (metric.dataPoints as readonly DataPoint<unknown>[]).map((point) => {
          const isStale = ((point.flags ?? 0) & 1) !== 0;
          const value = isStale ? "stale" : text(point.value);
          return `${metric.descriptor.name} ${value} ${seconds(point.startTime)}–${seconds(point.endTime)}`;
        }),
      ),
    ),
  );
}

function text(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "object"
    ? JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}n` : inner))
    : String(value);
}

function seconds(hr: DataPoint<unknown>["startTime"]): string {
  const ns = hrTimeToNs(hr);
  return ns === 0n ? "?" : String(Number(ns - T0) / 1e9);
}

/** A processor that was made at T0. */
export function processorOf<Config>(definition: ProcessorDefinition<Config>, config: unknown = {}) {
  const meter = recordingMeter();
  let received: Batch | undefined;
  let refusal: Error | undefined;
  let nowMs = 0;
  const processor = definition.create({
    id: definition.type,
    config: definition.config.parse(config),
    logger: silentLogger,
    meter,
    clock: {
      now: () => Number(T0 / 1_000_000n),
      monotonic: () => nowMs,
      schedule: () => () => {},
    },
    reportStatus() {},
    build: { command: "test", version: "0" },
    next: {
      async consume(batch) {
        if (refusal !== undefined) throw refusal;
        batch.retain();
        received = batch;
      },
    },
  });
  return {
    meter,
    /** The batch that was handed on, if any was. */
    async send(batch: Batch): Promise<Batch | undefined> {
      received = undefined;
      await processor.consume(batch);
      return received;
    },
    /** As above, while everything is refused. */
    async refuse(batch: Batch, error: Error = new Error("refused")): Promise<unknown> {
      refusal = error;
      try {
        await processor.consume(batch);
        return undefined;
      } catch (caught) {
        return caught;
      } finally {
        refusal = undefined;
      }
    },
    pass(ms: number): void {
      nowMs += ms;
    },
  };
}
