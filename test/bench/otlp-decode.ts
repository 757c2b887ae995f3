import { gunzipSync, gzipSync } from "node:zlib";
import { Batch, Column, Presence } from "../../src/metrics/index.ts";
import { decodeMetrics, decodeMetricsJson, encodeMetricsJson, MetricsEncoder } from "../../src/otlp/index.ts";
import { exportRequestType } from "../support/otlp-schema.ts";
import { makeLayout, makeValues, type Shape } from "./encode-data.ts";
import { cpuOf, median } from "./measure.ts";

/** CPU microseconds a sample, medians. */
export interface OtlpDecodeResult extends Shape {
  readonly vmis: number;
  readonly samples: number;
  /** Protobuf to plain objects. */
  readonly protobuf: number;
  /** The same, and then to layout and column, as a built-in processor has it. */
  readonly columns: number;
  readonly json: number;
  /** What a request costs before it is decoded. */
  readonly gunzip: number;
  /** protobufjs by reflection, to its own objects, in the same rounds. */
  readonly protobufjs: number;
  /** JSON.parse alone, in the same rounds. */
  readonly jsonParse: number;
}

export interface OtlpDecodeSettings extends Shape {
  readonly vmis: number;
  readonly rounds: number;
}

/** Measures decoding side by side with the usual libraries: all variants take turns in each round. */
export async function benchOtlpDecode({
  vmis,
  rounds,
  perVmi,
}: OtlpDecodeSettings): Promise<OtlpDecodeResult> {
  const layout = makeLayout(vmis, { perVmi });
  const values = makeValues(layout.width);
  const column = new Column({
    values,
    presence: Presence.ALL,
    startNs: 1_763_000_000_000_000_000n,
    timeNs: 1_764_000_000_000_000_000n,
  });
  const batch = Batch.fromColumns(layout, column);
  const samples = batch.pointCount;
  const body = Buffer.from(new MetricsEncoder().encode(batch).bytes);
  const compressed = gzipSync(body, { level: 1 });
  const json = Buffer.from(encodeMetricsJson(batch));
  const variants = {
    protobuf: () => decodeMetrics(body),
    columns: () => Batch.from(decodeMetrics(body)).column,
    json: () => decodeMetricsJson(json),
    gunzip: () => gunzipSync(compressed, { chunkSize: 1024 * 1024 }),
    protobufjs: () => exportRequestType.decode(body),
    jsonParse: () => JSON.parse(json.toString()),
  };
  const repeats = Math.max(1, Math.round(60_000 / samples));
  const names = Object.keys(variants) as (keyof typeof variants)[];
  const times = Object.fromEntries(names.map((name): [string, number[]] => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const cpu = await cpuOf(variants[name], repeats);
      // The first round is to warm up.
      if (round >= 0) times[name]?.push(cpu / samples);
    }
  }
  const of = (name: keyof typeof variants) => median(times[name] ?? []);
  return {
    vmis,
    perVmi,
    samples,
    protobuf: of("protobuf"),
    columns: of("columns"),
    json: of("json"),
    gunzip: of("gunzip"),
    protobufjs: of("protobufjs"),
    jsonParse: of("jsonParse"),
  };
}
