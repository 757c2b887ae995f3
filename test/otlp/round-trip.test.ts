import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Batch, type MetricsBatch } from "../../src/metrics/index.ts";
import { decodeMetrics, decodeMetricsJson, encodeMetricsJson, MetricsEncoder } from "../../src/otlp/index.ts";
import { metricsBatch } from "../support/metrics-arbitraries.ts";
import { exportRequestType, throughProtobufjs } from "../support/otlp-schema.ts";

const NUM_RUNS = 300;

/** The same batch as one that has only a layout and a column. */
function columnar(objects: MetricsBatch): Batch {
  const { layout, column } = Batch.from(objects);
  return Batch.fromColumns(layout, column);
}

function countPoints(batch: MetricsBatch): number {
  return batch
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
}

test("protobuf made from plain objects decodes to the same objects", () => {
  const encoder = new MetricsEncoder();
  fc.assert(
    fc.property(metricsBatch, (batch) => {
      const body = encoder.encode(Batch.from(batch));
      assert.equal(body.pointCount, countPoints(batch));
      assert.deepEqual(decodeMetrics(body.bytes), batch);
      body.release();
    }),
    { numRuns: NUM_RUNS },
  );
});

test("protobuf made from columns decodes to the same objects, the first time and from the resident body", () => {
  fc.assert(
    fc.property(metricsBatch, (batch) => {
      const encoder = new MetricsEncoder();
      const source = columnar(batch);
      for (const round of ["first", "again"]) {
        const body = encoder.encode(source);
        assert.equal(body.pointCount, countPoints(batch));
        assert.deepEqual(decodeMetrics(body.bytes), batch, round);
        body.release();
      }
    }),
    { numRuns: NUM_RUNS },
  );
});

test("JSON decodes to the same objects, from either face", () => {
  fc.assert(
    fc.property(metricsBatch, fc.boolean(), (batch, columns) => {
      const json = encodeMetricsJson(columns ? columnar(batch) : Batch.from(batch));
      assert.deepEqual(decodeMetricsJson(json), batch);
      assert.deepEqual(decodeMetricsJson(Buffer.from(json).toString()), batch);
    }),
    { numRuns: NUM_RUNS },
  );
});

test("an independent protobuf library reads what we write and writes what we read", () => {
  fc.assert(
    fc.property(metricsBatch, fc.boolean(), (batch, columns) => {
      const { bytes } = new MetricsEncoder().encode(columns ? columnar(batch) : Batch.from(batch));
      assert.deepEqual(decodeMetrics(throughProtobufjs(exportRequestType, bytes)), batch);
    }),
    { numRuns: NUM_RUNS },
  );
});
