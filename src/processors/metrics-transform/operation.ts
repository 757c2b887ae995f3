import { type Attributes, type MetricLayout, memoise } from "../../metrics/index.ts";
import { attributeText, mapPointAttributes, pickPoints } from "../../reshape/index.ts";
import type { OperationConfig } from "./config.ts";
import type { ValuePlan } from "./value-plan.ts";

/** One operation of a transform. */
export interface Operation {
  /** False: it is about the labels of points and works on some of them as well as on all. */
  readonly needsAllPoints: boolean;
  /** @param chosen the points to work on; undefined: all */
  apply(metric: MetricLayout, plan: ValuePlan, chosen?: (attributes: Attributes) => boolean): MetricLayout;
}

/** @param version what `{{version}}` stands for */
export function compileOperation(config: OperationConfig, version: string): Operation {
  const { action, label = "", aggregation_type: aggregation = "sum" } = config;
  const { new_label: newLabel = "" } = config;
  const newValue = config.new_value?.replaceAll("{{version}}", version) ?? "";
  switch (action) {
    case "add_label":
      return labels((attributes) =>
        Object.hasOwn(attributes, newLabel) ? attributes : { ...attributes, [newLabel]: newValue },
      );
    case "update_label": {
      const values = new Map(config.value_actions?.map(({ value, new_value }) => [value, new_value]));
      const name = config.new_label ?? label;
      return labels((attributes) => {
        if (!Object.hasOwn(attributes, label)) return attributes;
        const { [label]: value, ...others } = attributes;
        return { ...others, [name]: values.get(attributeText(value)) ?? value };
      });
    }
    case "delete_label_value":
      return {
        needsAllPoints: false,
        apply: (metric, _plan, chosen = everything) =>
          keepPoints(
            metric,
            (own) =>
              !(chosen(own) && Object.hasOwn(own, label) && attributeText(own[label]) === config.label_value),
          ),
      };
    case "toggle_scalar_data_type":
      return { needsAllPoints: true, apply: (metric, plan) => plan.toggleType(metric) };
    case "experimental_scale_value":
      return {
        needsAllPoints: true,
        apply: (metric, plan) => plan.scale(metric, config.experimental_scale ?? 1),
      };
    case "aggregate_labels": {
      const kept = new Set(config.label_set);
      const reduce = remembered((attributes) =>
        Object.fromEntries(Object.entries(attributes).filter(([name]) => kept.has(name))),
      );
      return {
        needsAllPoints: true,
        apply: (metric, plan) => plan.merge(metric, metric.attributes.map(reduce), aggregation),
      };
    }
    case "aggregate_label_values": {
      const values = new Set(config.aggregated_values);
      const replace = remembered((attributes) =>
        Object.hasOwn(attributes, label) && values.has(attributeText(attributes[label]))
          ? { ...attributes, [label]: newValue }
          : attributes,
      );
      return {
        needsAllPoints: true,
        apply: (metric, plan) => plan.merge(metric, metric.attributes.map(replace), aggregation),
      };
    }
  }
}

/** The metric with the points only that pass; itself if all do. */
export function keepPoints(metric: MetricLayout, keeps: (attributes: Attributes) => boolean): MetricLayout {
  const indices: number[] = [];
  for (const [i, own] of metric.attributes.entries()) if (keeps(own)) indices.push(i);
  return indices.length === metric.attributes.length ? metric : pickPoints(metric, indices);
}

function everything(): boolean {
  return true;
}

function labels(edit: (attributes: Attributes) => Attributes): Operation {
  const map = remembered(edit);
  return {
    needsAllPoints: false,
    apply: (metric, _plan, chosen = everything) =>
      mapPointAttributes(metric, (attributes) => (chosen(attributes) ? map(attributes) : attributes)),
  };
}

/** The same result for the same attributes, whichever metric and layout they are in. */
export function remembered(
  edit: (attributes: Attributes) => Attributes,
): (attributes: Attributes) => Attributes {
  return memoise((attributes: Attributes) => Object.freeze(edit(attributes)));
}
