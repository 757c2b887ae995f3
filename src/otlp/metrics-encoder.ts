import type { Batch, Column, Layout, MetricsBatch } from "../metrics/index.ts";
import { BufferPool } from "./buffer-pool.ts";
import { buildBody } from "./build-body.ts";
import { writeMetric, writeRequest } from "./encode-envelope.ts";
import { writePoints } from "./encode-points.ts";
import type { EncodedBody } from "./encoded-body.ts";
import { needsStart, type ResidentBody } from "./resident-body.ts";
import { WireWriter } from "./wire-writer.ts";

/** Bodies kept for a layout: where a series flips from scrape to scrape, one is built from the other in turns. */
const BODIES_PER_LAYOUT = 2;

/**
 * Encodes batches as OTLP protobuf requests. Keep one per exporter: it remembers the body of a layout, and for the next
 * batch of the same layout and presence only patches times and values in it.
 *
 * A body is lent until it is released. Compressing it and then releasing it copies nothing; a second batch of the same
 * layout that comes while the body is still out gets a copy in a pooled buffer. Nothing breaks when a body is never
 * released, but then every later one is such a copy in fresh memory.
 */
export class MetricsEncoder {
  /** By layout, the one used last first. */
  readonly #bodies = new WeakMap<Layout, ResidentBody[]>();
  readonly #pool = new BufferPool();
  #lastSize = 0;

  encode(batch: Batch): EncodedBody {
    if (!batch.isColumnar) return this.#encodeObjects(batch.resourceMetrics);
    const { layout, column } = batch;
    let bodies = this.#bodies.get(layout);
    if (bodies === undefined) {
      bodies = [];
      this.#bodies.set(layout, bodies);
    }
    let body = bodies.find((candidate) => candidate.fits(column));
    if (body === undefined) {
      body = this.#build(layout, column, bodies);
    } else {
      bodies.splice(bodies.indexOf(body), 1);
      if (body.leased) {
        bodies.unshift(body);
        const buffer = this.#pool.take(body.bytes.length);
        return this.#lendPooled(buffer, body.patchInto(buffer, column), body.pointCount);
      }
    }
    bodies.unshift(body);
    body.patch(column);
    return lend(body);
  }

  #build(layout: Layout, column: Column, bodies: ResidentBody[]): ResidentBody {
    const hasStart = needsStart(column);
    const source = bodies.find((body) => body.hasStart === hasStart);
    let recycled: ResidentBody | undefined;
    if (bodies.length >= BODIES_PER_LAYOUT) {
      const last = bodies.findLastIndex((body) => body !== source);
      recycled = bodies.splice(last, 1)[0];
    }
    // One that is still being read is left to its reader.
    return buildBody(layout, column, { source, recycled: recycled?.leased ? undefined : recycled });
  }

  #encodeObjects(batch: MetricsBatch): EncodedBody {
    const writer = new WireWriter(this.#pool.take(Math.max(this.#lastSize, 1024)));
    const pointCount = writeRequest(writer, {
      resources: batch,
      scopesOf: ({ scopeMetrics }) => scopeMetrics,
      metric: (metric) => writeMetric(writer, metric, () => writePoints(writer, metric)),
    });
    this.#lastSize = writer.length;
    return this.#lendPooled(writer.buffer, writer.finish(), pointCount);
  }

  #lendPooled(buffer: Buffer, bytes: Buffer, pointCount: number): EncodedBody {
    let released = false;
    const release = () => {
      if (!released) this.#pool.give(buffer);
      released = true;
    };
    return { bytes, pointCount, release };
  }
}

function lend(body: ResidentBody): EncodedBody {
  let released = false;
  body.leased = true;
  const release = () => {
    if (!released) body.leased = false;
    released = true;
  };
  return { bytes: body.bytes, pointCount: body.pointCount, release };
}
