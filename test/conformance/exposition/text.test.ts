import { describe } from "node:test";
import { conformance } from "./cases.ts";

describe("Prometheus text, as a Prometheus 3 scrape reads it:", () => {
  conformance("text", {
    accepted: [
      ["blank lines and blanks between tokens", ' \n\t a { b = "c" , } 1 \n\n', ["a{b=c} 1"]],
      ["a last line without newline", "a 1", ["a 1"]],
      ["comments, even such as look like metadata", "#HELP x\n# HELP\n# hello\na 1\n", ["a 1"]],
      ["repeated metadata, and metadata after samples", "a 1\n# TYPE a gauge\n# TYPE a counter\n", ["a 1"]],
      ["pairs of labels without a comma between them", 'a{b="1"c="2"} 1\n', ["a{b=1,c=2} 1"]],
      ["UTF-8 names in quotes", '{"my.metric","label.x"="v"} 1\n', ["my.metric{label.x=v} 1"]],
      ["escapes that are none, kept as they are", 'a{b="\\x\\\\\\n"} 1\n', ["a{b=\\x\\\n} 1"]],
      ["a raw newline in a label value", 'a{b="1\n2"} 1\n', ["a{b=1\n2} 1"]],
      ["NUL in a label value", 'a{b="1\0"} 1\n', ["a{b=1\0} 1"]],
      ["a NUL at the start of a line, which ends the input", "a 1\n\0b 2\n", ["a 1"]],
      [
        "infinities with and NaN without a sign, in any case",
        "a -INF\nb +infinity\nc nAn\n",
        ["a -Infinity", "b Infinity", "c NaN"],
      ],
      ["timestamps in milliseconds", "a 1 1700000000123\n", ["a 1 @1700000000123"]],
      [
        "canonical le and quantile, in typed families only",
        [
          'a{le="1"} 0\n# TYPE h histogram\nh_bucket{le="1"} 1\n',
          '# TYPE s summary\ns{quantile="0.50"} 2\n',
        ].join(""),
        ["a{le=1} 0", "h_bucket{le=1.0} 1", "s{quantile=0.5} 2"],
      ],
      [
        "samples that a family of its type does not have",
        "# TYPE a counter\na -1\na_bucket 2\n",
        ["a -1", "a_bucket 2"],
      ],
    ],
    refused: [
      ["a carriage return", "a 1\r\n", "1:3", /^value "1\\r" is not a number/],
      ["a type that is none", "# TYPE a info\n", "1:10", /^metric type "info" is none of/],
      ["a type with a blank behind it", "# TYPE a gauge \n", "1:10", /^metric type "gauge " is none of/],
      ["metadata without a name", "# HELP #\n", "1:8", /^expected a metric name after HELP/],
      ["a sample without a name", '{a="b"} 1\n', "1:1", /^the series has no metric name/],
      ["two names", 'a{"b"} 1\n', "1:3", /^the series has a second metric name/],
      ["a label name twice", 'a{b="1",b="1"} 1\n', "1:2", /^label name "b" comes twice/],
      [
        "a label value that is not valid UTF-8",
        Buffer.from('a{b="\xff"} 1\n', "latin1"),
        "1:6",
        /valid UTF-8/,
      ],
      ["a number in hexadecimal, with underscores or too large", "a 0x1\n", "1:3", /^value "0x1" is not/],
      ["an overflow", "a 1e999\n", "1:3", /^value "1e999" is not/],
      ["NaN with a sign", "a -NaN\n", "1:3", /^value "-NaN" is not/],
      ["a negative timestamp", "a 1 -1\n", "1:5", /^expected a timestamp in milliseconds/],
      ["a fraction in a timestamp", "a 1 1.5\n", "1:6", /^expected the end of the line/],
      ["an exemplar", "a_total 1 # {} 1\n", "1:11", /^expected a timestamp in milliseconds/],
    ],
  });
});
