import type { Batch } from "../metrics/index.ts";
import { writeMetric, writeRequest } from "./encode-envelope.ts";
import { writePoints } from "./encode-points.ts";
import type { EncodedBody } from "./encoded-body.ts";
import { WireWriter } from "./wire-writer.ts";

/**
 * Encodes batches as OTLP protobuf requests. Keep one per exporter: it remembers the body of a layout, and for a batch
 * of the same layout only patches times and values in it.
 *
 * The body is lent until released. Compressing it and then releasing it copies nothing; a second batch of the same
 * layout that comes while the body is still out gets a copy in a pooled buffer. Nothing breaks when a body is never
 * released, but then every later one is such a copy.
 */
export class MetricsEncoder {
  encode(batch: Batch): EncodedBody {
    const writer = new WireWriter();
    const pointCount = writeRequest(writer, {
      resources: batch.resourceMetrics,
      scopesOf: ({ scopeMetrics }) => scopeMetrics,
      metric: (metric) => writeMetric(writer, metric, () => writePoints(writer, metric)),
    });
    return { bytes: writer.finish(), pointCount, release() {} };
  }
}
