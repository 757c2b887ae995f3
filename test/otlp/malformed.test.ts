import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Batch } from "../../src/metrics/index.ts";
import {
  decodeExportResponse,
  decodeMetrics,
  decodeMetricsJson,
  decodeStatus,
  encodeMetricsJson,
  MetricsEncoder,
  OtlpDecodeError,
} from "../../src/otlp/index.ts";
import { metricsBatch } from "../support/metrics-arbitraries.ts";

/** Decodes, or fails with the one error that a caller has to expect. */
function decodeOrRefuse(decode: () => unknown): boolean {
  try {
    decode();
    return true;
  } catch (error) {
    assert(error instanceof OtlpDecodeError, String(error));
    assert.equal(error.code, "OTLP_DECODE");
    return false;
  }
}

const encoded = metricsBatch.map((batch) =>
  Buffer.from(new MetricsEncoder().encode(Batch.from(batch)).bytes),
);

test("protobuf cut short anywhere is refused with an offset, or is a shorter message", () => {
  fc.assert(
    fc.property(encoded, (bytes) => {
      const resources = decodeMetrics(bytes).length;
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.subarray(0, length);
        try {
          // Only between two resources can a request end early and still be one.
          assert(decodeMetrics(cut).length < resources);
        } catch (error) {
          assert(error instanceof OtlpDecodeError);
          assert(error.offset !== undefined && error.offset <= length);
        }
      }
    }),
    { numRuns: 15 },
  );
});

test("protobuf with flipped bits decodes or is refused", () => {
  fc.assert(
    fc.property(
      encoded,
      fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 20 }),
      (bytes, flips) => {
        const copy = Buffer.from(bytes);
        for (const [at, bit] of flips) {
          if (copy.length > 0)
            copy.writeUInt8(copy.readUInt8(at % copy.length) ^ (1 << bit), at % copy.length);
        }
        decodeOrRefuse(() => decodeMetrics(copy));
      },
    ),
    { numRuns: 500 },
  );
});

test("arbitrary bytes decode or are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeOrRefuse(() => decodeMetrics(bytes));
      decodeOrRefuse(() => decodeExportResponse(bytes));
      decodeOrRefuse(() => decodeStatus(bytes));
      decodeOrRefuse(() => decodeMetricsJson(bytes));
    }),
    { numRuns: 500 },
  );
});

/** A message as hexadecimal text. */
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Wraps bytes in length-delimited fields, innermost first. */
function wrap(bytes: Uint8Array, ...tags: number[]): Buffer {
  let result = Buffer.from(bytes);
  for (const tag of tags) {
    const length: number[] = [];
    let rest = result.length;
    for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
    result = Buffer.concat([Buffer.from([tag, ...length, rest]), result]);
  }
  return result;
}

const REQUEST_OF_GAUGE_POINT = [0x0a, 0x2a, 0x12, 0x12, 0x0a];

test("what is wrong is said, and where", () => {
  const cases: readonly [Buffer, RegExp, number][] = [
    [hex("0a ff ff ff ff 0f"), /length 4294967295 exceeds the 0 bytes left at offset 1/, 1],
    [hex("0a 05 00"), /length 5 exceeds the 1 bytes left at offset 1/, 1],
    [hex("00"), /invalid field tag 0 at offset 0/, 0],
    [hex("ff ff ff ff ff ff ff ff ff ff ff 01"), /varint longer than 10 bytes at offset 0/, 0],
    [hex("0b"), /unsupported wire type 3 \(group\)/, 1],
    [hex("11 00 00"), /message ends within a field of 8 bytes/, 1],
    [wrap(hex("19 01"), ...REQUEST_OF_GAUGE_POINT), /message ends within a field of 8 bytes/, 11],
    // A point's field may not reach into what follows the point.
    [
      Buffer.concat([wrap(hex("3a 09"), ...REQUEST_OF_GAUGE_POINT), Buffer.alloc(20)]),
      /exceeds the 0 bytes/,
      11,
    ],
  ];
  for (const [bytes, message, offset] of cases) {
    assert.throws(
      () => decodeMetrics(bytes),
      (error) => error instanceof OtlpDecodeError && message.test(error.message) && error.offset === offset,
      bytes.toString("hex"),
    );
  }
});

test("bucket counts that do not fit the bounds are refused", () => {
  const point = hex("21 0100000000000000 3a 08 000000000000f03f");
  assert.throws(
    () => decodeMetrics(wrap(point, 0x0a, 0x4a, 0x12, 0x12, 0x0a)),
    /0 bucket counts for 1 bounds, want one more than bounds/,
  );
  assert.throws(
    () => decodeMetrics(wrap(hex("32 07 00000000000000"), 0x0a, 0x4a, 0x12, 0x12, 0x0a)),
    /take 7 bytes/,
  );
});

test("fields that are not known are passed over, those known may be unpacked", () => {
  const unknown = hex("92 03 02 01 02  98 03 05  a1 03 0000000000000000  a5 03 00000000");
  const point = Buffer.concat([unknown, hex("19 0100000000000000 21 000000000000f03f"), unknown]);
  const [resource] = decodeMetrics(wrap(point, ...REQUEST_OF_GAUGE_POINT));
  assert.deepEqual(resource?.scopeMetrics[0]?.metrics[0]?.dataPoints, [
    { startTime: [0, 0], endTime: [0, 1], attributes: {}, value: 1 },
  ]);
  const unpacked = hex("31 0100000000000000 31 0200000000000000 39 000000000000f03f");
  const [other] = decodeMetrics(wrap(unpacked, 0x0a, 0x4a, 0x12, 0x12, 0x0a));
  assert.deepEqual(other?.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.value, {
    count: 0,
    buckets: { boundaries: [1], counts: [1, 2] },
  });
});

test("attributes in several runs of one message are all there", () => {
  const a = hex("3a 08 0a 01 61 12 03 0a 01 31");
  const b = hex("3a 08 0a 01 62 12 03 0a 01 32");
  const point = Buffer.concat([a, hex("19 0100000000000000"), b]);
  const [resource] = decodeMetrics(wrap(point, ...REQUEST_OF_GAUGE_POINT));
  assert.deepEqual(resource?.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.attributes, { a: "1", b: "2" });
});

test("equal attribute sets of a request are one object, frozen", () => {
  const attributes = { vm: "a", namespace: "b" };
  const points = [1, 2].map((value) => ({ startTime: [0, 0], endTime: [1, 0], attributes, value }));
  const batch = [
    {
      resource: { attributes: {} },
      scopeMetrics: [
        {
          scope: { name: "" },
          metrics: ["a", "b"].map((name) => ({
            descriptor: { name, description: "", unit: "", valueType: 1 },
            dataPointType: 2,
            aggregationTemporality: 2,
            dataPoints: points,
          })),
        },
      ],
    },
  ] as never;
  const sameAs = (decoded: ReturnType<typeof decodeMetrics>) => {
    const all = decoded[0]?.scopeMetrics[0]?.metrics.flatMap(({ dataPoints }) =>
      dataPoints.map((point) => point.attributes),
    );
    assert.equal(all?.length, 4);
    assert(Object.isFrozen(all[0]));
    assert.equal(new Set(all).size, 1);
  };
  sameAs(decodeMetrics(new MetricsEncoder().encode(Batch.from(batch)).bytes));
  sameAs(decodeMetricsJson(encodeMetricsJson(Batch.from(batch))));
});

test("attributes nested without end are refused before the stack is", () => {
  let value: Buffer = Buffer.alloc(0);
  for (let i = 0; i < 200; i++) value = wrap(value, 0x0a, 0x2a);
  assert.throws(() => decodeMetrics(wrap(value, 0x12, 0x0a, 0x0a, 0x0a)), /nested more than 64 deep/);
  const json = (depth: number) =>
    `{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":${'{"arrayValue":{"values":['.repeat(depth)}${"]}}".repeat(depth)}}]}}]}`;
  assert.equal(decodeMetricsJson(json(64)).length, 1);
  for (const depth of [66, 50_000]) assert.throws(() => decodeMetricsJson(json(depth)), OtlpDecodeError);
});

test("a small request of a great many empty points is refused", () => {
  const points = Buffer.alloc(2 * 4_000_001);
  for (let i = 0; i < points.length; i += 2) points[i] = 0x0a;
  assert.throws(() => decodeMetrics(wrap(points, 0x2a, 0x12, 0x12, 0x0a)), /more than 4000000/);
});

test("JSON of the wrong shape is refused with its path", () => {
  const cases: readonly [string, RegExp][] = [
    ["", /invalid JSON/],
    ["[]", /holds no object/],
    ["null", /holds no object/],
    ['{"resourceMetrics":{}}', /resourceMetrics is \{\}, want an array/],
    ['{"resourceMetrics":[1]}', /resourceMetrics\[0\] is 1, want an object/],
    [
      gauge('"asInt":"x"'),
      /metrics\[0\]\.gauge\.dataPoints\[0\]\.asInt is "x", want a signed 64-bit integer/,
    ],
    [gauge('"asInt":9223372036854775808'), /asInt is 9223372036854776000, want a signed 64-bit integer/],
    [gauge('"asDouble":"1,5"'), /asDouble is "1,5", want a number/],
    [gauge('"timeUnixNano":"-1"'), /timeUnixNano is "-1", want an unsigned 64-bit integer/],
    [
      gauge('"exemplars":[{"traceId":"xyz"}]'),
      /exemplars\[0\]\.traceId is "xyz", want pairs of hexadecimal digits/,
    ],
    [gauge('"attributes":[{"key":1}]'), /key is 1, want a string/],
    [gauge('"flags":4294967296'), /flags is 4294967296, want an unsigned 32-bit integer/],
    [`{"a":"${"x".repeat(100)}`, /invalid JSON at offset/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => decodeMetricsJson(text),
      (error) => error instanceof OtlpDecodeError && message.test(error.message),
      text,
    );
  }
});

test("JSON takes numbers and strings for either kind of number, null for absent, and unknown fields", () => {
  const decoded = decodeMetricsJson(
    gauge('"asDouble":"1.5e3","timeUnixNano":1000000001,"startTimeUnixNano":null,"later":{"x":[1]}'),
  );
  assert.deepEqual(decoded[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints, [
    { startTime: [0, 0], endTime: [1, 1], attributes: {}, value: 1500 },
  ]);
});

test("JSON with any character gone decodes or is refused", () => {
  fc.assert(
    fc.property(metricsBatch, fc.nat(), (batch, at) => {
      const json = Buffer.from(encodeMetricsJson(Batch.from(batch))).toString();
      const without = at % json.length;
      decodeOrRefuse(() => decodeMetricsJson(json.slice(0, without) + json.slice(without + 1)));
      decodeOrRefuse(() => decodeMetricsJson(json.slice(0, without)));
    }),
    { numRuns: 300 },
  );
});

function gauge(point: string): string {
  return `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{${point}}]}}]}]}]}`;
}
