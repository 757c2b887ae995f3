/**
 * Where the points of a body lie. Points are numbered in the order of the layout; positions count from the start of
 * the request.
 *
 *     starts[n]                                     ends[n]
 *     ▼                                             ▼
 *     ┌─────┬─────┬───────────┬──────────┬──────────┐
 *     │ tag │ len │ start  8B │ time  8B │ value 8B │ attributes
 *     └─────┴─────┴───────────┴──────────┴──────────┘
 *                                        ▲ anchor
 */
export class BodyTables {
  /** By point. Both are 0 for points that are absent or cannot be copied to another body. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** By double-valued point that is present, in any order. */
  readonly slots: Uint32Array;
  readonly anchors: Uint32Array;

  /** By resource; both 0 for one that is not written. */
  readonly resourceStarts: Uint32Array;
  readonly resourceEnds: Uint32Array;

  /** For so many points and resources. */
  constructor(size: number, resources: number) {
    this.starts = new Uint32Array(size);
    this.ends = new Uint32Array(size);
    this.slots = new Uint32Array(size);
    this.anchors = new Uint32Array(size);
    this.resourceStarts = new Uint32Array(resources);
    this.resourceEnds = new Uint32Array(resources);
  }

  get size(): number {
    return this.starts.length;
  }

  clear(): void {
    this.starts.fill(0);
    this.ends.fill(0);
    this.resourceStarts.fill(0);
    this.resourceEnds.fill(0);
  }
}
