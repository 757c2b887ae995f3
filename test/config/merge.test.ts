import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { resolvedValue, resolveTexts } from "./support.ts";

type Value = null | number | readonly number[] | { readonly [key: string]: Value };

const key = fc.constantFrom("a", "b", "c");
const { map } = fc.letrec<{ map: Record<string, Value>; value: Value }>((tie) => ({
  map: fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.constant(null),
    fc.array(fc.integer(), { maxLength: 2 }),
    tie("map"),
  ),
}));

const isMap = (value: unknown): value is Record<string, Value> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function model(base: Value, over: Value): Value {
  if (!isMap(base) || !isMap(over)) return over;
  const result: Record<string, Value> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    result[name] = name in base ? model(base[name] as Value, value) : value;
  }
  return result;
}

const text = (value: unknown) => JSON.stringify(value);

test("files merge left to right like the model", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(map, { minLength: 1, maxLength: 4 }), async (maps) => {
      assert.deepEqual(
        await resolvedValue(maps.map(text)),
        maps.reduce((a, b) => model(a, b) as Record<string, Value>),
      );
    }),
  );
});

test("merging a file with itself or with {} changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(map, async (value) => {
      assert.deepEqual(await resolvedValue([text(value), text(value)]), value);
      assert.deepEqual(await resolvedValue([text(value), "{}"]), value);
      assert.deepEqual(await resolvedValue(["{}", text(value)]), value);
    }),
  );
});

test("every leaf comes from the last file that has it", async () => {
  await fc.assert(
    fc.asyncProperty(map, map, async (a, b) => {
      const { root } = await resolveTexts([text(a), text(b)]);
      const walk = (node: typeof root, over: Value | undefined) => {
        if (node.kind !== "map") {
          assert.equal(node.position.source.name, over === undefined ? "0.yaml" : "1.yaml");
          return;
        }
        for (const entry of node.entries()) walk(entry.node, isMap(over) ? over[entry.key] : undefined);
      };
      for (const entry of root.entries()) walk(entry.node, b[entry.key]);
    }),
  );
});
