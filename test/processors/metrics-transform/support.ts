import { Batch, type Metric, type MetricsBatch } from "../../../src/metrics/index.ts";
import metricstransform from "../../../src/processors/metrics-transform/index.ts";
import { formatMetrics } from "../../../src/testing/index.ts";
import type { Cleanup } from "../../support/certificates.ts";
import { runProcessor } from "../../support/processor-harness.ts";

export function batchOf(metrics: readonly Metric[], resource = {}): MetricsBatch {
  return [{ resource: { attributes: resource }, scopeMetrics: [{ scope: { name: "test" }, metrics }] }];
}

/** What comes out, as text. The batch goes through twice: what was worked out once has to hold the second time. */
export async function transformed(
  t: Cleanup,
  transforms: readonly object[],
  input: MetricsBatch,
): Promise<string> {
  const { send } = await runProcessor(t, metricstransform, { transforms });
  const batch = Batch.from(input);
  const first = formatMetrics((await send(batch))?.resourceMetrics ?? []);
  const again = await send(Batch.fromColumns(batch.layout, batch.column));
  if (formatMetrics(again?.resourceMetrics ?? []) !== first) throw new Error("differs the second time");
  return first;
}

/** The lines of a text without what they are indented by in the test. */
export function text(value: string): string {
  const lines = value.split("\n").slice(1, -1);
  const indent = Math.min(...lines.filter((line) => line !== "").map((line) => line.search(/\S/)));
  return lines.map((line) => `${line.slice(indent)}\n`).join("");
}
