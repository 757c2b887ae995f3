import { defineFunction, type FunctionDefinition, literal, string } from "./parameter.ts";

/** Whether any point of a metric has an attribute; for conditions in the metric context. */
export const pointTests: readonly FunctionDefinition[] = [
  defineFunction({
    name: "HasAttrKeyOnDatapoint",
    parameters: { key: literal(string()) },
    returns: "bool",
    contexts: ["metric"],
    effects: { spansPoints: true },
    build:
      ({ key }) =>
      ({ metric }) =>
        metric.points.some(({ attributes }) => Object.hasOwn(attributes, key)),
  }),
  defineFunction({
    name: "HasAttrOnDatapoint",
    parameters: { key: literal(string()), expected_val: literal(string()) },
    returns: "bool",
    contexts: ["metric"],
    effects: { spansPoints: true },
    build:
      ({ key, expected_val }) =>
      ({ metric }) =>
        metric.points.some(
          ({ attributes }) => Object.hasOwn(attributes, key) && attributes[key] === expected_val,
        ),
  }),
];
