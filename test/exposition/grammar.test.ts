import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ExpositionError, inspectBody, SeriesTable } from "../../src/exposition/index.ts";
import { parse } from "./support.ts";

const invalidByte = Buffer.from([0xff]);

/** Bytes of a body; a Buffer part is taken as it is. */
function bytes(...parts: (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

type Expected = readonly [name: string, labels: Record<string, string>, value: number, timestampMs?: number];

const accepted: readonly (readonly [rule: string, body: string, samples: readonly Expected[]])[] = [
  ["an empty body", "", []],
  ["a sample without labels", "foo 1\n", [["foo", {}, 1]]],
  ["the final newline is optional", "foo 1", [["foo", {}, 1]]],
  [
    "blank lines anywhere",
    "\n \t\nfoo 1\n\n\nbar 2\n\n",
    [
      ["foo", {}, 1],
      ["bar", {}, 2],
    ],
  ],
  [
    "blanks before a line and between all tokens",
    ' \tfoo\t { a = "b" , c= "d" } \t1 \t5 \n',
    [["foo", { a: "b", c: "d" }, 1, 5]],
  ],
  ["no blank is needed after the braces", 'foo{a="b"}1\n', [["foo", { a: "b" }, 1]]],
  [
    "a name ends where a number starts",
    "foo+1\nbar.5\n",
    [
      ["foo", {}, 1],
      ["bar", {}, 0.5],
    ],
  ],
  [
    "colons in metric names",
    "a:b:c 1\n:d 1\n",
    [
      ["a:b:c", {}, 1],
      [":d", {}, 1],
    ],
  ],
  [
    "empty braces",
    "foo{} 1\nbar{ } 2",
    [
      ["foo", {}, 1],
      ["bar", {}, 2],
    ],
  ],
  ["a trailing comma", 'foo{a="b",} 1\n', [["foo", { a: "b" }, 1]]],
  ["a missing comma between pairs", 'foo{a="b"c="d" e="f"} 1\n', [["foo", { a: "b", c: "d", e: "f" }, 1]]],
  ["label value escapes", 'foo{a="\\\\ \\" \\n"} 1\n', [["foo", { a: '\\ " \n' }, 1]]],
  ["other backslashes stand for themselves", 'foo{a="C:\\dir\\x"} 1\n', [["foo", { a: "C:\\dir\\x" }, 1]]],
  ["a raw newline in a label value", 'foo{a="x\ny"} 1\n', [["foo", { a: "x\ny" }, 1]]],
  ["braces and hashes in a label value", 'foo{a="} 1 # {"} 2\n', [["foo", { a: "} 1 # {" }, 2]]],
  ["UTF-8 in a label value", 'foo{a="Größe ☂ 𝄞"} 1\n', [["foo", { a: "Größe ☂ 𝄞" }, 1]]],
  ["NUL in a label value", 'foo{a="x\0y"} 1\n', [["foo", { a: "x\0y" }, 1]]],
  ["an empty label value", 'foo{a=""} 1\n', [["foo", { a: "" }, 1]]],
  [
    "a quoted metric name",
    '{"my.metric"} 1\n{"m é",a="b"} 2\n',
    [
      ["my.metric", {}, 1],
      ["m é", { a: "b" }, 2],
    ],
  ],
  [
    "a quoted metric name anywhere in the braces",
    '{a="b","my.metric",c="d"} 1\n',
    [["my.metric", { a: "b", c: "d" }, 1]],
  ],
  [
    "a quoted metric name without a comma before it",
    '{a="b" "my.metric"} 1\n',
    [["my.metric", { a: "b" }, 1]],
  ],
  [
    "quoted label names, mixed with bare ones",
    'foo{"x.y"="1",b="2"} 1\n',
    [["foo", { "x.y": "1", b: "2" }, 1]],
  ],
  ["escapes in quoted names", '{"a\\"b","c\\\\d"="e"} 1\n', [['a"b', { "c\\d": "e" }, 1]]],
  [
    "escaped forms of names are literal",
    "U__my_2e_name 1\nmy_dot_name 2\n",
    [
      ["U__my_2e_name", {}, 1],
      ["my_dot_name", {}, 2],
    ],
  ],
  [
    "a label called __proto__",
    'foo{__proto__="x"} 1\n',
    [["foo", Object.fromEntries([["__proto__", "x"]]), 1]],
  ],
  ["comments", '#\n# \n#x\n# any thing {"\n#HELP foo\n# HELP\n# TYPE\n# help foo bar\n', []],
  ["a NUL at the start of a line ends the input", "foo 1\n\0 what ever\n", [["foo", {}, 1]]],
  ["a NUL in a comment", "# a\0b\nfoo 1\n", [["foo", {}, 1]]],
  [
    "a repeated TYPE and one after samples",
    "# TYPE foo gauge\nfoo 1\n# TYPE foo counter\n# HELP foo a\n# HELP foo b\n",
    [["foo", {}, 1]],
  ],
  ["the largest timestamp", "foo 1 9223372036854775807\n", [["foo", {}, 1, 2 ** 63]]],
  ["leading zeros of a timestamp", "foo 1 00000000000000000000012\n", [["foo", {}, 1, 12]]],
];

const refused: readonly (readonly [
  rule: string,
  body: string | Buffer,
  line: number,
  column: number,
  message: RegExp,
])[] = [
  ["a name without a value", "foo\n", 1, 4, /expected a value/],
  ["a name and the end of the body", "foo 1\nbar ", 2, 5, /expected a value/],
  ["a line that starts with no name", "foo 1\n1foo 2\n", 2, 1, /expected a metric name/],
  ["a byte order mark", "\ufefffoo 1\n", 1, 1, /expected a metric name/],
  ["CRLF", "foo 1\r\n", 1, 5, /"1\\r" is not a number/],
  ["CR after a blank", "foo 1 \r\n", 1, 7, /expected a timestamp/],
  ["a CR line", "\r\n", 1, 1, /expected a metric name/],
  ["braces without a name", '{a="b"} 1\n', 1, 1, /no metric name/],
  ["an empty metric name", '{""} 1\n', 1, 3, /name is empty/],
  ["an empty quoted label name", 'foo{""="x"} 1\n', 1, 6, /name is empty/],
  ["two metric names", '{"a","b"} 1\n', 1, 6, /second metric name/],
  ["a bare and a quoted metric name", 'foo{"bar"} 1\n', 1, 5, /second metric name/],
  ["an empty bare label name", 'foo{="x"} 1\n', 1, 5, /expected a label name/],
  ["a colon in a label name", 'foo{a:b="x"} 1\n', 1, 6, /expected =/],
  ["a comma first", 'foo{,a="b"} 1\n', 1, 5, /expected a label name/],
  ["two commas", 'foo{a="b",,} 1\n', 1, 11, /expected a label name/],
  ["a label without =", 'foo{a "b"} 1\n', 1, 7, /expected =/],
  ["single quotes", "foo{a='b'} 1\n", 1, 7, /double quotes/],
  ["a value without an end", 'foo{a="b} 1\n', 1, 7, /does not end/],
  ["a newline in braces", 'foo{a="b",\nc="d"} 1\n', 1, 11, /expected a label name/],
  ["an escaped newline", 'foo{a="b\\\n"} 1\n', 1, 10, /protects no newline/],
  ["braces that do not close", 'foo{a="b" 1\n', 1, 11, /expected a label name or the closing brace/],
  ["braces twice", 'foo{a="b"}{c="d"} 1\n', 1, 11, /expected a value/],
  ["braces after the value", "foo 1{}\n", 1, 6, /expected a timestamp/],
  ["a repeated label name", 'foo{a="b",a="c"} 1\n', 1, 4, /"a" comes twice/],
  ["a label called __name__", 'foo{__name__="b"} 1\n', 1, 4, /"__name__" comes twice/],
  ["a negative timestamp", "foo 1 -5\n", 1, 7, /expected a timestamp/],
  ["a fractional timestamp", "foo 1 5.5\n", 1, 8, /expected the end of the line/],
  ["a timestamp beyond 64 bits", "foo 1 9223372036854775808\n", 1, 7, /does not fit/],
  ["a third number", "foo 1 5 6\n", 1, 9, /expected the end of the line/],
  ["a NUL in a name", "fo\0o 1\n", 1, 3, /expected a value/],
  ["a NUL after a value", "foo 1\0\n", 1, 6, /expected a timestamp/],
  ["a NUL in a quoted name", '{"a\0b"} 1\n', 1, 4, /NUL/],
  ["HELP without a name", "# HELP \n", 1, 8, /after HELP/],
  ["HELP with an invalid name", "# HELP # x\n", 1, 8, /after HELP/],
  ["TYPE with an invalid name", "# TYPE #\n", 1, 8, /after TYPE/],
  [
    "TYPE without a type",
    "# TYPE foo\n",
    1,
    11,
    /metric type "" is none of counter, gauge, histogram, summary, untyped/,
  ],
  ["an unknown type", "# TYPE foo unknown\n", 1, 12, /"unknown" is none of/],
  ["a type in capitals", "# TYPE foo Gauge\n", 1, 12, /"Gauge" is none of/],
  ["a blank behind the type", "# TYPE foo gauge \n", 1, 12, /"gauge " is none of/],
  ["two blanks before the type", "# TYPE foo  gauge\n", 1, 12, /" gauge" is none of/],
  [
    "invalid UTF-8 in a label value",
    bytes('foo{a="ü', invalidByte, '"} 1\n'),
    1,
    8,
    /label value is not valid UTF-8/,
  ],
  ["invalid UTF-8 in a quoted name", bytes('{"a', invalidByte, '"} 1\n'), 1, 3, /name is not valid UTF-8/],
  ["invalid UTF-8 in HELP", bytes("# HELP foo a", invalidByte, "\n"), 1, 12, /help text is not valid UTF-8/],
  [
    "a surrogate in UTF-8",
    bytes('foo{a="', Buffer.from([0xed, 0xa0, 0x80]), '"} 1\n'),
    1,
    8,
    /not valid UTF-8/,
  ],
  ["an error far down", `${"foo 1\n".repeat(40)}   bar{a="ü"} x\n`, 41, 15, /"x" is not a number/],
];

describe("the grammar of text 0.0.4 and 1.0.0 accepts", () => {
  for (const [rule, body, expected] of accepted) {
    test(rule, () => {
      const inspected = inspectBody(Buffer.from(body));
      const samples = inspected.families.flatMap((family) => family.samples);
      assert.deepEqual(
        samples.map((s) => [
          s.name,
          s.labels,
          s.value,
          ...(s.timestampMs === undefined ? [] : [s.timestampMs]),
        ]),
        expected,
      );
      assert.equal(inspected.samples, expected.length);
      const table = new SeriesTable();
      assert.equal(parse(table, body).samples, expected.length);
      assert.equal(parse(table, body).newEntries, 0);
    });
  }
});

describe("the grammar of text 0.0.4 and 1.0.0 refuses", () => {
  for (const [rule, body, line, column, message] of refused) {
    test(rule, () => {
      const isExpected = (error: unknown) => {
        assert.ok(error instanceof ExpositionError);
        assert.equal(error.code, "SCRAPE_PARSE");
        assert.match(error.message, message);
        assert.deepEqual([error.line, error.column], [line, column]);
        return true;
      };
      const input = typeof body === "string" ? Buffer.from(body) : body;
      assert.throws(() => inspectBody(input), isExpected);
      assert.throws(() => parse(new SeriesTable(), input), isExpected);
    });
  }
});

describe("an error", () => {
  test("holds the offending line cut to 120 characters", () => {
    const long = `bad{a="${"ü".repeat(300)}"} x`;
    assert.throws(
      () => inspectBody(Buffer.from(`ok 1\n${long}\nok 2\n`)),
      (error: ExpositionError) =>
        error.text === long.slice(0, 120) && error.line === 2 && error.column === 311,
    );
  });
});

describe("metadata lines", () => {
  const family = (body: string) => inspectBody(Buffer.from(body)).families.find(({ name }) => name === "foo");

  test("lose one separator byte, whichever it is, and keep the rest of their text", () => {
    assert.equal(family("# HELP foo  two blanks \n")?.help, " two blanks ");
    assert.equal(family("# HELP foo-bar\n")?.help, "bar");
    assert.equal(family("# HELP foo\n")?.help, "");
    assert.equal(family("# HELP foo   \n")?.help, "");
    assert.equal(family("#\t TYPE \tfoo\tcounter\n")?.type, "counter");
  });

  test("unescape backslash and newline only", () => {
    assert.equal(family('# HELP foo a\\\\b\\nc\\"d\\e\n')?.help, 'a\\b\nc\\"d\\e');
    assert.equal(family("# HELP foo a\0b\n")?.help, "a\0b");
  });

  test("may quote the name", () => {
    const { families } = inspectBody(
      Buffer.from('# TYPE "my.metric" gauge\n# HELP "my.metric" text\n{"my.metric"} 1\n'),
    );
    assert.deepEqual(families, [
      {
        name: "my.metric",
        type: "gauge",
        help: "text",
        samples: [{ name: "my.metric", labels: {}, value: 1 }],
      },
    ]);
  });

  test("count wherever they stand, the last one wins", () => {
    assert.equal(family("foo 1\n# TYPE foo gauge\n# TYPE foo counter\n")?.type, "counter");
    assert.equal(family("# HELP foo a\n# HELP foo b\nfoo 1\n")?.help, "b");
    assert.equal(family("# TYPE foo untyped\nfoo 1\n")?.type, "unknown");
    assert.equal(family("foo 1\n")?.type, "unknown");
  });
});
