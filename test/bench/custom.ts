import { createNoopMeter } from "@opentelemetry/api";
import { defineProcessor, systemClock } from "../../src/component/index.ts";
import { z } from "../../src/config/index.ts";
import { Batch, Column, type MetricsBatch } from "../../src/metrics/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { makeLayout, makeValues } from "./encode-data.ts";
import { cpuOf, median } from "./measure.ts";

/** CPU microseconds a point of a custom processor on plain objects, medians: objects made, taken back, layout found again. */
export interface CustomResult {
  readonly points: number;
  /** Returns new resources and the metrics as they are. */
  readonly resources: number;
  /** Returns new points with other values. */
  readonly values: number;
}

const tag = (batch: MetricsBatch): MetricsBatch =>
  batch.map((one) => ({
    ...one,
    resource: { ...one.resource, attributes: { ...one.resource.attributes, tenant: "shop" } },
  }));

const scale = (batch: MetricsBatch): MetricsBatch =>
  batch.map((one) => ({
    ...one,
    scopeMetrics: one.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.map((metric) =>
        metric.dataPointType === 2 || metric.dataPointType === 3
          ? {
              ...metric,
              dataPoints: metric.dataPoints.map((point) => ({ ...point, value: Number(point.value) * 2 })),
            }
          : metric,
      ),
    })),
  }));

export async function benchCustom(vmis: number, rounds: number): Promise<CustomResult> {
  const layout = makeLayout(vmis, { perVmi: false });
  const values = makeValues(layout.width);
  let time = 1_764_000_000_000_000_000n;
  const measure = async (process: (batch: MetricsBatch) => MetricsBatch) => {
    const processor = defineProcessor({
      type: "custom",
      stability: "alpha",
      config: z.strictObject({}),
      create: () => ({ process }),
    }).create({
      id: "custom",
      config: {},
      logger: silentLogger,
      meter: createNoopMeter(),
      clock: systemClock,
      reportStatus() {},
      build: { command: "bench", version: "0" },
      next: { consume: async () => {} },
    });
    const run = () => {
      time += 30_000_000_000n;
      return processor.consume(Batch.fromColumns(layout, new Column({ values, timeNs: time })));
    };
    for (let i = 0; i < 5; i++) await run();
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await cpuOf(run, 3));
    return median(times) / layout.width;
  };
  return { points: layout.width, resources: await measure(tag), values: await measure(scale) };
}
