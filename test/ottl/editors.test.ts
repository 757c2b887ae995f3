import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attributes } from "../../src/metrics/index.ts";
import { batchOf, gauge, metricsOf, point, transform } from "./support.ts";

/** What a statement in the datapoint context makes of the attributes of a point, or the error it meets. */
type Row = readonly [statement: string, before: Attributes, after: Attributes | RegExp];

const tables: Readonly<Record<string, readonly Row[]>> = {
  set: [
    ['set(attributes["a"], "x")', {}, { a: "x" }],
    ['set(attributes["a"], 1)', { a: "x", b: 2 }, { a: 1, b: 2 }],
    ['set(attributes["a"], nil)', { a: 1 }, { a: 1 }],
    ['set(attributes["a"], attributes["none"])', { a: 1 }, { a: 1 }],
    ['set(attributes["a"]["b"]["c"], 1)', {}, { a: { b: { c: 1 } } }],
    ['set(attributes["a"]["b"], 2)', { a: { b: 1, c: 3 } }, { a: { b: 2, c: 3 } }],
    ['set(attributes["a"][1], "z")', { a: ["x", "y"] }, { a: ["x", "z"] }],
    ['set(attributes["a"][2], "z")', {}, { a: [null, null, "z"] }],
    ['set(attributes["a"][5000], 1)', {}, /index 5000 is out of range/],
    ['set(attributes["a"]["b"], 1)', { a: "text" }, /string has no keys/],
    ['set(attributes[attributes["k"]], 1)', { k: "x" }, { k: "x", x: 1 }],
    ["set(attributes, {})", { a: 1 }, {}],
    ['set(attributes, {"x": [1, 2.5]})', { a: 1 }, { x: [1, 2.5] }],
    ['set(attributes["__proto__"], "x")', { a: 1 }, JSON.parse('{"a":1,"__proto__":"x"}')],
    ['set(attributes["a"], attributes["constructor"])', {}, {}],
    ['set(attributes["big"], 9223372036854775807)', {}, { big: 9223372036854775807n }],
    ['set(target = attributes["a"], value = 1)', {}, { a: 1 }],
    ['set(datapoint.attributes["a"], metric.name)', {}, { a: "m" }],
    ['set(attributes["a"], resource.attributes["r"])', {}, { a: "res" }],
    ['set(attributes["a"], scope.name)', {}, { a: "scope" }],
    ['set(attributes["a"], instrumentation_scope.version)', {}, { a: "1.0" }],
    ['set(attributes["a"], 0x0102)', {}, { a: Uint8Array.of(1, 2) }],
    ['set(attributes["t"], METRIC_DATA_TYPE_SUM)', {}, { t: 2 }],
    ['set(attributes["t"], metric.type)', {}, { t: 1 }],
    ['set(attributes["t"], metric.is_monotonic)', {}, {}],
  ],
  "delete and keep": [
    ['delete_key(attributes, "a")', { a: 1, b: 2 }, { b: 2 }],
    ['delete_key(attributes, "none")', { a: 1 }, { a: 1 }],
    ['delete_key(attributes["m"], "x")', { m: { x: 1, y: 2 } }, { m: { y: 2 } }],
    ['delete_key(attributes["m"], "x")', { m: "text" }, /is string, not a map/],
    ['delete_key(attributes["none"], "x")', { a: 1 }, { a: 1 }],
    ['delete_matching_keys(attributes, "(?i).*password.*")', { PassWord: 1, user: 2 }, { user: 2 }],
    ['keep_matching_keys(attributes, "^k8s\\\\.")', { "k8s.pod": 1, k8s_x: 2 }, { "k8s.pod": 1 }],
    ['keep_keys(attributes, ["a", "z"])', { a: 1, b: 2 }, { a: 1 }],
    ["keep_keys(attributes, [])", { a: 1 }, {}],
    ['delete_index(attributes["l"], 0)', { l: [1, 2, 3] }, { l: [2, 3] }],
    ['delete_index(attributes["l"], 1, 3)', { l: [1, 2, 3] }, { l: [1] }],
    ['delete_index(attributes["l"], Len(attributes["l"]) - 1)', { l: [1, 2] }, { l: [1] }],
    ['delete_index(attributes["l"], 2, 2)', { l: [1, 2] }, { l: [1, 2] }],
    ['delete_index(attributes["l"], 5)', { l: [1] }, /no range in a list of 1/],
    ['delete_index(attributes["l"], 0)', { l: "x" }, /is string, not a list/],
  ],
  "limits and merging": [
    ['limit(attributes, 2, ["c"])', { a: 1, b: 2, c: 3, d: 4 }, { a: 1, c: 3 }],
    ["limit(attributes, 5, [])", { a: 1 }, { a: 1 }],
    ["limit(attributes, 0, [])", { a: 1 }, {}],
    ["truncate_all(attributes, 3)", { a: "abcdef", b: 12345, c: "äöü" }, { a: "abc", b: 12345, c: "ä" }],
    ['truncate_all(attributes, 5, true, "...")', { a: "abcdef" }, { a: "ab..." }],
    [
      'truncate_all(attributes, 4, truncation_marker = "!")',
      { a: "abcdef", b: "abcd" },
      { a: "abc!", b: "abcd" },
    ],
    ['merge_maps(attributes, {"a": 9, "b": 2}, "insert")', { a: 1 }, { a: 1, b: 2 }],
    ['merge_maps(attributes, {"a": 9, "b": 2}, "update")', { a: 1 }, { a: 9 }],
    ['merge_maps(attributes, {"a": 9, "b": 2}, "upsert")', { a: 1 }, { a: 9, b: 2 }],
    [
      'merge_maps(attributes, ParseJSON(attributes["j"]), "upsert")',
      { j: '{"x":{"y":1}}' },
      { j: '{"x":{"y":1}}', x: { y: 1 } },
    ],
    ['merge_maps(attributes, resource.attributes, "insert")', {}, { r: "res" }],
    ['merge_maps(attributes["new"], {"a": 1}, "upsert")', {}, { new: { a: 1 } }],
    [
      'merge_maps(attributes, attributes["none"], "insert")',
      {},
      /argument "source" of merge_maps must be a map, got nil/,
    ],
    ['append(attributes["l"], "c")', { l: ["a"] }, { l: ["a", "c"] }],
    ['append(attributes["l"], values = ["x", "y"])', {}, { l: ["x", "y"] }],
    ['append(attributes["l"], 2)', { l: 1 }, { l: [1, 2] }],
    ['append(attributes["l"], attributes["m"])', { l: [1], m: [2, 3] }, { l: [1, 2, 3], m: [2, 3] }],
    ['append(attributes["l"], 1)', { l: { a: 1 } }, /is a map and cannot be appended to/],
    [
      "stringify_all(attributes)",
      { a: 1, b: 2.5, c: true, d: "x", e: [1], f: { g: 1 } },
      { a: "1", b: "2.5", c: "true", d: "x", e: "[1]", f: '{"g":1}' },
    ],
    ["stringify_all(attributes)", { a: null, b: Uint8Array.of(1) }, { a: "", b: "AQ==" }],
  ],
  flatten: [
    [
      "flatten(attributes)",
      { name: "test", address: { street: "first", house: 1234 }, occupants: ["user 1", "user 2"] },
      {
        name: "test",
        "address.street": "first",
        "address.house": 1234,
        "occupants.0": "user 1",
        "occupants.1": "user 2",
      },
    ],
    ['flatten(attributes, "app")', { a: { b: 1 }, c: 2 }, { "app.a.b": 1, "app.c": 2 }],
    ["flatten(attributes, depth = 2)", { "0": { "1": { "2": { "3": 4 } } } }, { "0.1.2": { "3": 4 } }],
    ["flatten(attributes, depth = 0)", { a: { b: 1 } }, { a: { b: 1 } }],
    [
      "flatten(attributes, resolveConflicts = true)",
      { a: { b: "first" }, "a.b": "second", l: ["x", "y"] },
      { "a.b": "first", "a.b.0": "second", l: "x", "l.0": "y" },
    ],
  ],
  replace: [
    [
      'replace_pattern(attributes["c"], "password=[^\\\\s]*(\\\\s?)", "password=***$1")',
      { c: "x password=1 y" },
      { c: "x password=*** y" },
    ],
    [
      'replace_pattern(attributes["n"], "^kube_([0-9A-Za-z]+_)", "k8s.$1.")',
      { n: "kube_pod_x" },
      { n: "k8s.pod_.x" },
    ],
    ['replace_pattern(attributes["n"], "a", "b")', { n: 1 }, { n: 1 }],
    ['replace_pattern(attributes["n"], "a", "b")', {}, {}],
    [
      'replace_pattern(attributes["n"], "b+", "$0", MD5)',
      { n: "abbc" },
      { n: "a21ad0bd836b90d08f4cf640b4c298e7cc" },
    ],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of Go
      'replace_pattern(attributes["n"], "(?P<x>b)", "${x}${x}", ToUpperCase, "<%s>")',
      { n: "abc" },
      { n: "a<BB>c" },
    ],
    [
      'replace_pattern(attributes["n"], attributes["p"], "-")',
      { n: "a1b", p: "\\d" },
      { n: "a-b", p: "\\d" },
    ],
    [
      'replace_match(attributes["t"], "/user/*/list/*", "/user/{userId}")',
      { t: "/user/1/list/2" },
      { t: "/user/{userId}" },
    ],
    ['replace_match(attributes["t"], "/user/*", "x")', { t: "/user/1/list" }, { t: "/user/1/list" }],
    ['replace_match(attributes["t"], "[a-c]?z", "ok")', { t: "bxz" }, { t: "ok" }],
    ['replace_match(attributes["t"], "*", "x", ToUpperCase, "(%s)")', { t: "abc" }, { t: "(X)" }],
    [
      'replace_all_matches(attributes, "/a/*", "/a/{id}")',
      { x: "/a/1", y: "/b/1", z: 1 },
      { x: "/a/{id}", y: "/b/1", z: 1 },
    ],
    [
      'replace_all_patterns(attributes, "value", "/account/\\\\d{4}", "/account/{id}")',
      { a: "/account/1234", b: 1 },
      { a: "/account/{id}", b: 1 },
    ],
    [
      'replace_all_patterns(attributes, "key", "^kube_([0-9A-Za-z]+_)", "k8s.$1.")',
      { kube_pod_ip: 1, x: 2 },
      { "k8s.pod_.ip": 1, x: 2 },
    ],
    [
      'replace_all_patterns(attributes, "key", "^kube_", "$0", ToUpperCase, "k8s.%s")',
      { kube_a: 1 },
      { "k8s.KUBE_a": 1 },
    ],
  ],
  where: [
    ['set(attributes["r"], 1) where attributes["a"] == "x"', { a: "x" }, { a: "x", r: 1 }],
    ['set(attributes["r"], 1) where attributes["a"] == "x"', { a: "y" }, { a: "y" }],
    ['set(attributes["r"], 1) where attributes["a"] == nil', {}, { r: 1 }],
    ['set(attributes["r"], 1) where attributes["a"] == nil', { a: null }, { a: null, r: 1 }],
    ['set(attributes["r"], 1) where attributes["a"] != nil', { a: 0 }, { a: 0, r: 1 }],
    ['set(attributes["r"], 1) where attributes["a"] > 1', { a: 1.5 }, { a: 1.5, r: 1 }],
    ['set(attributes["r"], 1) where attributes["a"] > 1', { a: "2" }, { a: "2" }],
    ['set(attributes["r"], 1) where attributes["a"] != 1', { a: "1" }, { a: "1", r: 1 }],
    [
      'set(attributes["r"], 1) where attributes["a"] <= attributes["b"]',
      { a: 2, b: 2.5 },
      { a: 2, b: 2.5, r: 1 },
    ],
    ['set(attributes["r"], 1) where attributes["a"] < attributes["b"]', { a: 1 }, { a: 1 }],
    ['set(attributes["r"], 1) where not attributes["a"] == 1', { a: 2 }, { a: 2, r: 1 }],
    ['set(attributes["r"], 1) where true or false and false', {}, { r: 1 }],
    ['set(attributes["r"], 1) where (true or false) and false', {}, {}],
    ['set(attributes["r"], 1) where not true or true', {}, { r: 1 }],
    ['set(attributes["r"], 1) where not (true or true)', {}, {}],
    ['set(attributes["r"], 1) where 1 + 2 * 3 == 7 and (1 + 2) * 3 == 9', {}, { r: 1 }],
    ['set(attributes["r"], 1) where attributes["b"] > false', { b: true }, { b: true, r: 1 }],
    ['set(attributes["r"], 1) where attributes["l"] == [1, "a"]', { l: [1, "a"] }, { l: [1, "a"], r: 1 }],
    [
      'set(attributes["r"], 1) where attributes["m"] == {"b": 2, "a": 1}',
      { m: { a: 1, b: 2 } },
      { m: { a: 1, b: 2 }, r: 1 },
    ],
    ['set(attributes["r"], 1) where attributes["m"] > {}', { m: { a: 1 } }, { m: { a: 1 } }],
    [
      'set(attributes["r"], 1) where attributes["x"] == 0x01',
      { x: Uint8Array.of(1) },
      { x: Uint8Array.of(1), r: 1 },
    ],
    ['set(attributes["r"], 1) where "a" < "b" and "a" <= "a"', {}, { r: 1 }],
    [
      'set(attributes["r"], 1) where IsMatch(metric.name, "^m$") and metric.type == METRIC_DATA_TYPE_GAUGE',
      {},
      { r: 1 },
    ],
    ['set(attributes["r"], 1) where datapoint.value_double > 1.0', {}, { r: 1 }],
    ['set(attributes["r"], 1) where value_double == 1.5 and value_int == 0', {}, { r: 1 }],
    ['set(attributes["r"], 1) where nil == nil', {}, { r: 1 }],
    ['set(attributes["r"], 1) where Unix(1) < Unix(2) and Duration("1s") >= Duration("1s")', {}, { r: 1 }],
    ['set(attributes["r"], 1) where IsMatch(attributes["a"], "(")', {}, /never/],
  ],
  math: [
    ['set(attributes["r"], 7 / 2)', {}, { r: 3 }],
    ['set(attributes["r"], -7 / 2)', {}, { r: -3 }],
    ['set(attributes["r"], 7.0 / 2.0)', {}, { r: 3.5 }],
    ['set(attributes["r"], .5 + 1e1)', {}, { r: 10.5 }],
    ['set(attributes["r"], 2 * (3 - 5) - -1)', {}, { r: -3 }],
    ['set(attributes["r"], attributes["a"] + 1)', { a: 2 }, { a: 2, r: 3 }],
    ['set(attributes["r"], attributes["a"] + 1)', { a: 2.5 }, /cannot calculate float \+ int/],
    ['set(attributes["r"], attributes["a"] + 1)', {}, /cannot calculate nil \+ int/],
    ['set(attributes["r"], attributes["a"] / attributes["b"])', { a: 1, b: 0 }, /division by zero/],
    ['set(attributes["r"], attributes["a"] / attributes["b"])', { a: 1.5, b: -0 }, /division by zero/],
    ['set(attributes["r"], 9223372036854775807 + 1)', {}, { r: -9223372036854775808n }],
    ['set(attributes["r"], -attributes["a"])', { a: 2 }, { a: 2, r: -2 }],
    ['set(attributes["r"], -attributes["a"])', { a: "x" }, /cannot negate string/],
    ['set(attributes["r"], datapoint.value_double * 2.0)', {}, { r: 3 }],
    ['set(attributes["r"], Double(attributes["a"]) * 1.5)', { a: 3 }, { a: 3, r: 4.5 }],
    ['set(attributes["r"], Len(attributes["l"]) * 2 + 1)', { l: [1, 2] }, { l: [1, 2], r: 5 }],
  ],
};

for (const [name, rows] of Object.entries(tables)) {
  test(`editors: ${name}`, async (t) => {
    for (const [statement, before, after] of rows) {
      await t.test(`${statement} of ${Object.keys(before).join()}`, () => {
        const input = batchOf([gauge("m", [point(1.5, before)])], { r: "res" });
        if (after instanceof RegExp && after.source === "never") {
          assert.throws(
            () => transform(input, statement, { context: "datapoint" }),
            /invalid regular expression/,
          );
          return;
        }
        const { output, errors } = transform(input, statement, { context: "datapoint" });
        const result = metricsOf(output)[0]?.dataPoints[0]?.attributes;
        if (after instanceof RegExp) {
          assert.match(errors.join("\n"), after);
          assert.deepEqual(result, before);
        } else {
          assert.deepEqual(errors, []);
          assert.deepEqual(result, after);
        }
      });
    }
  });
}
