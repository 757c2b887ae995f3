import type { Batch, Column, Layout, MetricsBatch } from "../metrics/index.ts";
import { BufferPool } from "./buffer-pool.ts";
import { buildBody, pointsOf } from "./build-body.ts";
import { writeMetric, writeRequest } from "./encode-envelope.ts";
import { writePoints } from "./encode-points.ts";
import { type EncodedBody, lendPooled, once } from "./encoded-body.ts";
import { needsStart, type ResidentBody } from "./resident-body.ts";
import { WireWriter } from "./wire-writer.ts";

/** Bodies kept for a layout: where a series flips from scrape to scrape, one is built from the other in turns. */
const BODIES_PER_LAYOUT = 2;

/** The most bytes a point that a buffer is taken for before it has to grow: a few large points are no rule for many. */
const MAX_GUESS_PER_POINT = 1024;

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
  /** Gives back the memory of layouts that are gone: a layout that comes in their place needs as much. */
  readonly #gone = new FinalizationRegistry<readonly ResidentBody[]>((bodies) => {
    for (const { leased, buffer } of bodies) if (!leased) this.#pool.give(buffer);
  });
  /** Size of the body built last, and its points: a guess at what the next one needs. */
  #last = { size: 1024, points: 1 };

  encode(batch: Batch): EncodedBody {
    if (!batch.isColumnar) return this.#encodeObjects(batch.resourceMetrics, batch.pointCount);
    const { layout, column } = batch;
    let bodies = this.#bodies.get(layout);
    if (bodies === undefined) {
      bodies = [];
      this.#bodies.set(layout, bodies);
      this.#gone.register(layout, bodies);
    }
    let body = bodies.find((candidate) => candidate.fits(column));
    if (body === undefined) {
      body = this.#build(layout, column, bodies);
    } else {
      bodies.splice(bodies.indexOf(body), 1);
      if (body.leased) {
        bodies.unshift(body);
        const buffer = this.#pool.take(body.bytes.length);
        return lendPooled(this.#pool, buffer, body.patchInto(buffer, column), body.pointCount);
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
    if (recycled?.leased) recycled = undefined;
    const buffer = recycled?.buffer ?? this.#take(source?.pointCount ?? pointsOf(layout));
    const body = buildBody(layout, column, { buffer, source, recycled });
    this.#last = { size: body.bytes.length, points: body.pointCount };
    return body;
  }

  /** A buffer for about so many points. */
  #take(points: number): Buffer {
    const { size, points: lastPoints } = this.#last;
    const perPoint = Math.min((size / Math.max(lastPoints, 1)) * 1.05, MAX_GUESS_PER_POINT);
    return this.#pool.take(1024 + Math.ceil(perPoint * points));
  }

  #encodeObjects(batch: MetricsBatch, points: number): EncodedBody {
    const writer = new WireWriter(this.#take(points));
    const pointCount = writeRequest(writer, batch, (metric) =>
      writeMetric(writer, metric, () => writePoints(writer, metric)),
    );
    this.#last = { size: writer.length, points: pointCount };
    return lendPooled(this.#pool, writer.buffer, writer.finish(), pointCount);
  }
}

function lend(body: ResidentBody): EncodedBody {
  body.leased = true;
  const release = once(() => {
    body.leased = false;
  });
  return { bytes: body.bytes, pointCount: body.pointCount, release };
}
