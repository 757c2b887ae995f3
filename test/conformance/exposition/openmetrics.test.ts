import { describe } from "node:test";
import { conformance } from "./cases.ts";

const eof = "# EOF\n";

describe("OpenMetrics text, as a Prometheus 3 scrape reads it:", () => {
  conformance("openmetrics", {
    accepted: [
      ["# EOF with and without newline", "a 1\n# EOF", ["a 1"]],
      ["nothing but # EOF", "# EOF\n", []],
      [
        "all types",
        [
          ...[
            "counter",
            "gauge",
            "histogram",
            "gaugehistogram",
            "summary",
            "info",
            "stateset",
            "unknown",
          ].map((type) => `# TYPE ${type}s ${type}\n`),
          eof,
        ].join(""),
        [],
      ],
      ["HELP and UNIT that are empty", "# HELP a \n# UNIT a \na 1\n# EOF\n", ["a 1"]],
      ["a trailing comma", 'a{b="c",} 1\n# EOF\n', ["a{b=c} 1"]],
      ["UTF-8 names in quotes", '# TYPE "a.b" gauge\n{"a.b","c.d"="e"} 1\n# EOF\n', ["a.b{c.d=e} 1"]],
      ["escapes", 'a{b="\\"\\\\\\n\\x"} 1\n# EOF\n', ['a{b="\\\n\\x} 1']],
      [
        "timestamps in seconds, cut to milliseconds",
        "a 1 1.9999\na 1 -2\na 1 1e3\n# EOF\n",
        ["a 1 @1999", "a 1 @-2000", "a 1 @1000000"],
      ],
      [
        "exemplars with labels, value and timestamp",
        'a_total 1 2 # {b="c \\" # {"} 0.5 3.5\n# EOF\n',
        ['a_total 1 @2000 #{b=c " # {} 0.5 @3500'],
      ],
      ["exemplars without labels or timestamp", "a_total 1 # {} 0.5\n# EOF\n", ["a_total 1 #{} 0.5"]],
      [
        "exemplars on any sample, with labels of any length",
        `# TYPE a gauge\na 1 # {b="${"x".repeat(300)}"} 1\n# EOF\n`,
        [`a 1 #{b=${"x".repeat(300)}} 1`],
      ],
      ["UTF-8 names in quotes in exemplars", 'a 1 # {"b c"="d"} 1\n# EOF\n', ["a 1 #{b c=d} 1"]],
      [
        "samples without the suffix of their type",
        "# TYPE a counter\na 1\n# TYPE b info\nb 5\n# EOF\n",
        ["a 1", "b 5"],
      ],
      [
        "families that are interleaved and clash",
        "# TYPE a counter\n# TYPE a_total gauge\na_total 1\nb 2\na_total 3 4\n# EOF\n",
        ["a_total 1", "a_total 3 @4000", "b 2"],
      ],
      [
        "buckets that fall, counters that are NaN or negative",
        '# TYPE h histogram\nh_bucket{le="2"} 2\nh_bucket{le="1"} NaN\nh_count -1\n# EOF\n',
        ["h_bucket{le=2.0} 2", "h_bucket{le=1.0} NaN", "h_count -1"],
      ],
      [
        "repeated metadata, and metadata after samples",
        "# TYPE a gauge\na 1\n# TYPE a counter\n# HELP a x\n# HELP a y\n# EOF\n",
        ["a 1"],
      ],
      ["NUL in label values and HELP", '# HELP a \0\na{b="\0"} 1\n# EOF\n', ["a{b=\0} 1"]],
    ],
    refused: [
      ["a body without # EOF", "a 1\n", "2:1", /^the body does not end with # EOF/],
      ["a body that is cut within a line", "a 1", "1:4", /^the body does not end with # EOF/],
      ["anything after # EOF", "# EOF\n\n", "2:1", /^there is something after # EOF/],
      ["text behind # EOF", "# EOF.\n", "1:6", /^there is something after # EOF/],
      ["a blank line", "a 1\n\n# EOF\n", "2:1", /^expected a metric name, # HELP/],
      ["a blank before a line", " a 1\n# EOF\n", "1:1", /^expected a metric name, # HELP/],
      ["two spaces", "a  1\n# EOF\n", "1:2", /^expected a value after the series/],
      ["a tab", "a\t1\n# EOF\n", "1:2", /^expected a value after the series/],
      ["a trailing space", "a 1 \n# EOF\n", "1:4", /^expected a timestamp/],
      ["a blank in the braces", 'a{ b="c"} 1\n# EOF\n', "1:3", /^expected a label name or the closing brace/],
      [
        "labels without a comma between them",
        'a{b="c"d="e"} 1\n# EOF\n',
        "1:8",
        /^expected a comma or the closing/,
      ],
      [
        "a comma that comes first",
        'a{,b="c"} 1\n# EOF\n',
        "1:3",
        /^expected a label name or the closing brace/,
      ],
      ["no space before the value", 'a{b="c"}1\n# EOF\n', "1:9", /^expected a value after the series/],
      ["a free comment", "# hello\n# EOF\n", "1:1", /there are no other comments/],
      ["a type of Prometheus text", "# TYPE a untyped\n# EOF\n", "1:10", /^metric type "untyped" is none of/],
      ["metadata without text", "# HELP a\n# EOF\n", "1:9", /^expected a space and the text of HELP/],
      [
        "a unit that is no suffix of its family",
        "# UNIT a seconds\n# EOF\n",
        "1:10",
        /^unit "seconds" is no suffix/,
      ],
      ["a unit that is all of the name", "# UNIT s s\n# EOF\n", "1:10", /^unit "s" is no suffix/],
      [
        "a raw newline in a label value",
        'a{b="1\n2"} 1\n# EOF\n',
        "1:5",
        /^the string in quotes does not end/,
      ],
      [
        "a timestamp that is NaN or infinite",
        "a 1 NaN\n# EOF\n",
        "1:5",
        /^a timestamp is neither NaN nor infinite/,
      ],
      [
        "a time of an exemplar that is infinite",
        "a 1 # {} 1 +Inf\n# EOF\n",
        "1:12",
        /neither NaN nor infinite/,
      ],
      ["an exemplar without braces", "a_total 1 # b 1\n# EOF\n", "1:11", /^expected an exemplar such as/],
      ["an exemplar without value", "a_total 1 # {}\n# EOF\n", "1:15", /^expected a value after the labels/],
      [
        "a metric name in an exemplar",
        'a_total 1 # {"b"} 1\n# EOF\n',
        "1:17",
        /^expected = after the label name/,
      ],
      ["two exemplars", "a_total 1 # {} 1 # {} 1\n# EOF\n", "1:18", /^timestamp "#" is not a number/],
      ["a label name twice", 'a{b="1",b="1"} 1\n# EOF\n', "1:2", /^label name "b" comes twice/],
      [
        "a help text that is not valid UTF-8",
        Buffer.from("# HELP a \xff\n# EOF\n", "latin1"),
        "1:10",
        /valid UTF-8/,
      ],
    ],
  });
});
