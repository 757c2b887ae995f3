import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodeExportResponse,
  decodeExportResponseJson,
  decodeStatus,
  decodeStatusJson,
  encodeExportResponse,
  encodeExportResponseJson,
  encodeStatus,
  encodeStatusJson,
  OtlpDecodeError,
} from "../../src/otlp/index.ts";
import { decodeWithProtobufjs, exportResponseType, statusType } from "../support/otlp-schema.ts";

const response = fc.record({
  rejectedDataPoints: fc.maxSafeInteger(),
  errorMessage: fc.string({ unit: "grapheme" }),
});
const status = fc.record({
  code: fc.integer(),
  message: fc.string({ unit: "grapheme" }),
});

test("export responses are read as they were written, by an independent library too", () => {
  fc.assert(
    fc.property(response, (it) => {
      const plain = { ...it };
      const bytes = encodeExportResponse(it);
      assert.deepEqual(decodeExportResponse(bytes), plain);
      assert.deepEqual(decodeExportResponseJson(encodeExportResponseJson(it)), plain);
      const { partialSuccess } = decodeWithProtobufjs(exportResponseType, bytes) as {
        partialSuccess: { rejectedDataPoints?: string; errorMessage?: string };
      };
      assert.equal(Number(partialSuccess.rejectedDataPoints ?? 0), it.rejectedDataPoints);
      assert.equal(partialSuccess.errorMessage ?? "", it.errorMessage);
    }),
  );
});

test("full success is the two bytes and the text that the Collector answers with", () => {
  const success = { rejectedDataPoints: 0, errorMessage: "" };
  assert.deepEqual([...encodeExportResponse(success)], [0x0a, 0x00]);
  assert.equal(encodeExportResponseJson(success), '{"partialSuccess":{}}');
  assert.deepEqual(decodeExportResponse(new Uint8Array()), success);
  for (const text of ["{}", '{"partialSuccess":null}', '{"partialSuccess":{"rejectedDataPoints":"0"}}']) {
    assert.deepEqual(decodeExportResponseJson(text), success);
  }
});

test("a status is read as it was written, details passed over", () => {
  fc.assert(
    fc.property(status, ({ code, message }) => {
      const bytes = encodeStatus({ code, message });
      assert.deepEqual(decodeStatus(bytes), { code, message });
      assert.deepEqual(decodeStatusJson(encodeStatusJson({ code, message })), { code, message });
      const decoded = decodeWithProtobufjs(statusType, bytes);
      assert.deepEqual([decoded["code"] ?? 0, decoded["message"] ?? ""], [code, message]);
      const details = Buffer.from("1a04deadbeef", "hex");
      assert.deepEqual(decodeStatus(Buffer.concat([details, bytes])), { code, message });
    }),
  );
});

test("what is no response is refused", () => {
  for (const text of [
    "",
    "<html>",
    "[]",
    '{"partialSuccess":[1,2],"x":',
    '{"partialSuccess":7}',
    '{"partialSuccess":{"rejectedDataPoints":"x"}}',
  ]) {
    assert.throws(() => decodeExportResponseJson(text), OtlpDecodeError, text);
  }
  assert.throws(() => decodeStatusJson('{"message":5}'), /message is 5, want a string/);
  assert.throws(() => decodeStatus(Buffer.from("<html>")), OtlpDecodeError);
});
