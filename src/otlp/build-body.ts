import {
  ABSENT,
  type Column,
  DataPointType,
  type HistogramSlots,
  type Layout,
  type MetricLayout,
  memoise,
  PRESENT,
  pointSlot,
  type ResourceLayout,
  STALE,
  type SummarySlots,
  ValueType,
} from "../metrics/index.ts";
import { countsOffset, headSize, writeBlankPoint, writeStalePoint } from "./blank-points.ts";
import { BodyTables } from "./body-tables.ts";
import { writeMetric, writeResourceMetrics } from "./encode-envelope.ts";
import { writePoint } from "./encode-points.ts";
import { irregularPoints } from "./metric-view.ts";
import type { HistogramPatch, Patches, PointList, SummaryPatch } from "./patch-points.ts";
import { needsStart, ResidentBody } from "./resident-body.ts";
import { WireWriter } from "./wire-writer.ts";

/** What a new body can be made from. */
interface Sources {
  /** What to write into; it need not suffice. */
  readonly buffer: Buffer;
  /** A body of the same layout, with start times if the new one has them: what both have is copied in runs. */
  readonly source?: ResidentBody | undefined;
  /** A body of the same layout that is no longer needed; its tables are used again. */
  readonly recycled?: ResidentBody | undefined;
}

/** Builds the body of a column, ready to be patched. */
export function buildBody(layout: Layout, column: Column, sources: Sources): ResidentBody {
  return new BodyBuilder(layout, column, sources).build();
}

/** Points of a layout, present or not. */
export const pointsOf = memoise(({ resources }: Layout) => {
  let count = 0;
  for (const { scopes } of resources) {
    for (const { metrics } of scopes) for (const { attributes } of metrics) count += attributes.length;
  }
  return count;
});

interface Growing {
  readonly slots: number[];
  readonly anchors: number[];
}

/** Goes through the layout backwards. All positions are distances from the end until {@link #settle} turns them. */
class BodyBuilder {
  readonly #layout: Layout;
  readonly #column: Column;
  readonly #source: ResidentBody | undefined;
  readonly #hasStart: boolean;
  readonly #writer: WireWriter;
  readonly #tables: BodyTables;
  /** Number of the first point of the metric that is being written. */
  #base: number;
  #doubles = 0;
  #fixed = false;
  readonly #integers: Growing = { slots: [], anchors: [] };
  readonly #others: Growing = { slots: [], anchors: [] };
  readonly #histograms: HistogramPatch[] = [];
  readonly #summaries: SummaryPatch[] = [];

  constructor(layout: Layout, column: Column, { buffer, source, recycled }: Sources) {
    const size = pointsOf(layout);
    this.#layout = layout;
    this.#column = column;
    this.#hasStart = needsStart(column);
    this.#source = source;
    this.#writer = new WireWriter(buffer);
    // Bodies of one layout have tables of one size.
    this.#tables = recycled?.tables ?? new BodyTables(size, layout.resources.length);
    this.#tables.clear();
    this.#base = size;
  }

  build(): ResidentBody {
    const writer = this.#writer;
    const { resources } = this.#layout;
    let pointCount = 0;
    for (let r = resources.length - 1; r >= 0; r--) {
      const resource = resources[r] as ResourceLayout;
      const end = writer.length;
      pointCount += this.#isUnchanged(resource)
        ? this.#copyResource(resource, r)
        : writeResourceMetrics(writer, resource.resource, resource.scopes, (metric) => this.#metric(metric));
      if (writer.length === end) continue;
      this.#tables.resourceStarts[r] = writer.length;
      this.#tables.resourceEnds[r] = end;
    }
    const bytes = writer.finish();
    return new ResidentBody({
      presence: this.#column.presence,
      hasStart: this.#hasStart,
      fixed: this.#fixed,
      buffer: writer.buffer,
      bytes,
      pointCount,
      tables: this.#tables,
      patches: this.#settle(bytes.length),
    });
  }

  /** Whether the source has exactly the points of the resource that are to be written, none of them with a value. */
  #isUnchanged({ scopes }: ResourceLayout): boolean {
    const source = this.#source;
    const { presence, extras } = this.#column;
    if (source === undefined || source.fixed || (extras !== undefined && extras.size > 0)) return false;
    for (const { metrics } of scopes) {
      for (const metric of metrics) {
        for (let i = 0; i < metric.attributes.length; i++) {
          const slot = pointSlot(metric, i);
          const state = presence.at(slot);
          if (state === STALE || state !== source.presence.at(slot)) return false;
          if (this.#hasSum(metric, i, this.#column) !== this.#hasSum(metric, i, source)) return false;
        }
      }
    }
    return true;
  }

  #copyResource({ scopes }: ResourceLayout, index: number): number {
    const { bytes, tables } = this.#source as ResidentBody;
    const from = tables.resourceStarts[index] as number;
    this.#writer.copy(bytes, from, tables.resourceEnds[index] as number);
    const shift = this.#writer.length + from;
    let count = 0;
    for (const { metrics } of scopes.toReversed()) {
      for (const metric of metrics.toReversed()) {
        const { length } = metric.attributes;
        this.#base -= length;
        for (let i = length - 1; i >= 0; i--) {
          const end = tables.ends[this.#base + i] as number;
          if (end === 0) continue;
          this.#record(metric, i, shift - (tables.starts[this.#base + i] as number), shift - end);
          count++;
        }
      }
    }
    return count;
  }

  #metric(metric: MetricLayout): number {
    this.#base -= metric.attributes.length;
    return writeMetric(this.#writer, metric, () => this.#points(metric));
  }

  #points(metric: MetricLayout): number {
    const { presence, extras } = this.#column;
    const irregular = irregularPoints(metric, this.#column);
    let irregularLeft = irregular?.dataPoints.length ?? 0;
    let count = 0;
    let i = metric.attributes.length - 1;
    while (i >= 0) {
      const slot = pointSlot(metric, i);
      const state = presence.at(slot);
      if (state === ABSENT) {
        i--;
        continue;
      }
      let first = i;
      if (
        irregular !== undefined &&
        (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM || extras?.has(slot))
      ) {
        writePoint(this.#writer, irregular, --irregularLeft);
        this.#fixed = true;
      } else if (state !== PRESENT) {
        this.#stale(metric, i, slot);
      } else {
        first = this.#runStart(metric, i);
        if (first <= i) {
          this.#copy(metric, first, i);
        } else {
          first = i;
          this.#regular(metric, i);
        }
      }
      count += i - first + 1;
      i = first - 1;
    }
    return count;
  }

  #stale(metric: MetricLayout, index: number, slot: number): void {
    const end = this.#writer.length;
    writeStalePoint(this.#writer, metric, index, this.#hasStart);
    const start = this.#writer.length;
    this.#others.slots.push(slot);
    this.#others.anchors.push(start - headSize(start - end, this.#hasStart));
  }

  #regular(metric: MetricLayout, index: number): void {
    const end = this.#writer.length;
    const hasSum = this.#hasSum(metric, index, this.#column);
    writeBlankPoint(this.#writer, metric, index, { hasStart: this.#hasStart, hasSum });
    this.#record(metric, index, this.#writer.length, end);
  }

  /** First point of the longest run up to `last` that lies in one piece in the source; `last + 1` when there is none. */
  #runStart(metric: MetricLayout, last: number): number {
    const source = this.#source;
    if (source === undefined) return last + 1;
    const { starts, ends } = source.tables;
    let first = last + 1;
    for (let i = last; i >= 0; i--) {
      const end = ends[this.#base + i] as number;
      if (end === 0 || (i < last && end !== starts[this.#base + i + 1])) break;
      if (!this.#sameShape(metric, i, source)) break;
      first = i;
    }
    return first;
  }

  #sameShape(metric: MetricLayout, index: number, source: ResidentBody): boolean {
    const { presence, extras } = this.#column;
    const slot = pointSlot(metric, index);
    if (presence.at(slot) !== PRESENT || extras?.has(slot)) return false;
    return this.#hasSum(metric, index, this.#column) === this.#hasSum(metric, index, source);
  }

  #copy(metric: MetricLayout, first: number, last: number): void {
    const { bytes, tables } = this.#source as ResidentBody;
    const from = tables.starts[this.#base + first] as number;
    this.#writer.copy(bytes, from, tables.ends[this.#base + last] as number);
    // Distance from the end here of what lies at 0 there.
    const shift = this.#writer.length + from;
    for (let i = last; i >= first; i--) {
      const start = shift - (tables.starts[this.#base + i] as number);
      this.#record(metric, i, start, shift - (tables.ends[this.#base + i] as number));
    }
  }

  /** Notes where a regular point lies and what is to be patched in it. */
  #record(metric: MetricLayout, index: number, start: number, end: number): void {
    const tables = this.#tables;
    tables.starts[this.#base + index] = start;
    tables.ends[this.#base + index] = end;
    const anchor = start - headSize(start - end, this.#hasStart);
    const slot = pointSlot(metric, index);
    if (metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM) {
      if (metric.descriptor.valueType === ValueType.INT) {
        this.#integers.slots.push(slot);
        this.#integers.anchors.push(anchor);
      } else {
        const at = tables.size - ++this.#doubles;
        tables.slots[at] = slot;
        tables.anchors[at] = anchor;
      }
      return;
    }
    this.#others.slots.push(slot);
    this.#others.anchors.push(anchor);
    if (metric.dataPointType === DataPointType.HISTOGRAM) {
      const slots = metric.series[index] as HistogramSlots;
      const hasSum = this.#hasSum(metric, index, this.#column);
      this.#histograms.push({ slots, anchor, hasSum, counts: anchor - countsOffset(slots, hasSum) });
    } else if (metric.dataPointType === DataPointType.SUMMARY) {
      this.#summaries.push({ slots: metric.series[index] as SummarySlots, anchor });
    }
  }

  #hasSum(metric: MetricLayout, index: number, { presence }: Pick<Column, "presence">): boolean {
    if (metric.dataPointType !== DataPointType.HISTOGRAM) return false;
    const { sum } = metric.series[index] as HistogramSlots;
    return sum >= 0 && presence.at(sum) === PRESENT;
  }

  /** Turns distances from the end of a request of `size` bytes into positions. */
  #settle(size: number): Patches {
    const { starts, ends, resourceStarts, resourceEnds, slots, anchors } = this.#tables;
    settleExtents(starts, ends, size);
    settleExtents(resourceStarts, resourceEnds, size);
    const first = slots.length - this.#doubles;
    for (let i = first; i < anchors.length; i++) anchors[i] = size - (anchors[i] as number);
    return {
      doubles: { slots: slots.subarray(first), anchors: anchors.subarray(first) },
      integers: settleList(this.#integers, size),
      others: settleList(this.#others, size),
      histograms: this.#histograms.map((patch) => ({
        ...patch,
        anchor: size - patch.anchor,
        counts: size - patch.counts,
      })),
      summaries: this.#summaries.map((patch) => ({ ...patch, anchor: size - patch.anchor })),
    };
  }
}

/** What starts at 0 from the end is nothing. */
function settleExtents(starts: Uint32Array, ends: Uint32Array, size: number): void {
  for (let i = 0; i < starts.length; i++) {
    if (starts[i] === 0) continue;
    starts[i] = size - (starts[i] as number);
    ends[i] = size - (ends[i] as number);
  }
}

function settleList({ slots, anchors }: Growing, size: number): PointList {
  return {
    slots: Uint32Array.from(slots),
    anchors: Uint32Array.from(anchors, (distance) => size - distance),
  };
}
