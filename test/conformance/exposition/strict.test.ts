import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  checkOpenMetrics,
  inspectBody,
  type OpenMetricsRule,
  openMetricsRules,
} from "../../../src/exposition/index.ts";

/** Per rule: bodies that break it alone, with the place, and one that is as near to it as is allowed. */
const cases: Readonly<
  Record<OpenMetricsRule, readonly [bad: readonly (readonly [body: string, place: string])[], good: string]>
> = {
  syntax: [
    [
      ["a  1\n# EOF\n", "1:2"],
      ["a 1", "1:4"],
    ],
    "a 1\n# EOF",
  ],
  "label-syntax": [
    [
      ['a{b="c",} 1\n# EOF\n', "1:8"],
      ['{"a.b"} 1\n# EOF\n', "1:1"],
      ['# TYPE "a" gauge\n# EOF\n', "1:9"],
      ['# TYPE a counter\na_total 1 # {b="c",} 1\n# EOF\n', "2:19"],
    ],
    'a{b="c",d="e"} 1\n# EOF\n',
  ],
  "line-endings": [[["# HELP a b\r\n# EOF\n", "1:11"]], "# HELP a b\rc\n# EOF\n"],
  "reserved-name": [
    [
      ["_a 1\n# EOF\n", "1:1"],
      ['a{_b="c"} 1\n# EOF\n', "1:2"],
      ["# HELP _a b\n# EOF\n", "1:8"],
    ],
    'a_{b_="c"} 1\n# EOF\n',
  ],
  "label-names-unique": [[['a{b="1",b="2"} 1\n# EOF\n', "1:2"]], 'a{b="1",c="1"} 1\n# EOF\n'],
  "metadata-once": [
    [["# TYPE a gauge\n# HELP a x\n# TYPE a gauge\n# EOF\n", "3:1"]],
    "# HELP a x\n# TYPE a gauge\n# UNIT a \n# EOF\n",
  ],
  "metadata-first": [
    [["# TYPE a gauge\na 1\n# HELP a x\n# EOF\n", "3:1"]],
    "# HELP a x\n# TYPE a gauge\na 1\n# EOF\n",
  ],
  "family-unique": [
    [
      ["# TYPE a gauge\n# TYPE b gauge\n# HELP a x\n# EOF\n", "3:8"],
      ['a 1\nb 1\na{c="d"} 2\n# EOF\n', "3:1"],
    ],
    'a 1\nb 1\nc{a="b"} 1\n# EOF\n',
  ],
  "family-clash": [
    [
      ["# TYPE a counter\n# TYPE a_created gauge\n# EOF\n", "2:8"],
      ["# TYPE a histogram\n# TYPE a_sum summary\n# EOF\n", "2:8"],
    ],
    "# TYPE a counter\n# TYPE a_sum gauge\n# EOF\n",
  ],
  "sample-name": [
    [
      ["# TYPE a counter\na 1\n# EOF\n", "2:1"],
      ["# TYPE a info\na 1\n# EOF\n", "2:1"],
    ],
    "# TYPE a counter\na_total 1\n# EOF\n",
  ],
  "unit-of-type": [
    [
      ["# TYPE a_s info\n# UNIT a_s s\n# EOF\n", "2:1"],
      ["# UNIT a_s s\n# TYPE a_s stateset\n# EOF\n", "2:1"],
    ],
    "# TYPE a_s gauge\n# UNIT a_s s\n# EOF\n",
  ],
  "metric-grouping": [
    [['# TYPE a gauge\na{b="1"} 1 1\na{b="2"} 1 1\na{b="1"} 1 2\n# EOF\n', "4:1"]],
    '# TYPE a gauge\na{b="1"} 1 1\na{b="1"} 1 2\na{b="2"} 1 1\n# EOF\n',
  ],
  "point-unique": [[["a 1\na 2\n# EOF\n", "2:1"]], "a 1 1\na 2 1\n# EOF\n"],
  "timestamp-order": [[["a 1 1.0005\na 1 1.0004\n# EOF\n", "2:1"]], "a 1 -2\na 1 1\na 1 1\n# EOF\n"],
  "timestamp-mixed": [[["a 1 1\na 1\n# EOF\n", "2:1"]], 'a{b="1"} 1 1\na{b="2"} 1\n# EOF\n'],
  "counter-value": [
    [
      ["# TYPE a counter\na_total -1\n# EOF\n", "2:1"],
      ["# TYPE a counter\na_total NaN\n# EOF\n", "2:1"],
      ["# TYPE a summary\na_sum -1\n# EOF\n", "2:1"],
      ['# TYPE a histogram\na_bucket{le="+Inf"} NaN\n# EOF\n', "2:1"],
      ['# TYPE a gaugehistogram\na_bucket{le="+Inf"} 1\na_gcount 1\na_gsum NaN\n# EOF\n', "4:1"],
    ],
    "# TYPE a counter\na_total 0\n# TYPE b gauge\nb NaN\n# EOF\n",
  ],
  "count-integer": [
    [
      ["# TYPE a summary\na_count 1.5\n# EOF\n", "2:1"],
      ['# TYPE a histogram\na_bucket{le="+Inf"} 0.5\n# EOF\n', "2:1"],
    ],
    "# TYPE a summary\na_count 17.0\na_sum 1.5\n# EOF\n",
  ],
  "counter-total": [
    [["# TYPE a counter\na_created 1\n# EOF\n", "2:1"]],
    "# TYPE a counter\na_created 1\na_total 1\n# EOF\n",
  ],
  "created-value": [
    [["# TYPE a counter\na_total 1\na_created NaN\n# EOF\n", "3:1"]],
    "# TYPE a counter\na_total 1\na_created -1.5\n# EOF\n",
  ],
  "info-value": [[["# TYPE a info\na_info 2\n# EOF\n", "2:1"]], "# TYPE a info\na_info 1.0\n# EOF\n"],
  "state-value": [
    [['# TYPE a stateset\na{a="b"} 0.5\n# EOF\n', "2:1"]],
    '# TYPE a stateset\na{a="b"} 1.0\na{a="c"} 0\n# EOF\n',
  ],
  "state-label": [
    [["# TYPE a stateset\na 1\n# EOF\n", "2:1"]],
    '# TYPE a stateset\na{x="y",a="b"} 1\n# EOF\n',
  ],
  "bucket-label": [
    [
      ['# TYPE a histogram\na_bucket 1\na_bucket{le="+Inf"} 1\n# EOF\n', "2:1"],
      ['# TYPE a histogram\na_bucket{le="NaN"} 0\na_bucket{le="+Inf"} 1\n# EOF\n', "2:1"],
    ],
    '# TYPE a histogram\na_bucket{le="1.1e-4"} 1\na_bucket{le="+Inf"} 1\n# EOF\n',
  ],
  "quantile-label": [
    [
      ["# TYPE a summary\na 1\n# EOF\n", "2:1"],
      ['# TYPE a summary\na{quantile="1.01"} 1\n# EOF\n', "2:1"],
    ],
    '# TYPE a summary\na{quantile="1"} 1\na{quantile="0"} NaN\n# EOF\n',
  ],
  "quantile-value": [
    [['# TYPE a summary\na{quantile="1"} -1\n# EOF\n', "2:1"]],
    '# TYPE a summary\na{quantile="1"} 0\n# EOF\n',
  ],
  "bucket-order": [
    [
      ['# TYPE a histogram\na_bucket{le="2"} 1\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 1\n# EOF\n', "3:1"],
      ['# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="1.0"} 1\na_bucket{le="+Inf"} 1\n# EOF\n', "3:1"],
    ],
    '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="2"} 1\na_bucket{le="+Inf"} 1\n# EOF\n',
  ],
  "bucket-cumulative": [
    [['# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\n# EOF\n', "3:1"]],
    '# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 2\n# EOF\n',
  ],
  "bucket-infinite": [
    [['# TYPE a histogram\na_bucket{le="1"} 2\n# EOF\n', "2:1"]],
    '# TYPE a histogram\na_bucket{le="+Inf"} 2\n# EOF\n',
  ],
  "bucket-negative-sum": [
    [
      ['# TYPE a histogram\na_bucket{le="-1"} 0\na_bucket{le="+Inf"} 0\na_count 0\na_sum 0\n# EOF\n', "5:1"],
      ['# TYPE a gaugehistogram\na_bucket{le="+Inf"} 1\na_gcount 1\na_gsum -1\n# EOF\n', "4:1"],
    ],
    '# TYPE a gaugehistogram\na_bucket{le="-1"} 0\na_bucket{le="+Inf"} 1\na_gcount 1\na_gsum -1\n# EOF\n',
  ],
  "count-and-sum": [
    [
      ['# TYPE a histogram\na_bucket{le="+Inf"} 0\na_count 0\n# EOF\n', "2:1"],
      ['# TYPE a gaugehistogram\na_bucket{le="+Inf"} 0\na_gsum 0\n# EOF\n', "2:1"],
    ],
    '# TYPE a histogram\na_bucket{le="+Inf"} 0\na_count 0\na_sum 0\n# EOF\n',
  ],
  "count-infinite": [
    [['# TYPE a histogram\na_bucket{le="+Inf"} 0\na_count 1\na_sum 0\n# EOF\n', "3:1"]],
    '# TYPE a histogram\na_count 1\na_sum 1\na_bucket{le="+Inf"} 1\n# EOF\n',
  ],
  "exemplar-place": [
    [
      ["# TYPE a gauge\na 1 # {} 1\n# EOF\n", "2:7"],
      ["# TYPE a counter\na_total 1\na_created 1 # {} 1\n# EOF\n", "3:15"],
      ["a 1 # {} 1\n# EOF\n", "1:7"],
    ],
    "# TYPE a counter\na_total 1 # {} 1\n# EOF\n",
  ],
  "exemplar-length": [
    [[`# TYPE a counter\na_total 1 # {b="${"☃".repeat(128)}"} 1\n# EOF\n`, "2:13"]],
    `# TYPE a counter\na_total 1 # {b="${"☃".repeat(127)}"} 1\n# EOF\n`,
  ],
  "exemplar-range": [
    [['# TYPE a histogram\na_bucket{le="1"} 1 # {} 2\na_bucket{le="+Inf"} 1\n# EOF\n', "2:22"]],
    '# TYPE a histogram\na_bucket{le="1"} 1 # {} 1\na_bucket{le="+Inf"} 1 # {} 9\n# EOF\n',
  ],
};

describe("the letter of OpenMetrics 1.0:", () => {
  for (const [rule, [bad, good]] of Object.entries(cases)) {
    test(openMetricsRules[rule as OpenMetricsRule], () => {
      for (const [body, place] of bad) {
        const found = checkOpenMetrics(Buffer.from(body)).map((v) => [`${v.line}:${v.column}`, v.rule]);
        assert.deepEqual(found, [[place, rule]], body);
      }
      assert.deepEqual(checkOpenMetrics(Buffer.from(good)), [], good);
      inspectBody(Buffer.from(good), "openmetrics");
    });
  }

  test("every violation is listed, in the order of lines, up to a hundred", () => {
    const many = `${"# TYPE a counter\na_total -1\n".repeat(80)}# EOF\n`;
    const found = checkOpenMetrics(Buffer.from(many));
    assert.equal(found.length, 100);
    assert.deepEqual(
      found.map(({ line }) => line),
      found.map(({ line }) => line).toSorted((a, b) => a - b),
    );
  });

  test("the example of the specification breaks no rule", () => {
    const body = `# TYPE acme_http_router_request_seconds summary
# UNIT acme_http_router_request_seconds seconds
# HELP acme_http_router_request_seconds Latency though all of ACME's HTTP request router.
acme_http_router_request_seconds_sum{path="/api/v1",method="GET"} 9036.32
acme_http_router_request_seconds_count{path="/api/v1",method="GET"} 807283.0
acme_http_router_request_seconds_created{path="/api/v1",method="GET"} 1605281325.0
# TYPE go_goroutines gauge
go_goroutines 69
# TYPE process_cpu_seconds counter
# UNIT process_cpu_seconds seconds
process_cpu_seconds_total 4.20072246e+06
# EOF
`;
    assert.deepEqual(checkOpenMetrics(Buffer.from(body)), []);
  });
});
