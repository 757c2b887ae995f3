import { type ContextName, depthOf } from "./context-name.ts";

/**
 * What evaluating something depends on and changes, gathered while it is compiled. It decides how often a group of
 * statements has to run: once for each layout, or for each batch.
 */
export class Effects {
  /** Names and attributes, by the context they belong to. */
  readonly reads = new Set<ContextName>();
  readonly writes = new Set<ContextName>();
  /** Values, times, flags or exemplars of points. */
  readsPoints = false;
  writesPoints = false;
  /** Adds, merges or looks at all the points of a metric. */
  spansPoints = false;
  /** Adds metrics. */
  addsMetrics = false;
  /** Time or randomness. */
  isImpure = false;
  usesCache = false;

  add(other: Effects): void {
    for (const context of other.reads) this.reads.add(context);
    for (const context of other.writes) this.writes.add(context);
    this.readsPoints ||= other.readsPoints;
    this.writesPoints ||= other.writesPoints;
    this.spansPoints ||= other.spansPoints;
    this.addsMetrics ||= other.addsMetrics;
    this.isImpure ||= other.isImpure;
    this.usesCache ||= other.usesCache;
  }

  /** Whether the result is a function of the layout. */
  get isLayoutOnly(): boolean {
    return !this.readsPoints && !this.writesPoints && !this.isImpure;
  }

  /** Whether it matters which of its points a metric has in a batch, when run for items of a context. */
  dependsOnPresence(context: ContextName): boolean {
    return this.spansPoints || [...this.writes].some((written) => depthOf(written) < depthOf(context));
  }
}
