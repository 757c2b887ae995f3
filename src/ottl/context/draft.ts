import {
  type AggregationTemporality,
  type Attributes,
  type DataPoint,
  type DataPointType,
  type ExponentialHistogramValue,
  type HistogramValue,
  type InstrumentationScope,
  type MetricDescriptor,
  type MetricLayout,
  NO_RECORDED_VALUE,
  type Resource,
  type ResourceLayout,
  type ScopeLayout,
  type SummaryValue,
} from "../../metrics/index.ts";

/**
 * What statements work on: a tree whose nodes can be changed, over values that cannot. A change puts a new value into
 * the node, so that nothing of the input is ever written to, and what did not change keeps its identity.
 */
export interface ResourceDraft {
  resource: Resource;
  scopes: ScopeDraft[];
  /** Set where the draft was made of a layout. */
  readonly origin?: ResourceLayout;
}

export interface ScopeDraft {
  scope: InstrumentationScope;
  metrics: MetricDraft[];
  readonly origin?: ScopeLayout;
}

export interface MetricDraft {
  descriptor: MetricDescriptor;
  dataPointType: DataPointType;
  aggregationTemporality: AggregationTemporality;
  isMonotonic: boolean;
  metadata: Attributes | undefined;
  points: PointDraft[];
  /** The statements whose work the metric is; they are not run on it again, so that none copies for ever. */
  madeBy?: ReadonlySet<object>;
}

export type PointValue = number | bigint | HistogramValue | SummaryValue | ExponentialHistogramValue;

/** Everything of a point but its attributes. */
export type PointData = Omit<DataPoint<PointValue>, "attributes">;

/** Whether the point only says that its series has ended. */
export function isStale({ flags = 0 }: PointData): boolean {
  return (flags & NO_RECORDED_VALUE) !== 0;
}

/** Where the values of a point lie that was made of a layout. */
export interface PointOrigin {
  readonly metric: MetricLayout;
  readonly index: number;
}

export interface PointDraft {
  attributes: Attributes;
  /** Set where statements may read or write values. */
  data: PointData | undefined;
  /** Set where the draft was made of a layout. */
  readonly origin: PointOrigin | undefined;
}

/** The item a statement is evaluated for, with what is around it. The inner ones are unset in outer contexts. */
export interface Frame {
  resource: ResourceDraft;
  scope: ScopeDraft;
  metric: MetricDraft;
  point: PointDraft;
  /** Temporary values that live as long as the item is worked on. */
  cache: Readonly<Record<string, unknown>>;
  /** Arguments of the lambdas around, innermost last. */
  readonly locals: unknown[];
  /** Nanoseconds since the Unix epoch. */
  readonly now: () => bigint;
  readonly random: () => number;
  /** Results of functions that make one new metric for several points, by statement and source. */
  readonly made: Map<object, Map<MetricDraft, MetricDraft>>;
}

export function newFrame(now: () => bigint, random: () => number): Frame {
  // Unset until an item is entered; what is checked at load never reads them before.
  const unset = undefined as never;
  return {
    resource: unset,
    scope: unset,
    metric: unset,
    point: unset,
    cache: {},
    locals: [],
    now,
    random,
    made: new Map(),
  };
}
