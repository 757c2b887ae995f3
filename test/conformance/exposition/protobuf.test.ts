import { describe } from "node:test";
import { varint, writeBody, writeFamily } from "../../exposition/protobuf-writer.ts";
import { conformance } from "./cases.ts";

const gauge = writeBody({ name: "a", type: "gauge", metrics: [{ gauge: 1 }] });
const bytes = (...parts: readonly (readonly number[] | Buffer)[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part)));
/** A family with one metric whose bytes are given. */
const metric = (...content: readonly (readonly number[] | Buffer)[]) => {
  const inner = bytes(...content);
  const family = bytes([0x0a, 1, 97, 0x18, 1, 0x22], varint(inner.length), inner);
  return bytes(varint(family.length), family);
};

describe("delimited protobuf, as a Prometheus 3 scrape reads it:", () => {
  conformance("protobuf", {
    accepted: [
      ["nothing", Buffer.alloc(0), []],
      ["a gauge", gauge, ["a 1"]],
      [
        "an unset type, which is counter",
        writeBody({ name: "a", type: 0, metrics: [{ counter: { value: 2 } }] }),
        ["a 2"],
      ],
      ["a family without metrics, whatever else it says", writeBody({ name: "", type: 9, metrics: [] }), []],
      ["a value that is not there, which is 0", metric([]), ["a 0"]],
      [
        "a value of another type, which does not count",
        writeBody({ name: "a", type: "gauge", metrics: [{ untyped: 3, counter: { value: 4 } }] }),
        ["a 3"],
      ],
      [
        "timestamp 0, which is none",
        writeBody({ name: "a", type: "gauge", metrics: [{ gauge: 1, timestampMs: 0 }] }),
        ["a 1"],
      ],
      [
        "a negative timestamp",
        writeBody({ name: "a", type: "gauge", metrics: [{ gauge: 1, timestampMs: -5 }] }),
        ["a 1 @-5"],
      ],
      [
        "a missing infinite bucket, made from the count",
        writeBody({
          name: "h",
          type: "histogram",
          metrics: [{ histogram: { count: 3, sum: 2, buckets: [{ count: 1, bound: 1 }] } }],
        }),
        ["h_count 3", "h_sum 2", "h_bucket{le=1.0} 1", "h_bucket{le=+Inf} 3"],
      ],
      [
        "buckets behind the infinite one, which do not count",
        writeBody({
          name: "h",
          type: "histogram",
          metrics: [
            {
              histogram: {
                count: 3,
                sum: 2,
                buckets: [
                  { count: 3, bound: Infinity },
                  { count: 9, bound: 1 },
                ],
              },
            },
          ],
        }),
        ["h_count 3", "h_sum 2", "h_bucket{le=+Inf} 3"],
      ],
      [
        "counts as floats, which overrule whole ones",
        writeBody({
          name: "h",
          type: "histogram",
          metrics: [
            {
              histogram: {
                count: 3,
                countFloat: 3.5,
                sum: 2,
                buckets: [{ count: 1, countFloat: 1.5, bound: 1 }],
              },
            },
          ],
        }),
        ["h_count 3.5", "h_sum 2", "h_bucket{le=1.0} 1.5", "h_bucket{le=+Inf} 3.5"],
      ],
      [
        "a summary without quantiles",
        writeBody({ name: "s", type: "summary", metrics: [{ summary: { count: 1, sum: 2 } }] }),
        ["s_count 1", "s_sum 2"],
      ],
      [
        "unknown fields of every wire type, groups within groups too",
        metric(
          [0xf8, 0x01, 5], // field 31, varint
          [0xf9, 0x01, 1, 2, 3, 4, 5, 6, 7, 8],
          [0xfa, 0x01, 2, 1, 2],
          [0xfd, 0x01, 1, 2, 3, 4],
          [0xfb, 0x01, 0xfb, 0x01, 0xfc, 0x01, 0xfc, 0x01],
          [0x12, 9, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
        ),
        ["a 1"],
      ],
      [
        "labels that do not stand together",
        metric(
          [0x0a, 6, 0x0a, 1, 120, 0x12, 1, 49],
          [0x12, 9, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
          [0x0a, 6, 0x0a, 1, 121, 0x12, 1, 50],
        ),
        ["a{x=1,y=2} 1"],
      ],
      [
        "labels with NUL, and empty ones",
        writeBody({ name: "a", type: "gauge", metrics: [{ labels: { x: "\0", y: "" }, gauge: 1 }] }),
        ["a{x=\0,y=} 1"],
      ],
      [
        "exemplars",
        writeBody({
          name: "a_total",
          metrics: [
            {
              counter: {
                value: 1,
                exemplar: { labels: { b: "c" }, value: 0.5, timestamp: { seconds: 3, nanos: 500_000_000 } },
              },
            },
          ],
        }),
        ["a_total 1 #{b=c} 0.5 @3500"],
      ],
      [
        "native and classic histograms side by side",
        writeBody({
          name: "h",
          type: "histogram",
          metrics: [{ histogram: { count: 1, sum: 2, zeroCount: 1, buckets: [{ count: 1, bound: 1 }] } }],
        }),
        ["h 1", "h_count 1", "h_sum 2", "h_bucket{le=1.0} 1", "h_bucket{le=+Inf} 1"],
      ],
    ],
    refused: [
      ["a message that is cut off", gauge.subarray(0, gauge.length - 1), 0, /does not fit into the/],
      ["a length that is cut off", Buffer.from([0x80]), 0, /^a number is cut off/],
      ["an absurd length", bytes(varint(2n ** 40n), [0]), 0, /does not fit into the/],
      [
        "a length with more bytes than a 32-bit one has",
        bytes([0x81, 0x80, 0x80, 0x80, 0x80, 0x00], [0x0a]),
        0,
        /^the length of a family is not valid/,
      ],
      ["a nested length that reaches beyond its message", metric([0x12, 100]), 9, /does not fit into the/],
      ["a number of more than 64 bits", bytes([12, 0x18], new Array(11).fill(0x80)), 2, /more than 64 bits/],
      ["a double that is cut off", metric([0x12, 5, 0x09, 0, 0, 0, 0]), 11, /^a number is cut off/],
      ["field number 0", metric([0x00]), 8, /^field number 0 is not valid/],
      ["a group that ends without having begun", metric([0xfc, 0x01]), 10, /^wire type 4 is not valid here/],
      ["a wire type that is none", metric([0xfe, 0x01]), 10, /^wire type 6 is not valid here/],
      ["a known field with another wire type", metric([0x15, 0, 0, 0, 0]), 9, /^field 2 has wire type 5/],
      [
        "a family without a name",
        writeBody({ name: "", type: 1, metrics: [{ gauge: 1 }] }),
        3,
        /^a metric family has no name/,
      ],
      [
        "a type that is none",
        writeBody({ name: "a", type: 6, metrics: [{ gauge: 1 }] }),
        3,
        /^metric type 6 is not known/,
      ],
      [
        "a name that is not valid UTF-8",
        bytes([9, 0x0a, 1, 0xff, 0x18, 1, 0x22, 2, 0x12, 0]),
        3,
        /^a metric name is not valid UTF-8/,
      ],
      [
        "a help text that is not valid UTF-8",
        bytes([12, 0x0a, 1, 97, 0x12, 1, 0xff, 0x18, 1, 0x22, 2, 0x12, 0]),
        6,
        /^a help text is not valid UTF-8/,
      ],
      [
        "a label value that is not valid UTF-8",
        metric([0x0a, 6, 0x0a, 1, 120, 0x12, 1, 0xff]),
        15,
        /^a label value is not valid UTF-8/,
      ],
      ["a label without a name", metric([0x0a, 3, 0x12, 1, 49]), 9, /^a label has no name/],
      [
        "a label name twice",
        metric([0x0a, 3, 0x0a, 1, 120], [0x0a, 3, 0x0a, 1, 120]),
        8,
        /^label name "x" comes twice/,
      ],
      [
        "the label __name__",
        writeBody({ name: "a", type: "gauge", metrics: [{ labels: { __name__: "b" }, gauge: 1 }] }),
        8,
        /"__name__" comes twice/,
      ],
      [
        "spans that do not match the buckets",
        writeBody({
          name: "h",
          type: "histogram",
          metrics: [{ histogram: { count: 1, positive: { spans: [[0, 2]], deltas: [1] } } }],
        }),
        writeFamily({
          name: "h",
          type: "histogram",
          metrics: [{ histogram: { count: 1, positive: { spans: [[0, 2]], deltas: [1] } } }],
        }).length + 1,
        /^the positive spans have 2 buckets, 1 are there/,
      ],
    ],
  });
});
