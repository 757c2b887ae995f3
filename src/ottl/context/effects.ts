import { type ContextName, depthOf } from "./context-name.ts";

/** What a function may do besides giving its value. */
export interface FunctionEffects {
  readonly isImpure?: boolean;
  readonly readsPoints?: boolean;
  readonly writesPoints?: boolean;
  readonly spansPoints?: boolean;
  readonly addsMetrics?: boolean;
  /** Contexts whose names it reads or writes besides those of its arguments. */
  readonly writes?: readonly ContextName[];
}

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

  addFunction(effects: FunctionEffects): void {
    this.isImpure ||= effects.isImpure ?? false;
    this.readsPoints ||= effects.readsPoints ?? false;
    this.writesPoints ||= effects.writesPoints ?? false;
    this.spansPoints ||= effects.spansPoints ?? false;
    this.addsMetrics ||= effects.addsMetrics ?? false;
    for (const context of effects.writes ?? []) this.writes.add(context);
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
