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
import { matchPoints } from "./match-points.ts";
import { ScalarSlots } from "./scalar-slots.ts";

/** What is made of batches of one layout. */
export interface GenerationPlan {
  readonly layout: Layout;
  /** Undefined: nothing is made. */
  readonly program: SlotProgram | undefined;
  /** Those of its operations that divide. */
  readonly divisions: readonly CalculateSlots[];
  /** Rules that found their metrics, but no points of them that belong together. */
  readonly unmatched: readonly Rule[];
}

export function planGeneration(
  layout: Layout,
  rules: readonly Rule[],
  buffers: ColumnBuffers,
): GenerationPlan {
  const operations: SlotOperation[] = [];
  const divisions: CalculateSlots[] = [];
  const unmatched = new Set<Rule>();
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

  const calculated = (
    rule: Rule,
    operation: Calculation,
    source: NumberMetricLayout,
    others: readonly NumberMetricLayout[],
  ): MetricLayout | undefined => {
    const right = others.flatMap(({ attributes, slots }) =>
      attributes.map((own, i) => ({ own, slot: slots[i] as number })),
    );
    const matches = matchPoints(
      source.attributes,
      right.map(({ own }) => own),
    );
    const indices = [...matches.keys()].filter((i) => matches[i] !== -1);
    if (indices.length === 0) {
      unmatched.add(rule);
      return undefined;
    }
    const to = indices.map(allocate);
    const slots = {
      left: indices.map((i) => source.slots[i] as number),
      right: indices.map((i) => right[matches[i] as number]?.slot ?? 0),
      to,
    };
    const calculation = new CalculateSlots(slots, operation);
    operations.push(calculation);
    if (calculation.divides) divisions.push(calculation);
    const metric = { ...pickPoints(source, indices), slots: Uint32Array.from(to) } as NumberMetricLayout;
    return named(rule, metric);
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
  return { layout: result, program, divisions, unmatched: [...unmatched] };
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
