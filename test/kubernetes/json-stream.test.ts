import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonLines, ListReader } from "../../src/kubernetes/json-stream.ts";

/** Cuts a buffer at arbitrary places, in the middle of characters too. */
function cut(body: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (body.length + 1)))].sort((a, b) => a - b);
  return [...ends, body.length].map((end, i) => body.subarray(ends[i - 1] ?? 0, end));
}

const places = fc.array(fc.nat(), { maxLength: 30 });
const value = fc.jsonValue({ maxDepth: 4 });
const item = fc.dictionary(fc.string({ unit: "binary" }), value, { maxKeys: 5 });

test("a list gives its items and its envelope, however it is cut, ordered and spaced", () => {
  const envelope = fc.record({
    resourceVersion: fc.stringMatching(/^[0-9]{1,10}$/),
    continue: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    remainingItemCount: fc.option(fc.nat(), { nil: undefined }),
  });
  const before = fc.dictionary(
    fc.string().filter((key) => !["items", "metadata", "__proto__"].includes(key)),
    value,
  );
  fc.assert(
    fc.property(
      fc.array(item),
      envelope,
      before,
      fc.boolean(),
      fc.constantFrom(0, 1, 3),
      places,
      (items, metadata, other, itemsFirst, indent, ends) => {
        const list = itemsFirst
          ? { items, ...other, metadata }
          : { ...other, metadata, kind: "items", items };
        const got: unknown[] = [];
        const reader = new ListReader((one) => got.push(one));
        for (const chunk of cut(Buffer.from(JSON.stringify(list, undefined, indent)), ends))
          reader.push(chunk);
        const end = reader.end();
        assert.deepEqual(got, JSON.parse(JSON.stringify(items)));
        assert.deepEqual(end, { resourceVersion: metadata.resourceVersion, continue: metadata.continue });
      },
    ),
  );
});

test("a list that is cut short or broken is never taken for a whole one", () => {
  const body = Buffer.from('{"metadata":{"resourceVersion":"7"},"items":[{"a":"]}\\""},{"b":[{}]}]}');
  for (let length = 0; length < body.length; length++) {
    const reader = new ListReader(() => {});
    reader.push(body.subarray(0, length));
    assert.throws(() => reader.end(), { name: "ApiError", reason: "garbage" }, `at ${length}`);
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const reader = new ListReader(() => {});
      try {
        reader.push(Buffer.from(text));
        reader.end();
      } catch (error) {
        assert.equal((error as Error).name, "ApiError");
      }
    }),
  );
});

test("an empty list may be null", () => {
  const reader = new ListReader(() => assert.fail());
  reader.push(Buffer.from('{"items":null,"metadata":{"resourceVersion":"1"}}'));
  assert.deepEqual(reader.end(), { resourceVersion: "1", continue: undefined });
});

test("an object above the bound is refused before it is complete", () => {
  const reader = new ListReader(() => assert.fail(), 100);
  reader.push(Buffer.from(`{"items":[{"a":"${"x".repeat(50)}`));
  assert.throws(
    () => reader.push(Buffer.from("y".repeat(60))),
    /an object of a list is larger than 100 bytes/,
  );
  const lines = new JsonLines(() => assert.fail(), 100);
  lines.push(Buffer.from("x".repeat(90)));
  assert.throws(() => lines.push(Buffer.from("x".repeat(20))), /a line of a watch is larger than 100 bytes/);
});

test("lines come whole, in order, however they are cut; the last one only with its end", () => {
  fc.assert(
    fc.property(fc.array(value), places, (values, ends) => {
      const got: unknown[] = [];
      const lines = new JsonLines((one) => got.push(one));
      const text = values.map((one) => `${JSON.stringify(one)}\n`).join("\n");
      for (const chunk of cut(Buffer.from(`${text}{"half`), ends)) lines.push(chunk);
      assert.deepEqual(got, JSON.parse(JSON.stringify(values)));
    }),
  );
});
