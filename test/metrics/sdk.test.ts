import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { DataPointType, NO_RECORDED_VALUE, toSdk } from "../../src/metrics/index.ts";
import { metricsBatch } from "../support/metrics-arbitraries.ts";

test("our constants are the SDK's", () => {
  const { HISTOGRAM, EXPONENTIAL_HISTOGRAM, GAUGE, SUM } = DataPointType;
  assert.deepEqual(
    { HISTOGRAM, EXPONENTIAL_HISTOGRAM, GAUGE, SUM },
    {
      HISTOGRAM: sdk.DataPointType.HISTOGRAM,
      EXPONENTIAL_HISTOGRAM: sdk.DataPointType.EXPONENTIAL_HISTOGRAM,
      GAUGE: sdk.DataPointType.GAUGE,
      SUM: sdk.DataPointType.SUM,
    },
  );
});

test("what the SDK cannot hold is left out and counted, the rest is there", () => {
  fc.assert(
    fc.property(metricsBatch, (batch) => {
      const { resourceMetrics, dropped } = toSdk(batch);
      const metrics = batch.flatMap((it) => it.scopeMetrics.flatMap((scope) => scope.metrics));
      const kept = metrics
        .filter(({ dataPointType }) => dataPointType !== DataPointType.SUMMARY)
        .flatMap(({ dataPoints }) => [...dataPoints])
        .filter(({ flags = 0 }) => (flags & NO_RECORDED_VALUE) === 0);
      const all = metrics.reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
      assert.equal(dropped, all - kept.length);
      const points = resourceMetrics.flatMap((it) =>
        it.scopeMetrics.flatMap((scope) => scope.metrics.flatMap(({ dataPoints }) => [...dataPoints])),
      );
      assert.deepEqual(
        points.map(({ attributes, endTime }) => ({ attributes, endTime })),
        kept.map(({ attributes, endTime }) => ({ attributes, endTime })),
      );
      assert(points.every(({ value }) => typeof value !== "bigint"));
    }),
  );
});
