import { createNoopMeter } from "@opentelemetry/api";
import { type ProcessorDefinition, systemClock } from "../component/index.ts";
import { Batch, type MetricsBatch } from "../metrics/index.ts";
import { silentLogger } from "../telemetry/index.ts";

/**
 * Puts batches through one processor and returns what it handed on, in order, at the latest when it was shut down.
 * @param config as in YAML; parsed by the processor's own schema, whose errors are thrown
 */
export async function runProcessor(
  definition: ProcessorDefinition,
  config: unknown,
  batches: readonly MetricsBatch[],
): Promise<readonly MetricsBatch[]> {
  const handedOn: MetricsBatch[] = [];
  const processor = definition.create({
    id: definition.type,
    config: definition.config.parse(config),
    logger: silentLogger,
    meter: createNoopMeter(),
    clock: systemClock,
    reportStatus() {},
    build: { command: "otelcol-kubevirt", version: "test" },
    next: {
      async consume(batch) {
        handedOn.push(structuredClone([...batch.resourceMetrics]));
      },
    },
  });
  await processor.start?.({ extension: () => undefined });
  for (const batch of batches) await processor.consume(Batch.from(batch));
  await processor.shutdown?.(0);
  return handedOn;
}
