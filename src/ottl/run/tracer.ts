import type { CompiledStatement } from "../compile/compile-group.ts";
import type { ContextName } from "../context/context-name.ts";
import type { Frame } from "../context/draft.ts";
import { metricTypes } from "../context/fields.ts";
import { toJson } from "../values/text.ts";
import type { Observer } from "./execute.ts";

export interface StatementTrace {
  readonly statement: string;
  readonly context: ContextName;
  /** Items that the where clause let through. */
  readonly matched: number;
  /** Items that looked different afterwards. */
  readonly changed: number;
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
      this.#traces.set(statement, { statement: statement.text, context, matched: 0, changed: 0 });
    }
  }

  get traces(): readonly StatementTrace[] {
    return [...this.#traces.values()];
  }

  run(statement: CompiledStatement, context: ContextName, frame: Frame): void {
    const before = describe(frame, context);
    statement.run(frame);
    const after = describe(frame, context);
    const trace = this.#traces.get(statement);
    if (trace === undefined) return;
    const isChange = before !== after;
    const isExample = trace.matched === 0 || (isChange && trace.changed === 0);
    this.#traces.set(statement, {
      ...trace,
      matched: trace.matched + 1,
      changed: trace.changed + Number(isChange),
      ...(isExample && { before, after }),
    });
  }
}

/** An item with the names around it, short enough for a log line. */
function describe({ resource, scope, metric, point }: Frame, context: ContextName): string {
  const parts: Record<string, unknown> = { resource: resource.resource.attributes };
  if (context !== "resource") parts["scope"] = scope.scope.name;
  if (context === "metric" || context === "datapoint") {
    const { name, description, unit } = metric.descriptor;
    const type = metricTypes.get(metric.dataPointType);
    parts["metric"] = {
      name,
      description,
      unit,
      type,
      points: metric.points.length,
      metrics: scope.metrics.length,
    };
    const shown = context === "datapoint" ? point : metric.points[0];
    if (shown !== undefined) parts["datapoint"] = { attributes: shown.attributes, value: shown.data?.value };
  }
  return toJson(parts);
}
