import type { Expression } from "../syntax/ast.ts";

/** What a column says about a point without its whole value. */
const plainFields = [
  "attributes",
  "value_double",
  "value_int",
  "flags",
  "time",
  "time_unix_nano",
  "start_time",
  "start_time_unix_nano",
];

/** Whether of what points hold besides their attributes only their number is read. */
export function readsOnlyNumbers(node: Expression | undefined): boolean {
  return node === undefined || readsOnly(node, ["attributes", "value_double", "value_int"]);
}

/** Whether no count, sum, bucket or exemplar of a point is read. */
export function readsOnlyPlainFields(node: Expression): boolean {
  return readsOnly(node, plainFields);
}

/** `field` or `datapoint.field`. */
export function isField(node: Expression, names: readonly string[]): boolean {
  return (
    node.kind === "path" && node.segments.length <= 2 && names.includes(node.segments.at(-1)?.name ?? "")
  );
}

function readsOnly(node: Expression, fields: readonly string[]): boolean {
  const each = (nodes: readonly Expression[]) => nodes.every((inner) => readsOnly(inner, fields));
  switch (node.kind) {
    case "literal":
    case "name":
      return true;
    case "path": {
      const [first, second] = node.segments;
      const isOfPoint = first.name === "datapoint" || second === undefined;
      return (!isOfPoint || isField(node, fields)) && each(node.segments.flatMap(({ keys }) => keys));
    }
    case "call":
      return each([...node.args.map(({ value }) => value), ...node.keys]);
    case "list":
      return each(node.items);
    case "map":
      return each(node.entries.map(({ value }) => value));
    case "lambda":
      return readsOnly(node.body, fields);
    case "negate":
    case "not":
      return readsOnly(node.operand, fields);
    case "math":
    case "compare":
    case "logic":
      return each([node.left, node.right]);
  }
}
