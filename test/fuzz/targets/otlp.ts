import assert from "node:assert/strict";
import { Batch } from "../../../src/metrics/index.ts";
import {
  decodeExportResponse,
  decodeExportResponseJson,
  decodeMetrics,
  decodeMetricsJson,
  decodeStatus,
  encodeMetricsJson,
  MetricsEncoder,
  OtlpDecodeError,
} from "../../../src/otlp/index.ts";
import { type FuzzTarget, magnitude, refusal } from "../target.ts";

const json = Buffer.from(
  JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: [{ key: "a", value: { stringValue: "b" } }] },
        scopeMetrics: [
          {
            scope: { name: "s", version: "1" },
            metrics: [
              { name: "g", gauge: { dataPoints: [{ timeUnixNano: "5", asInt: "7" }] } },
              {
                name: "h",
                unit: "s",
                histogram: {
                  aggregationTemporality: 2,
                  dataPoints: [{ count: "3", sum: 1.5, bucketCounts: ["1", "2"], explicitBounds: [1] }],
                },
              },
              {
                name: "e",
                exponentialHistogram: {
                  aggregationTemporality: 1,
                  dataPoints: [
                    { count: "3", scale: 2, zeroCount: "1", positive: { offset: 1, bucketCounts: ["2"] } },
                  ],
                },
              },
              {
                name: "s",
                summary: {
                  dataPoints: [{ count: "1", sum: 2, quantileValues: [{ quantile: 0.5, value: 1 }] }],
                },
              },
            ],
          },
        ],
      },
    ],
  }),
);

const encoder = new MetricsEncoder();
const protobuf = Buffer.from(encoder.encode(Batch.from(decodeMetricsJson(json))).bytes);

function points(input: Buffer, decode: (bytes: Buffer) => ReturnType<typeof decodeMetrics>): string {
  let batch: ReturnType<typeof decodeMetrics>;
  try {
    batch = decode(input);
  } catch (error) {
    return refusal(error, OtlpDecodeError);
  }
  // What could be read can be written and read again.
  const again = decodeMetricsJson(Buffer.from(encodeMetricsJson(Batch.from(batch))));
  const count = Batch.from(batch).pointCount;
  assert.equal(Batch.from(again).pointCount, count);
  return magnitude(count);
}

function response(input: Buffer, decode: (bytes: Buffer) => unknown): string {
  try {
    return String(decode(input) !== undefined);
  } catch (error) {
    return refusal(error, OtlpDecodeError);
  }
}

const wireTokens = ["\n", "\x12", "\x1a", "\x22", "\x2a", "\x39", "\x80", "\xff", "\x00"];
const jsonTokens = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "null",
  '"asInt":"1"',
  '"key":"a"',
  "1e999",
  "\\u0000",
];

export const otlpTargets: readonly FuzzTarget[] = [
  {
    name: "otlp-protobuf",
    seeds: [protobuf],
    tokens: wireTokens,
    run: (input) => points(input, decodeMetrics),
  },
  { name: "otlp-json", seeds: [json], tokens: jsonTokens, run: (input) => points(input, decodeMetricsJson) },
  {
    name: "otlp-responses",
    seeds: [Buffer.from([0x0a, 5, 0x08, 3, 0x12, 1, 97])],
    tokens: wireTokens,
    run: (input) =>
      [decodeExportResponse, decodeStatus, decodeExportResponseJson]
        .map((decode) => response(input, decode as (bytes: Buffer) => unknown))
        .join(" "),
  },
];
