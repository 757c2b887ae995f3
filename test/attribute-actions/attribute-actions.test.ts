import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { actionSchema, prepareActions } from "../../src/attribute-actions/index.ts";
import type { Attributes } from "../../src/metrics/index.ts";

function act(actions: readonly object[], attributes: Attributes): Attributes {
  return prepareActions(actions.map((action) => actionSchema.parse(action)))()(attributes);
}

const sha256 = (input: string | Uint8Array) => createHash("sha256").update(input).digest("hex");
const int64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
};

test("each action does what it says, and nothing where it does not apply", () => {
  const rows: readonly (readonly [actions: object[], input: Attributes, output: Attributes])[] = [
    [[{ key: "a", action: "insert", value: 1 }], {}, { a: 1 }],
    [[{ key: "a", action: "insert", value: 1 }], { a: 2 }, { a: 2 }],
    [[{ key: "a", action: "update", value: "x" }], {}, {}],
    [[{ key: "a", action: "update", value: "x" }], { a: 2 }, { a: "x" }],
    [[{ key: "a", action: "upsert", value: true }], {}, { a: true }],
    [[{ key: "a", action: "UPSERT", value: [1, "b"] }], { a: 2 }, { a: [1, "b"] }],
    [[{ key: "a", action: "upsert", from_attribute: "b" }], { b: "v" }, { b: "v", a: "v" }],
    [[{ key: "a", action: "upsert", from_attribute: "b" }], { a: 1 }, { a: 1 }],
    [[{ key: "a", action: "insert", from_attribute: "b" }], { a: 1, b: 2 }, { a: 1, b: 2 }],
    [[{ key: "a", action: "insert", from_attribute: "b", default_value: 0 }], {}, { a: 0 }],
    [[{ key: "a", action: "upsert", from_attribute: "b", default_value: 0 }], { b: 2 }, { b: 2, a: 2 }],
    [[{ key: "a", action: "update", from_attribute: "b", default_value: [1] }], { a: 1 }, { a: [1] }],
    [[{ key: "a", action: "update", from_context: "metadata.x", default_value: "none" }], {}, {}],
    [[{ key: "a", action: "insert", from_context: "metadata.x", default_value: "none" }], {}, { a: "none" }],
    [[{ key: "a", action: "insert", default_value: false }], {}, { a: false }],
    [[{ key: "a", action: "insert", value: 1, default_value: 2 }], {}, { a: 1 }],
    [[{ key: "a", action: "delete" }], { a: 1, ab: 2 }, { ab: 2 }],
    [[{ pattern: "^a", action: "delete" }], { a: 1, ab: 2, ba: 3 }, { ba: 3 }],
    [[{ key: "c", pattern: "b$", action: "delete" }], { a: 1, ab: 2, c: 3 }, { a: 1 }],
    [[{ key: "a", action: "hash" }], { a: "web" }, { a: sha256("web") }],
    [
      [{ pattern: "ip$", action: "hash" }],
      { ip: "1", guest_ip: "2" },
      { ip: sha256("1"), guest_ip: sha256("2") },
    ],
    [[{ key: "a", action: "hash" }], { a: 42 }, { a: sha256(int64(42n)) }],
    [[{ key: "a", action: "hash" }], { a: -1n }, { a: sha256(int64(-1n)) }],
    [[{ key: "a", action: "hash" }], { a: true }, { a: sha256(Uint8Array.of(1)) }],
    [
      [{ key: "url", action: "extract", pattern: "^(?P<proto>.*)://(?P<host>[^/]+)" }],
      { url: "https://x.example/y" },
      { url: "https://x.example/y", proto: "https", host: "x.example" },
    ],
    [[{ key: "url", action: "extract", pattern: "^(?P<proto>.*)://" }], { url: "x" }, { url: "x" }],
    [
      [{ key: "port", action: "extract", pattern: "(?P<last>.)$" }],
      { port: 8443 },
      { port: 8443, last: "3" },
    ],
    [[{ key: "a", action: "convert", converted_type: "int" }], { a: "123" }, { a: 123 }],
    [[{ key: "a", action: "convert", converted_type: "int" }], { a: "1.5" }, { a: "1.5" }],
    [[{ key: "a", action: "convert", converted_type: "int" }], { a: -1.9 }, { a: -1 }],
    [[{ key: "a", action: "convert", converted_type: "int" }], { a: true }, { a: 1 }],
    [
      [{ key: "a", action: "convert", converted_type: "int" }],
      { a: "9007199254740993" },
      { a: 9007199254740993n },
    ],
    [
      [{ key: "a", action: "convert", converted_type: "int" }],
      { a: "9223372036854775808" },
      { a: "9223372036854775808" },
    ],
    [[{ key: "a", action: "convert", converted_type: "double" }], { a: "1.5e3" }, { a: 1500 }],
    [[{ key: "a", action: "convert", converted_type: "double" }], { a: "abc" }, { a: "abc" }],
    [[{ key: "a", action: "convert", converted_type: "string" }], { a: 7 }, { a: "7" }],
    [
      [{ key: "a", action: "convert", converted_type: "string" }],
      { a: [1, { b: "c" }] },
      { a: '[1,{"b":"c"}]' },
    ],
    [
      [
        { key: "vm", action: "upsert", from_attribute: "name" },
        { key: "name", action: "delete" },
        { key: "name", action: "insert", value: "gone" },
      ],
      { name: "web" },
      { vm: "web", name: "gone" },
    ],
  ];
  for (const [actions, input, output] of rows) {
    assert.deepEqual(act(actions, Object.freeze(input)), output, JSON.stringify(actions));
  }
});

test("the same attributes give the same frozen object, and stay themselves where nothing changes", () => {
  const actions = prepareActions([actionSchema.parse({ key: "a", action: "update", value: 1 })])();
  const changed = { a: 2 };
  const untouched = { b: 2 };
  assert.equal(actions(untouched), untouched);
  assert.equal(actions({ ...untouched, a: 1 })["a"], 1);
  assert.equal(actions(changed), actions(changed));
  assert.ok(Object.isFrozen(actions(changed)));
  const same = { a: 1 };
  assert.equal(actions(same), same);
});

test("an attribute named like what every object has is an attribute like any other", () => {
  assert.deepEqual(act([{ key: "constructor", action: "update", value: 1 }], {}), {});
  assert.deepEqual(act([{ key: "toString", action: "insert", value: 1 }], {}), { toString: 1 });
});

test("what makes no sense is refused with the option that is wrong", () => {
  const rows: readonly (readonly [action: object, path: string, message: RegExp])[] = [
    [{ key: "a", action: "insert" }, "", /insert needs value, from_attribute or from_context/],
    [{ key: "a", action: "insert", value: 1, from_attribute: "b" }, "from_attribute", /cannot be combined/],
    [{ action: "insert", value: 1 }, "key", /is required for insert/],
    [{ action: "delete" }, "key", /is required for delete without a pattern/],
    [{ key: "a", action: "delete", value: 1 }, "value", /must not be set for delete/],
    [{ key: "a", action: "hash", from_attribute: "b" }, "from_attribute", /must not be set for hash/],
    [{ key: "a", action: "delete", default_value: 1 }, "default_value", /must not be set for delete/],
    [{ key: "a", action: "extract" }, "pattern", /is required for extract/],
    [{ key: "a", action: "extract", pattern: "x" }, "pattern", /no named group/],
    [{ key: "a", action: "extract", pattern: "(?P<b>x)(y)" }, "pattern", /group without a name/],
    [{ key: "a", action: "extract", pattern: "(?P<b>x" }, "pattern", /missing closing/],
    [{ action: "delete", pattern: "(" }, "pattern", /invalid regular expression/],
    [{ key: "a", action: "upsert", value: 1, pattern: "x" }, "pattern", /must not be set for upsert/],
    [{ key: "a", action: "convert" }, "converted_type", /is required for convert/],
    [{ key: "a", action: "upsert", value: 1, converted_type: "int" }, "converted_type", /must not be set/],
    [
      { key: "a", action: "upsert", from_context: "client.port" },
      "from_context",
      /must be metadata\.<header>, auth/,
    ],
    [{ key: "a", action: "upsert", from_context: "metadata." }, "from_context", /not "metadata\."/],
    [{ key: "a", action: "upsert", from_context: "auth" }, "from_context", /not "auth"/],
    [{ key: "a", action: "upsert", from_context: "" }, "from_context", /not ""/],
    [{ key: "a", action: "upsert", value: 1, from_context: "x" }, "from_context", /combined with value/],
    [{ key: "a", action: "delete", from_context: "x" }, "from_context", /must not be set for delete/],
    [{ key: "a", action: "rename", value: 1 }, "action", /insert/],
  ];
  for (const [action, path, message] of rows) {
    const { error } = actionSchema.safeParse(action);
    assert.ok(error, JSON.stringify(action));
    assert.equal(error.issues[0]?.path.join("."), path, JSON.stringify(action));
    assert.match(error.issues[0]?.message ?? "", message);
  }
});
