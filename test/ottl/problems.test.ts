import assert from "node:assert/strict";
import { test } from "node:test";
import { type ContextName, compileConditions } from "../../src/ottl/index.ts";
import { problemOf } from "./support.ts";

type Row = readonly [
  statement: string,
  column: number,
  message: RegExp,
  hint?: RegExp | undefined,
  context?: ContextName,
];

const rows: readonly Row[] = [
  // Lexer
  ["", 1, /statement is empty/],
  ['set(metric.name, "x', 18, /string is not closed/],
  ["set(metric.name, 'x')", 18, /unexpected character "'"/, /double quotes/],
  ['set(metric.name, "\\d")', 19, /unknown escape \\d/, /\\\\d/],
  ["set(metric.name, 0x1)", 18, /even number of hex digits/],
  ["set(metric.name, 12ab)", 18, /malformed number "12a"/],
  ["set(metric.name, 99999999999999999999)", 18, /does not fit into 64 bits/],
  ["set(metric.name, 9223372036854775808)", 18, /does not fit into 64 bits/],
  ["set(metric.name § 1)", 17, /unexpected character "§"/],
  // Parser
  ["metric.name", 1, /expected an editor/],
  ['Concat(["a"], "")', 1, /Concat is a converter/, /set\(target, Concat/],
  ['set(metric.name "x")', 17, /expected "\)" behind the arguments of set, got "x"/],
  ['set(metric.name, "x"', 21, /expected "\)" behind the arguments of set, got the end/],
  ['set(metric.name, "x") where', 28, /unexpected end, expected a value/],
  ['set(metric.name, "x") if true', 23, /unexpected "if"/],
  ['set(metric.name, "x")["a"]', 23, /no value to index/],
  ['set(metric., "x")', 12, /expected a field name behind ".", got ","/],
  ['set(metric.name, "x") where metric.unit = "s"', 41, /unexpected "="/, /"=="/],
  ['set(metric.name, "x") where true && true', 34, /unexpected character "&"/],
  ["set(metric.name, {a: 1})", 19, /keys of a map are strings, got "a"/],
  ["set(metric.name, [1, 2)", 23, /expected "\]" at the end of the list/],
  ['set(metric.name, "a") where 1 == 1 == 1', 36, /unexpected "=="/],
  ["set(metric.name, and)", 18, /unexpected keyword "and"/],
  [`set(metric.name, ${"(".repeat(120)}1${")".repeat(120)})`, 117, /nested more than 100 deep/],
  [`set(datapoint.value_int, 1${"+1".repeat(1001)})`, 2027, /more than 1000 "\+" in a row/],
  [`set(datapoint.value_int, 1${"*1".repeat(1001)})`, 2027, /more than 1000 "\*" in a row/],
  [`set(datapoint.attributes${'["a"]'.repeat(101)}, 1)`, 525, /at most 100 keys in a row/],
  ["set(metric.name, Filter([1], (a, a) => true))", 34, /parameter "a" is there twice/],
  // Paths and contexts
  ['set(name, "x")', 5, /path "name" names no context/, /scope\.name or metric\.name/],
  ['set(attributes["x"], 1)', 5, /path "attributes" names no context/, /resource\.attributes/],
  ['set(metrics.name, "x")', 5, /path "metrics.name" names no context/, /did you mean "metric"\?/],
  ['set(span.name, "x")', 5, /context "span" is not there for metrics/],
  ['set(exemplar.value, "x")', 5, /context "exemplar" is not there/],
  ['set(metric.nam, "x")', 12, /metric has no field "nam"/, /did you mean "name"\?/],
  ['set(datapoint.pod, "x")', 15, /datapoint has no field "pod"/, /attributes\["pod"\]/],
  ['set(resource.attributes.pod, "x")', 25, /resource\.attributes has no fields/, /attributes\["pod"\]/],
  ['set(attributes["a"], "b")', 5, /metric has no field "attributes"/, /fields are name/, "metric"],
  [
    'set(datapoint.attributes["a"], "b")',
    5,
    /"datapoint" is not visible in the metric context/,
    /around it/,
    "metric",
  ],
  [
    'set(resource.attributes["a"], metric.name)',
    31,
    /"metric" is not visible in the resource context/,
    undefined,
    "resource",
  ],
  ["set(metric.type, 2)", 5, /metric\.type cannot be set/, /convert_sum_to_gauge/],
  ["set(metric.data_points, [])", 5, /metric\.data_points cannot be set/],
  ["set(datapoint.positive.offsets, 1)", 24, /datapoint\.positive has no field "offsets"/, /"offset"/],
  ["set(metric.name[0], 1)", 17, /string cannot be indexed/],
  ["set(resource.attributes[1], 1)", 25, /a key of a map is a string, got int/],
  ['set(datapoint.bucket_counts["a"], 1)', 29, /a key of a list is an int, got string/],
  // Functions
  ['sett(metric.name, "x")', 1, /unknown function sett/, /did you mean set\?/],
  ['set(metric.name, Concatt(["a"], ""))', 18, /unknown function Concatt/, /did you mean Concat\?/],
  ["set(metric.name)", 1, /set lacks its argument "value"/, /set\(target, value\)/],
  ["set(metric.name, 1, 2)", 21, /set takes at most 2 arguments, got 3/],
  ['set(metric.name, valu = "x")', 18, /set has no argument "valu"/, /"value"/],
  ['set(value = "x", metric.name)', 18, /an argument without a name stands behind one with a name/],
  ['set(metric.name, target = "x")', 18, /argument "target" is given twice/],
  ['set("name", "x")', 5, /argument "target" of set must be a path, got "name"/],
  ["set(metric.name, 1)", 1, /metric\.name is string and cannot be set to int/],
  ["set(datapoint.value_double, 1)", 1, /is float and cannot be set to int: write 1\.0/],
  ['set(metric.is_monotonic, "true")', 1, /is bool and cannot be set to string/],
  ["set(metric.name, ToUpperCase(1))", 30, /argument "target" of ToUpperCase must be a string, got int/],
  ["set(metric.name, ToUpperCase(metric.type))", 30, /must be a string, got int/],
  ["set(metric.name, set(metric.unit, 1))", 18, /set is an editor and has no value/],
  ['delete_key(metric.name, "x")', 12, /must be a path to a map, got string/],
  ["keep_keys(resource.attributes, [1])", 32, /expected a list of strings, found int in it/],
  ["limit(resource.attributes, -1, [])", 1, /limit must be at least 0, got -1/],
  ['limit(resource.attributes, 1, ["a", "b"])', 1, /less than the number of priority keys/],
  ["limit(resource.attributes, Len(resource.attributes), [])", 28, /must be a literal, got Len/],
  ['truncate_all(resource.attributes, 1, true, "...")', 1, /truncation_marker is longer than the limit/],
  ['merge_maps(resource.attributes, {}, "replace")', 1, /strategy must be one of insert, update, upsert/],
  ['append(resource.attributes["a"])', 1, /at least one of value and values/],
  ['replace_pattern(metric.name, "(", "x")', 30, /invalid regular expression "\("/],
  ['replace_pattern(metric.name, "a", "x", SHA256, "%s%s")', 1, /exactly one %s/],
  ['replace_pattern(metric.name, "a", "x", SHA26)', 40, /unknown function SHA26/, /did you mean SHA256\?/],
  ['replace_pattern(metric.name, "a", "x", Substring)', 40, /must be a converter of one string/],
  ['replace_pattern(metric.name, "a", "x", "SHA256")', 40, /must be the name of a converter/],
  ['replace_match(metric.name, "[a", "x")', 1, /class is not closed/],
  ['replace_all_patterns(resource.attributes, "both", "a", "x")', 1, /mode must be "key" or "value"/],
  ['set(metric.name, ConvertCase("a", "title"))', 18, /to_case must be one of/],
  ['set(metric.name, Decode("a", "base65"))', 18, /unknown encoding "base65"/],
  ['set(metric.name, ExtractPatterns("a", "b")["c"])', 18, /at least one named group/],
  ['set(metric.name, String(Time("a", "%Y", "Mars/Base")))', 25, /unknown time zone "Mars\/Base"/],
  ['set(metric.name, String(Time("a", "%Y", "", "it")))', 25, /locale "it" is not supported/],
  ['set(metric.name, String(IsInCIDR("1.2.3.4", ["10.0.0.0/99"])))', 25, /is no network/],
  ['set(metric.name, Sort([1], "up")[0])', 18, /order must be "asc" or "desc"/],
  ['set(metric.name, ParseCSV("a", "b", mode = "x")["b"])', 18, /mode must be one of/],
  ["set(metric.name, Filter([1], true))", 30, /must be a lambda/, /\(a, b\) =>/],
  ["set(metric.name, Filter([1], (v) => true))", 30, /must be a lambda of 2 parameters, got 1/],
  ["set(metric.name, (a, b) => a)", 18, /must be a value, got a lambda/],
  // Types
  ['set(metric.name, 1 + "a")', 20, /cannot calculate int \+ string/],
  [
    "set(datapoint.value_double, datapoint.value_double * 2)",
    52,
    /cannot calculate float \* int/,
    /write "2\.0"/,
  ],
  ["set(datapoint.value_int, datapoint.value_int * 2.0)", 46, /cannot calculate int \* float/],
  ["set(datapoint.value_int, 1 / 0)", 28, /division by zero/],
  ['set(metric.name, -"a")', 18, /cannot negate string/],
  ["set(datapoint.value_int, Now() * 2)", 32, /cannot calculate time \* int/],
  [
    'set(metric.name, "x") where metric.type == "Sum"',
    41,
    /cannot compare int == string/,
    /METRIC_DATA_TYPE_/,
  ],
  ['set(metric.name, "x") where metric.name > 1', 41, /cannot compare string > int/],
  [
    'set(metric.name, "x") where metric.type == METRIC_DATA_TYPE_SUMM',
    44,
    /unknown enum/,
    /METRIC_DATA_TYPE_SUM/,
  ],
  ['set(metric.name, "x") where metric.type == Gauge', 44, /unknown enum Gauge/],
  ['set(metric.name, "x") where metric.name == SHA256', 44, /SHA256 is a converter/, /call it/],
  ['set(metric.name, "x") where metric.name', 29, /a condition is a comparison or a converter/, /== true/],
  ['set(metric.name, "x") where Concat(["a"], "")', 29, /Concat gives string, a condition needs bool/],
  ['set(resource.attributes["a"], 1 == 1)', 33, /a condition is no value/, /When\(/],
  // Metric functions
  [
    'convert_sum_to_gauge() where datapoint.attributes["a"] == 1',
    1,
    /is not there in the datapoint context/,
    /group of its own/,
  ],
  ["merge_histogram_buckets(1.0)", 1, /is not there in the metric context/, undefined, "metric"],
  ['convert_gauge_to_sum("total", true)', 1, /aggregation_temporality must be "cumulative" or "delta"/],
  ["convert_gauge_to_sum(metric.name, true)", 22, /must be a literal/],
  ["extract_percentile_metric(100)", 1, /percentile must be above 0 and below 100/],
  ['aggregate_on_attributes("avg")', 1, /function must be one of sum, max, min, mean, median, count/],
  ['convert_exponential_histogram_to_histogram("best", [1.0])', 1, /distribution must be one of/],
  ['convert_exponential_histogram_to_histogram("upper", [])', 1, /explicit_bounds must not be empty/],
  ['merge_histogram_buckets(0.5, "limit_buckets")', 1, /integer from 1 up/],
  ['merge_histogram_buckets(0.5, "halve")', 1, /method must be one of/],
  // What is not supported
  ['set(metric.name, GetXML("<a/>", "/a"))', 18, /GetXML is not supported/, /XML functions/],
  ['set(metric.name, ExtractGrokPatterns("a", "%{WORD}"))', 18, /is not supported/, /ExtractPatterns/],
  ['set(metric.name, UserAgent("a"))', 18, /is not supported/],
  ['set(metric.name, "a") where IsRootSpan()', 29, /is not supported/, /traces only/],
  ['set(metric.name, ParseCLF("a"))', 18, /is not supported/, /logs only/],
];

test("statements that cannot work are refused with their place and a hint", async (t) => {
  for (const [statement, column, message, hint, context] of rows) {
    await t.test(statement.slice(0, 80), () => {
      const error = problemOf([statement], context === undefined ? {} : { context });
      assert.ok(error !== undefined, "the statement compiles");
      assert.match(error.problem, message);
      assert.equal(error.column, column, `column of: ${error.message}`);
      if (hint !== undefined) assert.match(error.hint ?? "", hint);
    });
  }
});

test("a problem is shown with the statement and a caret", () => {
  const error = problemOf(['set(metric.nam, "x")']);
  assert.equal(
    error?.message,
    'metric has no field "nam" at column 12:\n  set(metric.nam, "x")\n             ^',
  );
});

test("conditions are checked likewise, and have functions of their own", () => {
  const problem = (text: string) => compileConditions({ conditions: [text] }).problems[0]?.error;
  assert.match(problem('set(metric.name, "x")')?.problem ?? "", /set is an editor and has no value/);
  assert.match(problem("metric.name")?.problem ?? "", /a condition is a comparison/);
  assert.equal(problem('HasAttrKeyOnDatapoint("x")'), undefined);
  assert.match(
    problem('HasAttrOnDatapoint("x", datapoint.flags)')?.problem ?? "",
    /is not there in the datapoint/,
  );
});

test("all problems of a group are reported", () => {
  const { problems } = compileConditions({ conditions: ["metric.x == 1", 'metric.name == "a"', "1 =="] });
  assert.deepEqual(
    problems.map(({ index }) => index),
    [2],
    "syntax first",
  );
  const second = compileConditions({ conditions: ["metric.x == 1", 'metric.name == "a"', "metric.y == 1"] });
  assert.deepEqual(
    second.problems.map(({ index }) => index),
    [0, 2],
  );
});
