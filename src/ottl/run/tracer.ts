import { DataPointType, hrTimeToNs, type InstrumentationScope, type Resource } from "../../metrics/index.ts";
import type { CompiledStatement } from "../compile/compile-group.ts";
import type { ContextName } from "../context/context-name.ts";
import type { Frame, MetricDraft, PointDraft } from "../context/draft.ts";
import { hasTemporality, metricTypes, temporalityNumber } from "../context/fields.ts";
import { isEqual } from "../values/compare.ts";
import { toJson } from "../values/text.ts";
import type { Observer } from "./execute.ts";

export interface StatementTrace {
  readonly statement: string;
  readonly context: ContextName;
  /** Items that the where clause let through. */
  readonly matched: number;
  /** Items that were different afterwards. */
  readonly changed: number;
  /** Items for which it failed. */
  readonly failed: number;
  /** One item as JSON: the first that changed, else the first that matched. */
  readonly before?: string;
  readonly after?: string;
}

/** Notes per statement how many items matched, with one example. */
export class Tracer implements Observer {
  readonly #traces = new Map<CompiledStatement, StatementTrace>();

  /** @param statements in the order in which they are to be listed */
  constructor(
    statements: readonly { readonly statement: CompiledStatement; readonly context: ContextName }[],
  ) {
    for (const { statement, context } of statements) {
      this.#traces.set(statement, { statement: statement.text, context, matched: 0, changed: 0, failed: 0 });
    }
  }

  get traces(): readonly StatementTrace[] {
    return [...this.#traces.values()];
  }

  run(statement: CompiledStatement, context: ContextName, frame: Frame): void {
    const before = snapshot(frame, context);
    let failed = true;
    try {
      statement.run(frame);
      failed = false;
    } finally {
      this.#note(statement, before, snapshot(frame, context), failed);
    }
  }

  #note(statement: CompiledStatement, before: Snapshot, after: Snapshot, failed: boolean): void {
    const trace = this.#traces.get(statement);
    if (trace === undefined) return;
    const isChange = !isEqual(before, after);
    const isExample = trace.matched === 0 || (isChange && trace.changed === 0);
    this.#traces.set(statement, {
      ...trace,
      matched: trace.matched + 1,
      changed: trace.changed + Number(isChange),
      failed: trace.failed + Number(failed),
      ...(isExample && { before: describe(before), after: describe(after) }),
    });
  }
}

/** What statements may change of an item: values that are replaced, never written to, so that references are enough. */
interface Snapshot {
  readonly resource: Resource;
  readonly scope?: InstrumentationScope;
  readonly metric?: Omit<MetricDraft, "points"> & { readonly points: number; readonly metrics: number };
  readonly points?: readonly Pick<PointDraft, "attributes" | "data">[];
}

function snapshot({ resource, scope, metric, point }: Frame, context: ContextName): Snapshot {
  const own = { resource: resource.resource };
  if (context === "resource") return own;
  if (context === "scope") return { ...own, scope: scope.scope };
  const { points, ...rest } = metric;
  const shown = context === "datapoint" ? [point] : points;
  return {
    ...own,
    scope: scope.scope,
    metric: { ...rest, points: points.length, metrics: scope.metrics.length },
    points: shown.map(({ attributes, data }) => ({ attributes, data })),
  };
}

/** An item with what is around it, short enough for a log line; of the points of a metric the first. */
function describe({ resource, scope, metric, points }: Snapshot): string {
  const parts: Record<string, unknown> = { resource: resource.attributes };
  if (scope !== undefined) parts["scope"] = scope.attributes === undefined ? scope.name : scope;
  if (metric !== undefined) {
    const { name, description, unit } = metric.descriptor;
    parts["metric"] = {
      name,
      description,
      unit,
      type: metricTypes.get(metric.dataPointType),
      ...(metric.dataPointType === DataPointType.SUM && { is_monotonic: metric.isMonotonic }),
      ...(hasTemporality(metric.dataPointType) && {
        aggregation_temporality: temporalityNumber(metric.aggregationTemporality),
      }),
      ...(metric.metadata !== undefined && { metadata: metric.metadata }),
      points: metric.points,
      metrics: metric.metrics,
    };
  }
  const [shown] = points ?? [];
  if (shown !== undefined) {
    const { attributes, data } = shown;
    parts["datapoint"] = {
      attributes,
      ...(data !== undefined && {
        value: data.value,
        start_time_unix_nano: hrTimeToNs(data.startTime),
        time_unix_nano: hrTimeToNs(data.endTime),
        ...(data.flags && { flags: data.flags }),
      }),
    };
  }
  return toJson(parts);
}
