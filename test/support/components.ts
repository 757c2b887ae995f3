import { createNoopMeter } from "@opentelemetry/api";
import type { ComponentSet } from "../../src/component/index.ts";
import {
  type Component,
  type Consumer,
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
} from "../../src/component/index.ts";
import { z } from "../../src/config/index.ts";
import { Batch, type MetricsBatch } from "../../src/metrics/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";

/** Settings of a service under test that says nothing. */
export const quiet = {
  logger: silentLogger,
  meter: createNoopMeter(),
  build: { command: "test", version: "0.0.0" },
};

/** A batch with one gauge. */
export function gaugeBatch(name = "m", value = 1): MetricsBatch {
  return [
    {
      resource: { attributes: { "service.name": "s" } },
      scopeMetrics: [
        {
          scope: { name: "test" },
          metrics: [
            {
              descriptor: { name, description: "", unit: "1", valueType: 1 },
              aggregationTemporality: 1,
              dataPointType: 2,
              dataPoints: [{ startTime: [0, 0], endTime: [1, 0], attributes: { a: "b" }, value }],
            },
          ],
        },
      ],
    },
  ];
}

export interface Recorded {
  /** `start receiver a`, `shutdown exporter b`, … in the order in which it happened. */
  readonly events: string[];
  /** Consumers that receivers hand on to, by receiver ID. */
  readonly outlets: Map<string, Consumer>;
  /** Batches by exporter ID. */
  readonly received: Map<string, Batch[]>;
  /** What an exporter does with a batch, by its ID; taken as it is otherwise. */
  readonly behaviour: Map<string, (batch: Batch) => Promise<void>>;
}

/** A set of components that record what is done to them. */
export function recordingComponents(): { components: ComponentSet; recorded: Recorded } {
  const recorded: Recorded = { events: [], outlets: new Map(), received: new Map(), behaviour: new Map() };
  const lifecycle = (kind: string, id: string, failStart: boolean): Component => ({
    start() {
      recorded.events.push(`start ${kind} ${id}`);
      if (failStart) throw new Error("address already in use");
    },
    shutdown() {
      recorded.events.push(`shutdown ${kind} ${id}`);
    },
  });
  const config = z.strictObject({
    tag: z.string().default("").describe("Anything; another value makes another component."),
    fail_start: z.boolean().default(false).describe("Fail to start."),
    extension: z.string().optional().describe("An extension."),
  });
  const base = { type: "rec", stability: "alpha", config } as const;
  const references = (c: z.output<typeof config>) =>
    c.extension === undefined ? [] : [{ kind: "extension" as const, id: c.extension, path: ["extension"] }];
  const components: ComponentSet = {
    receivers: [
      defineReceiver({
        ...base,
        create({ id, config: c, next }) {
          recorded.outlets.set(id, next);
          return lifecycle("receiver", id, c.fail_start);
        },
      }),
    ],
    processors: [
      defineProcessor({
        ...base,
        create: ({ id, config: c }) => ({
          ...lifecycle("processor", id, c.fail_start),
          process: (batch: MetricsBatch) => batch,
        }),
      }),
      defineProcessor({
        ...base,
        type: "vandal",
        create: () => ({
          processBatch(batch: Batch) {
            batch.column.values[0] = 666;
            return batch;
          },
        }),
      }),
    ],
    exporters: [
      defineExporter({
        ...base,
        aliases: ["recorder"],
        references,
        create: ({ id, config: c }) => ({
          ...lifecycle("exporter", id, c.fail_start),
          async consume(batch: Batch) {
            await recorded.behaviour.get(id)?.(batch);
            recorded.received.set(id, [...(recorded.received.get(id) ?? []), batch]);
          },
        }),
      }),
    ],
    extensions: [
      defineExtension({ ...base, create: ({ id, config: c }) => lifecycle("extension", id, c.fail_start) }),
    ],
    connectors: [
      defineConnector({
        ...base,
        create: ({ id, config: c }) => ({
          ...lifecycle("connector", id, c.fail_start),
          process: (batch: MetricsBatch) => batch,
        }),
      }),
    ],
  };
  return { components, recorded };
}

export function batchOf(objects: MetricsBatch): Batch {
  return Batch.from(objects);
}
