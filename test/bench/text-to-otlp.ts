import { createNoopMeter } from "@opentelemetry/api";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { systemClock } from "../../src/component/index.ts";
import { SeriesTable } from "../../src/exposition/index.ts";
import { Batch, Column, msToNs } from "../../src/metrics/index.ts";
import { MetricsEncoder } from "../../src/otlp/index.ts";
import definition, { handlerSet } from "../../src/processors/kubevirt-handler/index.ts";
import { AttributeInterner } from "../../src/scrape/attributes.ts";
import { ScrapedSeries } from "../../src/scrape/scraped-series.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { BodySource } from "./body.ts";
import { cpuOf, median } from "./measure.ts";
import { parseWithSplitAndRegex } from "./split-regex-parser.ts";

/** CPU microseconds a sample, medians, from the bytes of a scrape to the bytes of an OTLP request. */
export interface TextToOtlpResult {
  readonly vmis: number;
  readonly samples: number;
  /** A new target's first body. */
  readonly first: number;
  readonly steady: number;
  /** split-and-regex parser, SDK objects, ProtobufMetricsSerializer. Absent when not asked for. */
  readonly stock?: number;
}

export interface TextToOtlpSettings {
  readonly vmis: number;
  readonly rounds: number;
  readonly withStock: boolean;
}

/** Measures both paths on the same bodies in turns, so that their ratio can be trusted. */
export async function benchTextToOtlp({
  vmis,
  rounds,
  withStock,
}: TextToOtlpSettings): Promise<TextToOtlpResult> {
  const source = new BodySource(vmis);
  const bodies = [source.next(), source.next(), source.next()];
  const { samples } = source;
  const repeats = Math.max(1, Math.round(60_000 / samples));
  const path = createPath();
  const steadyRound = async () => {
    for (const body of bodies) await path(body);
  };
  for (let i = 0; i < 10; i++) await steadyRound();
  const first: number[] = [];
  const steady: number[] = [];
  const stock: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const body = bodies[round % bodies.length] as Buffer;
    steady.push((await cpuOf(steadyRound, 5 * repeats)) / bodies.length);
    first.push(await cpuOf(() => createPath()(body), repeats));
    if (withStock) stock.push(await cpuOf(() => stockPath(body), repeats));
  }
  return {
    vmis,
    samples,
    first: median(first) / samples,
    steady: median(steady) / samples,
    ...(withStock && { stock: median(stock) / samples }),
  };
}

/** The product's own parts as a scrape target, a pipeline and an exporter connect them, without the network. */
function createPath(): (body: Buffer) => Promise<void> {
  const table = new SeriesTable();
  const interner = new AttributeInterner({});
  const resource = { attributes: { "service.name": "virt-handler", "server.address": "10.244.0.38" } };
  const series = new ScrapedSeries({
    resource,
    scope: { name: "bench" },
    interner,
    ownGauges: [],
    honorTimestamps: true,
    trackTimestampsStaleness: false,
  });
  const encoder = new MetricsEncoder();
  const processor = definition.create({
    id: "kubevirt_handler",
    // All, since the other path carries all as well.
    config: definition.config.parse({ metrics: "all" }),
    logger: silentLogger,
    meter: createNoopMeter(),
    clock: systemClock,
    reportStatus() {},
    build: { command: "bench", version: "0" },
    next: {
      async consume(batch) {
        encoder.encode(batch).release();
      },
    },
  });
  let values = new Float64Array(0) as Float64Array;
  let time = 1_764_000_000_000;
  return async (body) => {
    const result = table.parse(body, body.length, values);
    values = result.values;
    time += 30_000;
    const frame = series.succeed(result, table, time, (length) => new BigUint64Array(length));
    const column = new Column({ values, presence: frame.presence, timeNs: msToNs(time) });
    await processor.consume(Batch.fromColumns(frame.layout, column));
    series.commit();
  };
}

const names = new Map(handlerSet.families.map(({ family, name }) => [family, name] as const));

/** The path that the usual libraries give: regular expressions, SDK objects, the SDK's serializer. */
function stockPath(body: Buffer): void {
  const endTime: [number, number] = [1_764_000_000, 0];
  const startTime: [number, number] = [0, 0];
  const metrics = [...parseWithSplitAndRegex(body.toString()).values()].map((family) => {
    const known = names.get(family.name.replace(/_total$/, ""));
    return {
      descriptor: { name: known ?? family.name, description: family.help, unit: "", valueType: 1 },
      aggregationTemporality: 1,
      dataPointType: family.type === "counter" ? 3 : 2,
      isMonotonic: family.type === "counter",
      dataPoints: family.samples.map(({ labels: { namespace, ...labels }, value }) => ({
        startTime,
        endTime,
        attributes: { ...labels, vm_namespace: namespace, endpoint: "https://10.244.0.38:8443/metrics" },
        value,
      })),
    };
  });
  const resourceMetrics = {
    resource: { attributes: { "service.name": "virt-handler" } },
    scopeMetrics: [{ scope: { name: "bench" }, metrics }],
  };
  ProtobufMetricsSerializer.serializeRequest(resourceMetrics as unknown as ResourceMetrics);
}
