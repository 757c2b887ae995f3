import assert from "node:assert/strict";
import { test } from "node:test";
import type * as sdk from "@opentelemetry/sdk-metrics";
import { Batch, type MetricsBatch, toSdk } from "../../src/metrics/index.ts";

// What is shown here is that the file compiles.
test("an SDK batch is a batch of ours, and what toSdk gives is the SDK's", () => {
  const theirs: sdk.ResourceMetrics[] = [];
  const ours: MetricsBatch = theirs;
  const back: sdk.ResourceMetrics[] = toSdk(ours).resourceMetrics;
  const any = Batch.from(theirs).resourceMetrics;
  // @ts-expect-error The other direction needs the conversion: ours has what the SDK's cannot hold.
  const refused: sdk.ResourceMetrics[] = any;
  assert.deepEqual([back, refused], [[], []]);
});
