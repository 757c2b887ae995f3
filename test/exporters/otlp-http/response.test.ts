import assert from "node:assert/strict";
import { test } from "node:test";
import { PartialError, PermanentError, RetryableError } from "../../../src/component/index.ts";
import {
  checkResponse,
  parseRetryAfter,
  RETRYABLE_STATUSES,
} from "../../../src/exporters/otlp-http/response.ts";
import {
  encodeExportResponse,
  encodeExportResponseJson,
  encodeStatus,
  encodeStatusJson,
} from "../../../src/otlp/index.ts";

const NOW = Date.parse("Sun, 06 Nov 1994 08:49:30 GMT");
const PROTO = "application/x-protobuf";
const JSON_TYPE = "application/json; charset=utf-8";

function outcome(
  status: number,
  headers: Record<string, string> = {},
  body: string | Uint8Array = "",
): unknown {
  try {
    checkResponse(
      { status, headers, body: Buffer.from(body) },
      { url: "http://sink/v1/metrics", nowMs: NOW, retryable: new Set(RETRYABLE_STATUSES) },
    );
    return undefined;
  } catch (error) {
    return error;
  }
}

test("2xx is success, whatever text comes with it", () => {
  for (const status of [200, 202, 204]) assert.equal(outcome(status), undefined);
  assert.equal(outcome(200, { "content-type": "text/html" }, "<p>ok"), undefined);
  assert.equal(outcome(200, { "content-type": PROTO }, Buffer.from([0x0a, 0])), undefined);
  assert.equal(outcome(200, { "content-type": JSON_TYPE }, '{"partialSuccess":{}}'), undefined);
});

test("a success that cannot be decoded is permanent", () => {
  assert.ok(outcome(200, { "content-type": PROTO }, Buffer.from([0x0a, 0x7f])) instanceof PermanentError);
  assert.ok(outcome(200, { "content-type": JSON_TYPE }, "<") instanceof PermanentError);
});

test("a partial success says how many points were rejected and why", () => {
  const partial = { rejectedDataPoints: 7, errorMessage: "too old" };
  for (const error of [
    outcome(200, { "content-type": PROTO }, encodeExportResponse(partial)),
    outcome(200, { "content-type": JSON_TYPE }, encodeExportResponseJson(partial)),
  ]) {
    assert.ok(error instanceof PartialError);
    assert.equal(error.rejected, 7);
    assert.equal(error.message, "http://sink/v1/metrics rejected 7 data points: too old");
  }
  const remark = { rejectedDataPoints: 0, errorMessage: "deprecated" };
  const warning = outcome(200, { "content-type": PROTO }, encodeExportResponse(remark));
  assert.ok(warning instanceof PartialError);
  assert.equal(warning.rejected, 0);
});

test("429, 502, 503 and 504 are retryable, every other status is permanent", () => {
  for (const status of [429, 502, 503, 504])
    assert.ok(outcome(status) instanceof RetryableError, `${status}`);
  for (const status of [301, 304, 400, 401, 403, 404, 405, 408, 413, 415, 425, 500, 501, 505, 530]) {
    assert.ok(outcome(status) instanceof PermanentError, `${status}`);
  }
});

test("Retry-After counts for 429 and 503, in both forms", () => {
  const date = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (const [status, value, ms] of [
    [429, "120", 120_000],
    [503, date, 7000],
    [503, "soon", undefined],
    [502, "120", undefined],
  ] as const) {
    const error = outcome(status, { "retry-after": value });
    assert.ok(error instanceof RetryableError);
    assert.equal(error.retryAfterMs, ms, `${status} ${value}`);
  }
  assert.equal(parseRetryAfter("Sunday, 06-Nov-94 08:49:37 GMT", NOW), 7000);
  assert.equal(parseRetryAfter("Sun Nov  6 08:49:37 1994", NOW) === undefined, false);
  assert.equal(parseRetryAfter("Sun, 06 Nov 1994 08:49:00 GMT", NOW), 0, "the past is now");
  assert.equal(parseRetryAfter("-5", NOW), undefined);
  assert.equal(parseRetryAfter("1.5", NOW), undefined);
  assert.equal(parseRetryAfter(undefined, NOW), undefined);
});

test("errors carry what the backend says", () => {
  const text = (error: unknown) => (error as Error).message;
  const status = { code: 3, message: "bad metric\nname" };
  const start =
    "error exporting items, request to http://sink/v1/metrics responded with HTTP Status Code 400";
  const said = `${start}, Message=bad metric name`;
  assert.equal(text(outcome(400)), start);
  assert.equal(text(outcome(400, { "content-type": PROTO }, encodeStatus(status))), said);
  assert.equal(text(outcome(400, { "content-type": JSON_TYPE }, encodeStatusJson(status))), said);
  assert.equal(text(outcome(400, { "content-type": "text/plain" }, "bad metric name\n")), said);
  assert.equal(
    text(outcome(400, { "content-type": JSON_TYPE }, '{"errors":["Forbidden"]}')),
    `${start}, Message={"errors":["Forbidden"]}`,
  );
  assert.equal(text(outcome(400, { "content-type": PROTO }, Buffer.from([0xff]))), start);
  assert.ok(text(outcome(400, { "content-type": "text/html" }, "x".repeat(60_000))).length < 400);
});
