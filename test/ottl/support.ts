import assert from "node:assert/strict";
import {
  type Attributes,
  Batch,
  type DataPoint,
  type Metric,
  type MetricsBatch,
} from "../../src/metrics/index.ts";
import {
  type ContextName,
  compileConditions,
  compileStatements,
  type ErrorMode,
  FilterEngine,
  type GroupProblem,
  StatementEngine,
} from "../../src/ottl/index.ts";

export const NOW_MS = Date.UTC(2024, 4, 6, 7, 8, 9);

interface MetricOptions {
  readonly description?: string;
  readonly unit?: string;
  readonly temporality?: 0 | 1 | 2;
  readonly isMonotonic?: boolean;
  readonly valueType?: 0 | 1;
}

function metric(
  name: string,
  dataPointType: number,
  dataPoints: readonly object[],
  options: MetricOptions,
): Metric {
  const { description = "", unit = "1", temporality = 1, isMonotonic = false, valueType = 1 } = options;
  return {
    descriptor: { name, description, unit, valueType },
    aggregationTemporality: temporality,
    dataPointType,
    ...(dataPointType === 3 && { isMonotonic }),
    dataPoints,
  } as unknown as Metric;
}

export function point<Value>(value: Value, attributes: Attributes = {}, more: object = {}): DataPoint<Value> {
  return { startTime: [100, 0], endTime: [200, 5], attributes, value, ...more };
}

export const gauge = (
  name: string,
  points: readonly DataPoint<number | bigint>[],
  options: MetricOptions = {},
) => metric(name, 2, points, options);
export const sum = (
  name: string,
  points: readonly DataPoint<number | bigint>[],
  options: MetricOptions = {},
) => metric(name, 3, points, options);
export const histogram = (name: string, points: readonly DataPoint<object>[], options: MetricOptions = {}) =>
  metric(name, 0, points, options);
export const exponential = (
  name: string,
  points: readonly DataPoint<object>[],
  options: MetricOptions = {},
) => metric(name, 1, points, options);
export const summary = (name: string, points: readonly DataPoint<object>[], options: MetricOptions = {}) =>
  metric(name, 4, points, options);

export function batchOf(metrics: readonly Metric[], resource: Attributes = {}): MetricsBatch {
  return [
    {
      resource: { attributes: resource },
      scopeMetrics: [{ scope: { name: "scope", version: "1.0" }, metrics }],
    },
  ];
}

export function metricsOf(batch: MetricsBatch | undefined): readonly Metric[] {
  return (batch ?? []).flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
}

export interface RunOptions {
  readonly context?: ContextName;
  readonly conditions?: readonly string[];
  readonly errorMode?: ErrorMode;
}

export interface RunResult {
  readonly output: MetricsBatch | undefined;
  readonly errors: readonly string[];
}

/** The first problem of statements that do not compile. */
export function problemOf(
  statements: readonly string[],
  options: RunOptions = {},
): GroupProblem["error"] | undefined {
  const { problems } = compileStatements({
    statements,
    context: options.context,
    conditions: options.conditions ?? [],
  });
  return problems[0]?.error;
}

/** Runs statements over plain objects and over columns, and checks that both do the same. */
export function transform(
  input: MetricsBatch,
  statements: string | readonly string[],
  options: RunOptions = {},
): RunResult {
  const source = typeof statements === "string" ? [statements] : statements;
  const run = (batch: Batch): RunResult => {
    const outcome = compileStatements({
      statements: source,
      context: options.context,
      conditions: options.conditions ?? [],
    });
    if (outcome.group === undefined) throw outcome.problems[0]?.error ?? new Error("no problem given");
    const errors: string[] = [];
    const engine = new StatementEngine({
      groups: [
        {
          group: outcome.group,
          sharesCache: false,
          onError: (_text, error) => {
            if (options.errorMode === "propagate") throw error;
            errors.push(error.message);
          },
        },
      ],
      now: () => NOW_MS,
      random: () => 0.5,
    });
    return { output: engine.run(batch)?.resourceMetrics, errors };
  };
  const frozen = deepFreeze(structuredClone(input));
  const byObjects = run(Batch.from(frozen));
  const byColumns = run(columnar(frozen));
  assert.deepEqual(plain(byColumns.output), plain(byObjects.output), `columns differ: ${source.join("; ")}`);
  assert.deepEqual([...byColumns.errors].sort(), [...byObjects.errors].sort());
  return { output: plain(byObjects.output) as MetricsBatch | undefined, errors: byObjects.errors };
}

/** Drops what conditions hold for, over plain objects and over columns. */
export function filter(
  input: MetricsBatch,
  conditions: readonly string[],
  options: RunOptions = {},
): RunResult {
  const run = (batch: Batch): RunResult => {
    const outcome = compileConditions({ conditions, context: options.context });
    if (outcome.group === undefined) throw outcome.problems[0]?.error ?? new Error("no problem given");
    const errors: string[] = [];
    const engine = new FilterEngine({
      groups: [{ group: outcome.group, onError: (_text, error) => errors.push(error.message) }],
      now: () => NOW_MS,
    });
    return { output: engine.run(batch)?.resourceMetrics, errors };
  };
  const frozen = deepFreeze(structuredClone(input));
  const byObjects = run(Batch.from(frozen));
  const byColumns = run(columnar(frozen));
  assert.deepEqual(
    plain(byColumns.output),
    plain(byObjects.output),
    `columns differ: ${conditions.join("; ")}`,
  );
  return { output: plain(byObjects.output) as MetricsBatch | undefined, errors: byObjects.errors };
}

/** The same data as a layout and a column. */
export function columnar(input: MetricsBatch): Batch {
  const { layout, column } = Batch.from(input.map((resource) => ({ ...resource })));
  return Batch.fromColumns(layout, column);
}

/** Without getters, and with undefined left out, so that results compare. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, plain(inner)]),
  );
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}

/** The value of an expression in the datapoint context, as an attribute; undefined when it is nil. */
export function evaluate(
  expression: string,
  attributes: Attributes = {},
  resource: Attributes = {},
): unknown {
  const input = batchOf([gauge("m", [point(1.5, attributes)], { description: "d", unit: "By" })], resource);
  const { output, errors } = transform(input, `set(datapoint.attributes["result"], ${expression})`, {
    context: "datapoint",
  });
  if (errors.length > 0) throw new Error(errors[0]);
  return metricsOf(output)[0]?.dataPoints[0]?.attributes["result"];
}
