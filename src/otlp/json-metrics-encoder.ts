import type { Batch } from "../metrics/index.ts";
import { BufferPool } from "./buffer-pool.ts";
import { writeMetricsJson } from "./encode-metrics-json.ts";
import { type EncodedBody, lendPooled } from "./encoded-body.ts";
import { TextSink } from "./text-sink.ts";

/** Encodes batches as OTLP/JSON requests in memory that is used again after release. See `encodeMetricsJson`. */
export class JsonMetricsEncoder {
  readonly #pool = new BufferPool();
  #lastSize = 0;

  encode(batch: Batch): EncodedBody {
    const sink = new TextSink(this.#pool.take(Math.ceil(this.#lastSize * 1.05) + 4096));
    const pointCount = writeMetricsJson(sink, batch);
    this.#lastSize = sink.length;
    return lendPooled(this.#pool, sink.buffer, sink.finish(), pointCount);
  }
}
