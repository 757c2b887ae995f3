import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  compileConditions,
  compileStatements,
  OttlError,
  parseCondition,
  parseStatement,
  printExpression,
  printStatement,
} from "../../src/ottl/index.ts";

/** Without the columns, which printing does not keep. */
function withoutColumns(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutColumns);
  if (typeof node !== "object" || node === null || node instanceof Uint8Array) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== "column")
      .map(([key, value]) => [key, withoutColumns(value)]),
  );
}

const lower = fc.constantFrom("metric", "resource", "attributes", "name", "cache", "value_double", "x1", "v");
const upper = fc.constantFrom("Concat", "IsMatch", "SHA256", "METRIC_DATA_TYPE_SUM", "Len");
const literal = fc
  .oneof(
    fc.string({ unit: "binary" }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc.constant(undefined),
  )
  .map((value) => ({ kind: "literal", value }));

const { condition, value } = fc.letrec<{ value: unknown; condition: unknown; call: unknown; path: unknown }>(
  (tie) => ({
    path: fc
      .array(fc.record({ name: lower, keys: fc.array(tie("value"), { maxLength: 2 }) }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((segments) => ({ kind: "path", segments })),
    call: fc
      .record({
        name: upper,
        args: fc.array(
          fc.oneof(
            fc.record({ value: fc.oneof(tie("value"), tie("condition")) }),
            fc.record({ name: lower, value: tie("value") }),
            fc
              .record({
                parameters: fc.uniqueArray(fc.constantFrom("a", "b", "_"), { maxLength: 2 }),
                body: tie("condition"),
              })
              .map((lambda) => ({ value: { kind: "lambda", ...lambda } })),
          ),
          { maxLength: 3 },
        ),
        keys: fc.array(tie("value"), { maxLength: 1 }),
      })
      .map((call) => ({ kind: "call", ...call })),
    value: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      literal,
      upper.map((name) => ({ kind: "name", name })),
      tie("path"),
      tie("call"),
      fc.array(tie("value"), { maxLength: 3 }).map((items) => ({ kind: "list", items })),
      fc
        .array(fc.record({ key: fc.string(), value: tie("value") }), { maxLength: 2 })
        .map((entries) => ({ kind: "map", entries })),
      tie("path").map((operand) => ({ kind: "negate", operand })),
      fc.record({
        kind: fc.constant("math"),
        operator: fc.constantFrom("+", "-", "*", "/"),
        left: tie("value"),
        right: tie("value"),
      }),
    ),
    condition: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      tie("value"),
      fc.record({
        kind: fc.constant("compare"),
        operator: fc.constantFrom("==", "!=", "<", ">", "<=", ">="),
        left: tie("value"),
        right: tie("value"),
      }),
      fc.record({
        kind: fc.constant("logic"),
        operator: fc.constantFrom("and", "or"),
        left: tie("condition"),
        right: tie("condition"),
      }),
      tie("condition").map((operand) => ({ kind: "not", operand })),
    ),
  }),
);

test("what is printed is parsed into the same tree", () => {
  fc.assert(
    fc.property(condition, (tree) => {
      const text = printExpression(tree as never);
      assert.deepEqual(withoutColumns(parseCondition(text)), withoutColumns(tree), text);
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(value, fc.option(condition, { nil: undefined }), (argument, where) => {
      const tree = {
        editor: { kind: "call", name: "set", args: [{ value: argument }], keys: [] },
        ...(where !== undefined && { where }),
      };
      const text = printStatement(tree as never);
      assert.deepEqual(withoutColumns(parseStatement(text)), withoutColumns(tree), text);
    }),
    { numRuns: 500 },
  );
});

const words = fc.constantFrom(
  ...'set ( ) [ ] { } , . : = == => != < > + - * / and or not where true nil 1 2.5 .5 0xff 0x "a" "\\\\d" " _ attributes datapoint metric name value_double resource cache Concat Len Filter IsMatch METRIC_DATA_TYPE_SUM SHA256 replace_pattern delete_key'.split(
    " ",
  ),
);

test("any text is compiled or refused with a place in it", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(words, { maxLength: 25 }).map((parts) => parts.join(" ")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const outcomes = [compileStatements({ statements: [text] }), compileConditions({ conditions: [text] })];
      for (const { problems } of outcomes) {
        for (const { error } of problems) {
          assert.ok(error instanceof OttlError);
          assert.ok(error.column >= 1 && error.column <= text.length + 1, `${error.column} in ${text}`);
        }
      }
    }),
    { numRuns: 3000 },
  );
});

test("precedence and associativity are those of OTTL", () => {
  const rows: readonly (readonly [text: string, printed: string])[] = [
    ["1 + 2 * 3 - 4", "(1 + (2 * 3)) - 4"],
    ["a.b == 1 or not c.d == 2 and e.f == 3", "(a.b == 1) or ((not (c.d == 2)) and (e.f == 3))"],
    ["not (true or false)", "not (true or false)"],
    ["-a.b * 2", "(-a.b) * 2"],
    ["1 - -1", "1 - (-1)"],
    ["+1", "1"],
    [".5 == 5e-1", "0.5 == 0.5"],
    ['a.b["x"][0] == {"k": [nil, 0x0F]}["k"]'.slice(0, 33), 'a.b["x"][0] == {"k": [nil, 0x0f]}'],
    ['F(a = 1, (x, _) => x == 1)["k"]', 'F(a = 1, (x, _) => x == 1)["k"]'],
    ['"\\u00e4\\x41\\101\\n" == "äAA"', '"äAA\\n" == "äAA"'],
  ];
  for (const [text, printed] of rows) assert.equal(printExpression(parseCondition(text)), printed);
});
