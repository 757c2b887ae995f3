import type { Component, Consumer, ProcessorDefinition, StatusEvent } from "../../src/component/index.ts";
import {
  AggregationTemporality,
  type Attributes,
  Batch,
  DataPointType,
  type MetricsBatch,
  ValueType,
} from "../../src/metrics/index.ts";
import { recordingMeter } from "../kubernetes/recording-meter.ts";
import { hastyClock, recordingLogger } from "../kubernetes/support.ts";
import type { Cleanup } from "./certificates.ts";

/** One resource with gauges: metric name → attributes of its points. */
export function gauges(
  resource: Attributes,
  metrics: Readonly<Record<string, readonly Attributes[]>>,
): MetricsBatch[number] {
  return {
    resource: { attributes: resource },
    scopeMetrics: [
      {
        scope: { name: "test" },
        metrics: Object.entries(metrics).map(([name, points]) => ({
          descriptor: { name, description: "", unit: "1", valueType: ValueType.DOUBLE },
          dataPointType: DataPointType.GAUGE,
          aggregationTemporality: AggregationTemporality.UNSPECIFIED,
          dataPoints: points.map((attributes, i) => ({
            startTime: [0, 0] as const,
            endTime: [1_700_000_000, 0] as const,
            attributes,
            value: i,
          })),
        })),
      },
    ],
  };
}

/** A processor as a pipeline would run it; `send` gives back what it handed on. */
export async function runProcessor<Config>(
  t: Cleanup,
  definition: ProcessorDefinition<Config>,
  config: unknown,
  clock = hastyClock,
) {
  const received: Batch[] = [];
  const statuses: StatusEvent[] = [];
  const logger = recordingLogger();
  const meter = recordingMeter();
  const processor: Component & Consumer = definition.create({
    id: definition.type,
    config: definition.config.parse(config),
    logger,
    meter,
    clock,
    reportStatus: (event) => statuses.push(event),
    build: { command: "test", version: "0" },
    next: { consume: async (batch) => void received.push(batch) },
  });
  t.after(() => processor.shutdown?.(0));
  await processor.start?.({ extension: () => undefined });
  const send = async (batch: Batch): Promise<Batch> => {
    await processor.consume(batch);
    return received.at(-1) as Batch;
  };
  return {
    processor,
    logger,
    meter,
    statuses,
    send,
    /** Attributes of the first resource that comes out for these. */
    async resource(attributes: Attributes): Promise<Attributes | undefined> {
      const batch = await send(Batch.from([gauges(attributes, { up: [{}] })]));
      return batch.resourceMetrics[0]?.resource.attributes;
    },
  };
}
