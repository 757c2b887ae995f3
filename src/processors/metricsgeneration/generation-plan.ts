import {
  type ColumnBuffers,
  DataPointType,
  type Layout,
  type MetricLayout,
  type NumberMetricLayout,
  type ResourceLayout,
  ValueType,
} from "../../metrics/index.ts";
import { copyPoints, pickPoints, ScaleSlots, type SlotOperation, SlotProgram } from "../../reshape/index.ts";
import { CalculateSlots } from "./calculate-slots.ts";
import type { Calculation, Rule } from "./config.ts";
import { PointMatcher } from "./point-matcher.ts";
import { ScalarSlots } from "./scalar-slots.ts";

/** What is made of batches of one layout. */
export interface GenerationPlan {
  readonly layout: Layout;
  /** Undefined: nothing is made. */
  readonly program: SlotProgram | undefined;
  /** Those of its operations that divide. */
  readonly divisions: readonly CalculateSlots[];
}

/**
 * Rules that one plan can carry out. What is made of quotients has to wait until it is known which of them there are, as
 * nothing is divided by zero.
 */
export function stagesOf(rules: readonly Rule[]): readonly (readonly Rule[])[] {
  const stages: Rule[][] = [[]];
  const quotients = new Set<string | undefined>();
  for (const rule of rules) {
    if (quotients.has(rule.metric1) || quotients.has(rule.metric2)) {
      stages.push([]);
      quotients.clear();
    }
    stages.at(-1)?.push(rule);
    if (rule.type === "calculate" && isDivision(rule.operation)) quotients.add(rule.name);
  }
  return stages;
}

/** @param onUnmatched told of rules that find their metrics, but no points of them that belong together */
export function planGeneration(
  layout: Layout,
  rules: readonly Rule[],
  buffers: ColumnBuffers,
  onUnmatched: (rule: Rule) => void,
): GenerationPlan {
  const operations: SlotOperation[] = [];
  const divisions: CalculateSlots[] = [];
  let { width } = layout;
  const allocate = () => width++;

  const scaled = (rule: Rule, source: NumberMetricLayout): MetricLayout => {
    const { metric, operation } = copyPoints(source, allocate);
    const slots = (metric as NumberMetricLayout).slots;
    const { operation: calculation = "multiply", scale_by: number = 1 } = rule;
    operations.push(
      operation,
      calculation === "multiply"
        ? new ScaleSlots(slots, number)
        : new ScalarSlots(slots, calculation, number),
    );
    return named(rule, metric);
  };

  /** Has room for every point that there may be; which there are is another matter for each presence. */
  const calculated = (
    rule: Rule,
    calculation: Calculation,
    source: NumberMetricLayout,
    others: readonly NumberMetricLayout[],
  ): MetricLayout | undefined => {
    const matcher = new PointMatcher(
      source.attributes,
      others.flatMap(({ attributes }) => attributes),
    );
    const indices: number[] = [];
    for (let i = 0; i < source.slots.length; i++) if (matcher.canMatch(i)) indices.push(i);
    if (indices.length === 0) {
      onUnmatched(rule);
      return undefined;
    }
    const to = Uint32Array.from(indices, allocate);
    const operation = new CalculateSlots({
      calculation,
      left: source.slots,
      right: Uint32Array.from(others.flatMap(({ slots }) => [...slots])),
      matcher,
      indices,
      to,
      onUnmatched: () => onUnmatched(rule),
    });
    operations.push(operation);
    if (isDivision(calculation)) divisions.push(operation);
    return named(rule, { ...pickPoints(source, indices), slots: to } as NumberMetricLayout);
  };

  const extend = (entry: ResourceLayout): ResourceLayout => {
    const { resource } = entry;
    let { scopes } = entry;
    for (const rule of rules) {
      const { operation, metric2, type } = rule;
      const others = scopes.flatMap(({ metrics }) => metrics.filter(isNumber).filter(hasName(metric2)));
      if (type === "calculate" && others.length === 0) continue;
      scopes = scopes.map((part) => {
        const made = part.metrics
          .filter(isNumber)
          .filter(hasName(rule.metric1))
          .flatMap(
            (source) =>
              (type === "scale" || operation === undefined
                ? scaled(rule, source)
                : calculated(rule, operation, source, others)) ?? [],
          );
        return made.length === 0 ? part : { ...part, metrics: [...part.metrics, ...made] };
      });
    }
    return { resource, scopes };
  };

  const resources = layout.resources.map(extend);
  const program =
    operations.length === 0
      ? undefined
      : new SlotProgram({ sourceWidth: layout.width, width, operations, buffers });
  const result = program === undefined ? layout : { resources, width };
  return { layout: result, program, divisions };
}

/** Whether there is no result where the right one is zero. */
function isDivision(operation: Calculation | undefined): boolean {
  return operation === "divide" || operation === "percent";
}

/** Of the first one's kind. Only sums of what never falls, and what is calculated of it with a number, never fall. */
function named({ name, unit, type, operation }: Rule, metric: MetricLayout): MetricLayout {
  const { metadata: _, ...rest } = metric;
  return {
    ...rest,
    descriptor: { name, unit, description: "", valueType: ValueType.DOUBLE },
    isMonotonic: metric.isMonotonic && (type === "scale" || operation === "add"),
  } as MetricLayout;
}

function isNumber(metric: MetricLayout): metric is NumberMetricLayout {
  return metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM;
}

function hasName(name: string | undefined): (metric: MetricLayout) => boolean {
  return ({ descriptor }) => descriptor.name === name;
}
