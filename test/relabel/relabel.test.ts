// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of regular expressions
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compileRelabelling, relabelSchema } from "../../src/relabel/index.ts";

type Labels = Readonly<Record<string, string>>;

function relabel(rules: readonly unknown[], labels: Labels, isName?: (name: string) => boolean) {
  const map = new Map(Object.entries(labels));
  const keep = compileRelabelling(
    rules.map((rule) => relabelSchema.parse(rule)),
    isName,
  )(map);
  return keep ? Object.fromEntries(map) : undefined;
}

const DROPPED = undefined;

/** Expectations follow the documentation of Prometheus, and for its corners what its relabel package does. */
const cases: readonly (readonly [what: string, rule: unknown, before: Labels, after: Labels | undefined])[] =
  [
    [
      "replace takes a group",
      { source_labels: ["a"], regex: "f(.*)", target_label: "d", replacement: "ch${1}-$1" },
      { a: "foo", b: "bar" },
      { a: "foo", b: "bar", d: "choo-oo" },
    ],
    [
      "replace joins source labels with ; by default",
      { source_labels: ["a", "b"], target_label: "c" },
      { a: "x", b: "y" },
      { a: "x", b: "y", c: "x;y" },
    ],
    [
      "replace joins with the separator, an absent label is empty",
      { source_labels: ["a", "none", "b"], separator: "-", target_label: "c" },
      { a: "x", b: "y" },
      { a: "x", b: "y", c: "x--y" },
    ],
    [
      "replace without a match does nothing",
      { source_labels: ["a"], regex: "nothing", target_label: "a", replacement: "z" },
      { a: "foo" },
      { a: "foo" },
    ],
    [
      "the regex is anchored on both sides",
      { source_labels: ["a"], regex: "oo|fo", target_label: "a", replacement: "z" },
      { a: "foo" },
      { a: "foo" },
    ],
    [
      "a dot matches line feeds",
      { source_labels: ["a"], regex: "x.y", target_label: "b", replacement: "yes" },
      { a: "x\ny" },
      { a: "x\ny", b: "yes" },
    ],
    [
      "an empty result deletes the label",
      { source_labels: ["a"], regex: "(f).*", target_label: "a", replacement: "$2" },
      { a: "foo", b: "bar" },
      { b: "bar" },
    ],
    ["an empty replacement deletes the label", { target_label: "a", replacement: "" }, { a: "foo" }, {}],
    [
      "without source labels the label is set whatever there is",
      { target_label: "a", replacement: "static" },
      {},
      { a: "static" },
    ],
    [
      "the target label may hold groups",
      { source_labels: ["a"], regex: "some-([^-]+)-([^,]+)", target_label: "${1}", replacement: "${2}" },
      { a: "some-name-value" },
      { a: "some-name-value", name: "value" },
    ],
    [
      "an invalid target name does nothing",
      { source_labels: ["a"], regex: "some-([^-]+)-([^,]+)", target_label: "${3}", replacement: "${1}" },
      { a: "some-name-value" },
      { a: "some-name-value" },
    ],
    [
      "$1 takes as many word characters as follow",
      { source_labels: ["a"], regex: "(f).*", target_label: "b", replacement: "$1x" },
      { a: "foo", b: "old" },
      { a: "foo" },
    ],
    [
      "named groups",
      { source_labels: ["a"], regex: "(?P<first>f)(?:.*)", target_label: "b", replacement: "${first}!" },
      { a: "foo" },
      { a: "foo", b: "f!" },
    ],
    [
      "a regex that YAML takes for a number",
      { source_labels: ["code"], regex: 200, target_label: "ok", replacement: true },
      { code: "200" },
      { code: "200", ok: "true" },
    ],
    [
      "keep keeps what matches",
      { action: "keep", source_labels: ["a"], regex: "f.*" },
      { a: "foo" },
      { a: "foo" },
    ],
    ["keep drops the rest", { action: "keep", source_labels: ["a"], regex: "f" }, { a: "foo" }, DROPPED],
    [
      "drop drops what matches",
      { action: "drop", source_labels: ["a"], regex: ".*o" },
      { a: "foo" },
      DROPPED,
    ],
    ["drop keeps the rest", { action: "drop", source_labels: ["a"], regex: "o" }, { a: "foo" }, { a: "foo" }],
    ["drop without regex drops all", { action: "drop", source_labels: ["none"] }, { a: "foo" }, DROPPED],
    [
      "keepequal keeps equal values",
      { action: "keepequal", source_labels: ["a"], target_label: "b" },
      { a: "x", b: "x" },
      { a: "x", b: "x" },
    ],
    [
      "keepequal drops others",
      { action: "keepequal", source_labels: ["a"], target_label: "b" },
      { a: "x", b: "y" },
      DROPPED,
    ],
    [
      "dropequal drops equal values, absent ones too",
      { action: "dropequal", source_labels: ["none"], target_label: "other" },
      { a: "x" },
      DROPPED,
    ],
    [
      "dropequal keeps others",
      { action: "dropequal", source_labels: ["a"], target_label: "b" },
      { a: "x", b: "y" },
      { a: "x", b: "y" },
    ],
    [
      "hashmod takes the last eight bytes of MD5",
      { action: "hashmod", source_labels: ["c"], target_label: "d", separator: ";", modulus: 1000 },
      { a: "foo", b: "bar", c: "baz" },
      { a: "foo", b: "bar", c: "baz", d: "976" },
    ],
    [
      "hashmod of a value with a line feed",
      { action: "hashmod", source_labels: ["a"], target_label: "d", modulus: 1000 },
      { a: "foo\nbar" },
      { a: "foo\nbar", d: "734" },
    ],
    [
      "labelmap copies",
      { action: "labelmap", regex: "(b.*)", replacement: "copy_$1" },
      { a: "foo", b1: "bar", b2: "baz" },
      { a: "foo", b1: "bar", b2: "baz", copy_b1: "bar", copy_b2: "baz" },
    ],
    [
      "labelmap with the default replacement takes the group for the name",
      { action: "LabelMap", regex: "__meta_(.+)" },
      { __meta_zone: "z" },
      { __meta_zone: "z", zone: "z" },
    ],
    ["labeldrop", { action: "labeldrop", regex: "(b.*)" }, { a: "foo", b1: "bar" }, { a: "foo" }],
    ["labelkeep", { action: "labelkeep", regex: "(b.*)" }, { a: "foo", b1: "bar" }, { b1: "bar" }],
    [
      "lowercase",
      { action: "lowercase", source_labels: ["a", "b"], target_label: "c" },
      { a: "FoO", b: "İß" },
      { a: "FoO", b: "İß", c: "foo;iß" },
    ],
    [
      "uppercase",
      { action: "uppercase", source_labels: ["a"], target_label: "a" },
      { a: "straße ﬁ é" },
      { a: "STRAßE ﬁ É" },
    ],
  ];

describe("relabelling", () => {
  for (const [what, rule, before, after] of cases) {
    test(what, () => assert.deepEqual(relabel([rule], before), after));
  }

  test("rules work one after the other, and none after the one that drops", () => {
    const rules = [
      { source_labels: ["a"], target_label: "b" },
      { source_labels: ["b"], regex: "x(.)", target_label: "a", replacement: "$1" },
    ];
    assert.deepEqual(relabel(rules, { a: "xy" }), { a: "y", b: "xy" });
    assert.equal(relabel([{ action: "drop" }, ...rules], { a: "xy" }), undefined);
  });

  test("a check of names turns away what replace makes", () => {
    const legacy = (name: string) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
    const rule = { source_labels: ["a"], target_label: "$1", replacement: "v" };
    assert.deepEqual(relabel([rule], { a: "my.name" }, legacy), { a: "my.name" });
    assert.deepEqual(relabel([rule], { a: "my.name" }), { a: "my.name", "my.name": "v" });
  });

  test("labels called like members of objects are labels like others", () => {
    const map = new Map([["__proto__", "p"]]);
    const rule = { source_labels: ["__proto__"], target_label: "constructor" };
    assert.equal(compileRelabelling([relabelSchema.parse(rule)])(map), true);
    assert.deepEqual(
      [...map],
      [
        ["__proto__", "p"],
        ["constructor", "p"],
      ],
    );
  });

  test("no label ever is empty, whatever the rules", () => {
    const name = fc.constantFrom("a", "b", "c", "d_x");
    const rule = fc.record({
      source_labels: fc.array(name, { maxLength: 3 }),
      target_label: fc.constantFrom("a", "b", "$1", "x_${1}"),
      regex: fc.constantFrom("(.*)", "(a|b)(.*)", "", "[^x]+", "(?i)A(.)"),
      replacement: fc.constantFrom("$1", "", "$2", "lit", "$$"),
    });
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 4 }),
        fc.dictionary(name, fc.string({ minLength: 1 })),
        (rules, labels) => {
          const result = relabel(rules, labels);
          assert.ok(result !== undefined);
          assert.ok(Object.entries(result).every(([key, value]) => key !== "" && value !== ""));
        },
      ),
    );
  });
});

describe("relabel rules are refused that", () => {
  const bad: readonly (readonly [rule: unknown, option: string, message: RegExp])[] = [
    [{ regex: "(", target_label: "a" }, "regex", /invalid regular expression "\("/],
    [{ regex: "(?=x)", target_label: "a" }, "regex", /invalid regular expression/],
    [{ action: "hashmod", source_labels: ["a"], target_label: "b" }, "modulus", /must be set for hashmod/],
    [{}, "target_label", /is required for replace/],
    [{ action: "uppercase", source_labels: ["a"] }, "target_label", /is required for uppercase/],
    [{ action: "keepequal", target_label: "a", regex: "x" }, "regex", /must not be set for keepequal/],
    [
      { action: "labeldrop", source_labels: ["a"], regex: "x" },
      "source_labels",
      /must not be set for labeldrop/,
    ],
    [
      { action: "lowercase", target_label: "a", replacement: "x" },
      "replacement",
      /must not be set for lowercase/,
    ],
    [{ action: "labelmap", replacement: "" }, "replacement", /must not be empty for labelmap/],
  ];
  for (const [rule, option, message] of bad) {
    test(`set ${JSON.stringify(rule)}`, () => {
      const { error } = relabelSchema.safeParse(rule);
      const found = error?.issues.find(({ path }) => path[0] === option);
      assert.match(found?.message ?? "", message);
    });
  }

  test("have an unknown action or option", () => {
    assert.equal(relabelSchema.safeParse({ action: "rename", target_label: "a" }).success, false);
    assert.equal(relabelSchema.safeParse({ target_label: "a", source: ["b"] }).success, false);
  });

  test("are no maps at all", () => {
    for (const rule of [[], [[]], null, "drop", 5])
      assert.ok(relabelSchema.safeParse(rule).error, String(rule));
  });
});
