import { z } from "../../config/index.ts";
import { compileRegex, RegexError } from "../../regex/index.ts";

export const aggregations = ["sum", "mean", "min", "max", "count", "median"] as const;
export type Aggregation = (typeof aggregations)[number];

const operationNames = [
  "add_label",
  "update_label",
  "delete_label_value",
  "toggle_scalar_data_type",
  "experimental_scale_value",
  "aggregate_labels",
  "aggregate_label_values",
] as const;

/** Texts that YAML may take for a number or a boolean, as label values. */
const text = () => z.union([z.string(), z.number(), z.boolean()]).transform(String);

const aggregation = () =>
  z
    .enum(aggregations)
    .optional()
    .describe(
      "How points that become one are merged. Default: `sum`. Histograms and summaries always add up. `mean` and `median` are doubles.",
    );

const operationSchema = z
  .strictObject({
    action: z
      .enum(operationNames)
      .describe(
        "`add_label`, `update_label`: as they say. `delete_label_value`: drops points. `toggle_scalar_data_type`: integers become doubles and the other way round. `experimental_scale_value`: multiplies. `aggregate_labels`: keeps some labels, merges points. `aggregate_label_values`: makes one value of several, merges points.",
      ),
    label: z.string().min(1).optional().describe("The label that is acted on."),
    new_label: z
      .string()
      .min(1)
      .optional()
      .describe("For `add_label` its name, for `update_label` its new name."),
    new_value: text()
      .optional()
      .describe(
        "For `add_label` and `aggregate_label_values`: the value. `{{version}}` is the collector's version.",
      ),
    label_value: text().optional().describe("For `delete_label_value`: points with this value are dropped."),
    label_set: z
      .array(z.string())
      .optional()
      .describe("For `aggregate_labels`: the labels that are kept. `[]` keeps none: all points become one."),
    aggregation_type: aggregation(),
    aggregated_values: z
      .array(text())
      .optional()
      .describe("For `aggregate_label_values`: the values that become `new_value`."),
    value_actions: z
      .array(
        z.strictObject({
          value: text().describe("Value of the label."),
          new_value: text().describe("What it becomes."),
        }),
      )
      .optional()
      .describe("For `update_label`: values and what they become."),
    experimental_scale: z
      .number()
      .refine((factor) => factor !== 0, "must not be 0")
      .optional()
      .describe("For `experimental_scale_value`: the factor."),
  })
  .check(({ value, issues }) => {
    for (const option of required[value.action]) {
      if (value[option] !== undefined) continue;
      issues.push({
        code: "custom",
        input: value,
        path: [option],
        message: `is required for ${value.action}`,
      });
    }
    for (const option of Object.keys(value) as (keyof typeof value)[]) {
      if (option === "action" || value[option] === undefined || allowed[value.action].includes(option))
        continue;
      issues.push({
        code: "custom",
        input: value,
        path: [option],
        message: `must not be set for ${value.action}`,
      });
    }
    if (
      value.action === "update_label" &&
      value.new_label === undefined &&
      value.value_actions === undefined
    ) {
      issues.push({ code: "custom", input: value, message: "update_label needs new_label or value_actions" });
    }
  });

type OperationName = (typeof operationNames)[number];
type Option = Exclude<keyof z.output<typeof operationSchema>, "action">;

const required: Readonly<Record<OperationName, readonly Option[]>> = {
  add_label: ["new_label", "new_value"],
  update_label: ["label"],
  delete_label_value: ["label", "label_value"],
  toggle_scalar_data_type: [],
  experimental_scale_value: ["experimental_scale"],
  aggregate_labels: ["label_set"],
  aggregate_label_values: ["label", "aggregated_values", "new_value"],
};

const allowed: Readonly<Record<OperationName, readonly Option[]>> = {
  ...required,
  update_label: ["label", "new_label", "value_actions"],
  aggregate_labels: ["label_set", "aggregation_type"],
  aggregate_label_values: ["label", "aggregated_values", "new_value", "aggregation_type"],
};

const transformSchema = z
  .strictObject({
    include: z
      .string()
      .min(1)
      .describe("Name of the metrics, or a regular expression (RE2) that matches anywhere in it."),
    match_type: z
      .enum(["strict", "regexp"])
      .default("strict")
      .describe("Whether `include` and `experimental_match_labels` are texts or regular expressions."),
    experimental_match_labels: z
      .record(z.string(), text())
      .default({})
      .describe("Labels with values; points have to have all of them."),
    action: z
      .enum(["update", "insert", "combine", "group"])
      .describe(
        "`update`: changes the metrics. `insert`: changes copies of them. `combine`: makes one metric of all. `group`: moves them to a resource of their own.",
      ),
    new_name: z
      .string()
      .optional()
      .describe("New name; with `regexp` it may hold groups of `include`, in a config file as `$${1}`."),
    aggregation_type: aggregation(),
    submatch_case: z
      .enum(["lower", "upper"])
      .optional()
      .describe("For `combine`: letter case of the label values that named groups give."),
    group_resource_labels: z
      .record(z.string(), text())
      .optional()
      .describe("For `group`: attributes of the new resource beside those it has."),
    operations: z.array(operationSchema).default([]).describe("What else to change, in this order."),
  })
  .check(({ value: transform, issues }) => {
    const fail = (option: keyof typeof transform | undefined, message: string, ...path: PropertyKey[]) =>
      issues.push({
        code: "custom",
        input: transform,
        path: option === undefined ? [] : [option, ...path],
        message,
      });
    const { action, new_name, match_type, include, experimental_match_labels: labels } = transform;
    if ((action === "insert" || action === "combine") && !new_name)
      fail("new_name", `is required for ${action}`);
    const groups = transform.group_resource_labels;
    if (action === "group" && groups === undefined) fail("group_resource_labels", "is required for group");
    if (action !== "group" && groups !== undefined)
      fail("group_resource_labels", `must not be set for ${action}`);
    if (action !== "combine" && transform.aggregation_type !== undefined) {
      fail("aggregation_type", `must not be set for ${action}`);
    }
    if (action !== "combine" && transform.submatch_case !== undefined) {
      fail("submatch_case", `must not be set for ${action}`);
    }
    if (match_type !== "regexp") return;
    const check = (pattern: string, report: (message: string) => void) => {
      try {
        compileRegex(pattern);
      } catch (error) {
        if (!(error instanceof RegexError)) throw error;
        report(error.message);
      }
    };
    check(include, (message) => fail("include", message));
    for (const [label, pattern] of Object.entries(labels)) {
      check(pattern, (message) => fail("experimental_match_labels", message, label));
    }
  });

export const configSchema = z.strictObject({
  transforms: z
    .array(transformSchema)
    .min(1)
    .describe("Transforms in their order; each works on what those before have left."),
});

export type Config = z.output<typeof configSchema>;
export type TransformConfig = Config["transforms"][number];
export type OperationConfig = TransformConfig["operations"][number];
