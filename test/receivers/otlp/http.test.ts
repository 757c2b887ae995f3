import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { PartialError, PermanentError, RetryableError, StorageError } from "../../../src/component/index.ts";
import { RpcCode, RpcError } from "../../../src/grpc/index.ts";
import { Batch } from "../../../src/metrics/index.ts";
import {
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_PROTOBUF,
  decodeExportResponse,
  decodeStatus,
  encodeMetricsJson,
  MetricsEncoder,
} from "../../../src/otlp/index.ts";
import { everyKindBatch } from "../../support/batches.ts";
import { startReceiver } from "./support.ts";

const protobuf = Buffer.from(new MetricsEncoder().encode(Batch.from(everyKindBatch())).bytes);
const json = Buffer.from(encodeMetricsJson(Batch.from(everyKindBatch())));
const points = Batch.from(everyKindBatch()).pointCount;

interface Post {
  readonly body?: Uint8Array;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

async function send(url: string, { body = protobuf, type, headers, method = "POST" }: Post = {}) {
  const response = await fetch(url, {
    method,
    body: method === "GET" || method === "OPTIONS" ? null : new Uint8Array(body),
    headers: { "content-type": type ?? CONTENT_TYPE_PROTOBUF, ...headers },
  });
  const content = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, content, text: content.toString() };
}

const bodies = {
  [CONTENT_TYPE_PROTOBUF]: protobuf,
  [CONTENT_TYPE_JSON]: json,
  "Application/JSON; charset=utf-8": json,
};
const compressions = {
  none: (bytes: Buffer) => bytes,
  identity: (bytes: Buffer) => bytes,
  gzip: gzipSync,
  zstd: zstdCompressSync,
  deflate: deflateSync,
  zlib: deflateSync,
};

describe("a request is taken", () => {
  for (const [type, body] of Object.entries(bodies)) {
    for (const [name, compress] of Object.entries(compressions)) {
      test(`${type}, ${name}`, async (t) => {
        const { http, received, metric } = await startReceiver(t, { http: {} });
        const { status, headers, content, text } = await send(`http://${http}/v1/metrics`, {
          type,
          body: compress(body),
          headers: name === "none" ? {} : { "content-encoding": name },
        });
        assert.equal(status, 200);
        if (type === CONTENT_TYPE_PROTOBUF) {
          assert.equal(headers.get("content-type"), CONTENT_TYPE_PROTOBUF);
          assert.deepEqual([...content], [0x0a, 0x00]);
        } else {
          assert.equal(headers.get("content-type"), CONTENT_TYPE_JSON);
          assert.equal(text, '{"partialSuccess":{}}');
        }
        const [batch = []] = received.batches;
        assert.equal(Batch.from(batch).pointCount, points);
        assert.equal(batch[0]?.resource.attributes["service.name"], "virt-handler");
        assert.equal(await metric("accepted_metric_points", { receiver: "otlp", transport: "http" }), points);
        assert.equal(await metric("requests", { transport: "http", outcome: "success" }), 1);
      });
    }
  }
});

test("the answer comes when the pipeline has taken the data, not before", async (t) => {
  const { http, received } = await startReceiver(t, { http: {} });
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  received.answer = () => {
    reached.resolve();
    return gate.promise;
  };
  let answered = false;
  const answer = send(`http://${http}/v1/metrics`).then((response) => {
    answered = true;
    return response;
  });
  await reached.promise;
  assert.equal(answered, false);
  gate.resolve();
  assert.equal((await answer).status, 200);
});

test("a request without points is a success that the pipeline never sees", async (t) => {
  const { http, received, metric } = await startReceiver(t, { http: {} });
  assert.equal((await send(`http://${http}/v1/metrics`, { body: Buffer.alloc(0) })).status, 200);
  assert.deepEqual(received.batches, []);
  assert.equal(await metric("accepted_metric_points"), 0);
  assert.equal(await metric("requests", { outcome: "success" }), 1);
});

describe("what the pipeline says becomes the status", () => {
  const rpc = (code: number, retryAfterMs?: number) =>
    new RpcError(code, "from the backend", { retryAfterMs });
  const cases: readonly (readonly [string, Error, number, number, string | null])[] = [
    ["any error", new Error("queue full"), 503, RpcCode.Unavailable, "1"],
    ["a retryable error", new RetryableError("queue full"), 503, RpcCode.Unavailable, "1"],
    [
      "a retryable error with a delay",
      new RetryableError("busy", { retryAfterMs: 2500 }),
      503,
      RpcCode.Unavailable,
      "3",
    ],
    ["a permanent error", new PermanentError("no such tenant"), 500, RpcCode.Internal, null],
    ...(
      [
        [RpcCode.InvalidArgument, 400],
        [RpcCode.Unauthenticated, 401],
        [RpcCode.PermissionDenied, 403],
        [RpcCode.Unimplemented, 404],
        [RpcCode.FailedPrecondition, 500],
        [RpcCode.ResourceExhausted, 429],
      ] as const
    ).map(
      ([code, status]) =>
        [
          `a backend's ${code}`,
          new PermanentError("refused", { cause: rpc(code) }),
          status,
          code,
          null,
        ] as const,
    ),
    [
      "a backend that is exhausted for a while",
      new RetryableError("later", { cause: rpc(RpcCode.ResourceExhausted, 7000), retryAfterMs: 7000 }),
      429,
      RpcCode.ResourceExhausted,
      "7",
    ],
    [
      "a backend that was too slow",
      new RetryableError("later", { cause: rpc(RpcCode.DeadlineExceeded) }),
      503,
      RpcCode.DeadlineExceeded,
      "1",
    ],
    [
      "a code that contradicts the error",
      new PermanentError("given up", { cause: rpc(RpcCode.Unavailable) }),
      500,
      RpcCode.Internal,
      null,
    ],
  ];
  for (const [what, error, status, code, retryAfter] of cases) {
    test(what, async (t) => {
      const { http, received, metric } = await startReceiver(t, { http: {} });
      received.answer = () => Promise.reject(error);
      const proto = await send(`http://${http}/v1/metrics`);
      assert.equal(proto.status, status);
      assert.equal(proto.headers.get("content-type"), CONTENT_TYPE_PROTOBUF);
      assert.equal(proto.headers.get("retry-after"), retryAfter);
      const decoded = decodeStatus(proto.content);
      assert.equal(decoded.code, code);
      assert.ok(decoded.message.startsWith(error.message), decoded.message);
      const inJson = await send(`http://${http}/v1/metrics`, { body: json, type: CONTENT_TYPE_JSON });
      assert.equal(inJson.status, status);
      assert.deepEqual(JSON.parse(inJson.text), { ...decoded });
      assert.equal(await metric("refused_metric_points", { transport: "http" }), 2 * points);
      assert.equal(await metric("requests", { outcome: "refused" }), 2);
      assert.equal(await metric("accepted_metric_points"), 0);
    });
  }

  test("a sender is told neither secrets nor paths", async (t) => {
    const { http, received } = await startReceiver(t, { http: {} });
    const told = async (error: Error) => {
      received.answer = () => Promise.reject(error);
      return decodeStatus((await send(`http://${http}/v1/metrics`)).content).message;
    };
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const storage = new StorageError("full", "cannot write /var/lib/otelcol/x/000.log", { cause: full });
    assert.equal(
      await told(new RetryableError("the storage did not take the data", { cause: storage })),
      "the storage did not take the data",
    );
    assert.equal(await told(storage), "the data cannot be stored");
    const missing = await readFile("/no/such/token").catch((cause: unknown) => cause);
    assert.equal(
      await told(new RetryableError('token file "/no/such/token" cannot be read', { cause: missing })),
      'token file "…" cannot be read',
    );
    assert.equal(
      await told(new Error("POST http://me:pa55word@backend/v1/metrics: refused")),
      "POST http://[REDACTED]@backend/v1/metrics: refused",
    );
  });

  test("a partial success", async (t) => {
    const { http, received, metric } = await startReceiver(t, { http: {} });
    received.answer = () => Promise.reject(new PartialError("one was too old", 1));
    const { status, content } = await send(`http://${http}/v1/metrics`);
    assert.equal(status, 200);
    assert.deepEqual(decodeExportResponse(content), {
      rejectedDataPoints: 1,
      errorMessage: "one was too old",
    });
    assert.equal(await metric("accepted_metric_points"), points - 1);
    assert.equal(await metric("refused_metric_points"), 1);
  });
});

test("what is no OTLP request is said so, in plain text", async (t) => {
  const { http, received } = await startReceiver(t, { http: {} });
  const get = await send(`http://${http}/v1/metrics`, { method: "GET" });
  assert.equal(get.status, 405);
  assert.equal(get.text, "405 method not allowed, supported: [POST]");
  assert.equal(get.headers.get("allow"), "POST");
  for (const type of ["text/plain", "application/x-protobuffer", "application/grpc"]) {
    const other = await send(`http://${http}/v1/metrics`, { type });
    assert.equal(other.status, 415);
    assert.equal(
      other.text,
      "415 unsupported media type, supported: [application/json, application/x-protobuf]",
    );
  }
  for (const path of ["/", "/v1/traces", "/v1/metrics/x"]) {
    assert.equal((await send(`http://${http}${path}`)).status, 404);
  }
  assert.equal((await send(`http://${http}/v1/metrics?source=test`)).status, 200);
  assert.equal(received.batches.length, 1);
});

test("another path can be chosen", async (t) => {
  const { http } = await startReceiver(t, { http: { metrics_url_path: "/otlp/metrics" } });
  assert.equal((await send(`http://${http}/otlp/metrics`)).status, 200);
  assert.equal((await send(`http://${http}/v1/metrics`)).status, 404);
});

test("a compression that is not accepted is a bad request", async (t) => {
  const { http, metric } = await startReceiver(t, { http: { compression_algorithms: ["gzip"] } });
  const post = async (encoding: string, body: Buffer) =>
    await send(`http://${http}/v1/metrics`, { body, headers: { "content-encoding": encoding } });
  assert.equal((await post("gzip", gzipSync(protobuf))).status, 200);
  const { status, content } = await post("zstd", zstdCompressSync(protobuf));
  assert.equal(status, 400);
  assert.deepEqual(decodeStatus(content), {
    code: RpcCode.InvalidArgument,
    message: "unsupported Content-Encoding: zstd, allowed are gzip",
  });
  assert.equal((await send(`http://${http}/v1/metrics`)).status, 400);
  assert.equal(await metric("requests", { outcome: "failure" }), 2);
});

describe("a body is limited", () => {
  const limit = 1000;
  const filler = Buffer.concat([protobuf, Buffer.alloc(limit)]);

  test("as it comes, with and without a length", async (t) => {
    const { http, received } = await startReceiver(t, { http: { max_request_body_size: limit } });
    const url = `http://${http}/v1/metrics`;
    const tooLarge = await send(url, { body: filler });
    assert.equal(tooLarge.status, 413);
    assert.deepEqual(decodeStatus(tooLarge.content), {
      code: RpcCode.ResourceExhausted,
      message: "the body exceeds the limit of 1000 bytes",
    });
    assert.equal(await chunked(url, [filler.subarray(0, 900), filler.subarray(900)]), 413);
    assert.equal(received.batches.length, 0);
    // The server goes on, on the same connection too.
    assert.equal((await send(url)).status, 200);
  });

  for (const name of ["gzip", "zstd", "deflate"] as const) {
    test(`when it is decompressed from ${name}`, async (t) => {
      const { http } = await startReceiver(t, { http: { max_request_body_size: limit } });
      const headers = { "content-encoding": name };
      const bomb = compressions[name](Buffer.alloc(200 * limit));
      assert.ok(bomb.length < limit);
      const { status, content } = await send(`http://${http}/v1/metrics`, { body: bomb, headers });
      assert.equal(status, 413);
      assert.match(decodeStatus(content).message, /the decompressed body exceeds the limit of 1000 bytes/);
      const exact = compressions[name](protobuf);
      assert.equal((await send(`http://${http}/v1/metrics`, { body: exact, headers })).status, 200);
    });
  }

  test("a body of exactly the limit is taken", async (t) => {
    const { http } = await startReceiver(t, { http: { max_request_body_size: protobuf.length } });
    assert.equal((await send(`http://${http}/v1/metrics`)).status, 200);
    const body = gzipSync(protobuf, { level: 0 });
    assert.ok(body.length > protobuf.length);
    const headers = { "content-encoding": "gzip" };
    assert.equal((await send(`http://${http}/v1/metrics`, { body, headers })).status, 413);
  });
});

/** Sends a body in chunks, without a length; the status. */
function chunked(url: string, chunks: readonly Uint8Array[]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": CONTENT_TYPE_PROTOBUF, "transfer-encoding": "chunked" };
    const outgoing = httpRequest(url, { method: "POST", headers }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
    });
    outgoing.once("error", reject);
    for (const chunk of chunks) outgoing.write(chunk);
    outgoing.end();
  });
}

test("a sender that goes away in the middle of its body does no harm", async (t) => {
  const { http, metric, logs } = await startReceiver(t, { http: {} });
  const [host, port] = http.split(":");
  const socket = connect(Number(port), host);
  socket.end(
    `POST /v1/metrics HTTP/1.1\r\nHost: x\r\nContent-Type: ${CONTENT_TYPE_PROTOBUF}\r\nContent-Length: 100\r\n\r\nhalf`,
  );
  for await (const _ of socket);
  while ((await metric("requests", { outcome: "failure" })) === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await send(`http://${http}/v1/metrics`)).status, 200);
  assert.deepEqual(
    logs.filter(({ level }) => level === "error"),
    [],
  );
});

test("response_headers go with every answer", async (t) => {
  const { http } = await startReceiver(t, {
    http: { response_headers: { "Strict-Transport-Security": "max-age=1" } },
  });
  for (const path of ["/v1/metrics", "/nowhere"]) {
    const { headers } = await send(`http://${http}${path}`);
    assert.equal(headers.get("strict-transport-security"), "max-age=1");
  }
});

test("keep_alives_enabled: false gives each request a connection of its own", async (t) => {
  const connectionOf = async (http: object) => {
    const { http: address } = await startReceiver(t, { http });
    return (await send(`http://${address}/v1/metrics`)).headers.get("connection");
  };
  assert.equal(await connectionOf({}), "keep-alive");
  assert.equal(await connectionOf({ keep_alives_enabled: false }), "close");
});

describe("pages of other origins", () => {
  const cors = {
    allowed_origins: ["https://*.example.com", "http://localhost:3000"],
    allowed_headers: ["X-Tenant"],
    exposed_headers: ["X-Trace"],
    max_age: 600,
  };
  const preflight = (origin: string, names: string) => ({
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": names,
    },
  });

  test("may send when they are allowed to", async (t) => {
    const { http, received } = await startReceiver(t, { http: { cors } });
    const origin = "https://app.example.com";
    const asked = await send(`http://${http}/v1/metrics`, preflight(origin, "content-type,x-tenant,x-other"));
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get("access-control-allow-origin"), origin);
    assert.equal(asked.headers.get("access-control-allow-credentials"), "true");
    assert.equal(asked.headers.get("access-control-allow-methods"), "POST");
    assert.equal(asked.headers.get("access-control-allow-headers"), "content-type, x-tenant");
    assert.equal(asked.headers.get("access-control-max-age"), "600");
    const { status, headers } = await send(`http://${http}/v1/metrics`, { headers: { origin } });
    assert.equal(status, 200);
    assert.equal(headers.get("access-control-allow-origin"), origin);
    assert.equal(headers.get("access-control-expose-headers"), "X-Trace");
    assert.equal(headers.get("vary"), "Origin");
    assert.equal(received.batches.length, 1);
  });

  test("are told nothing when they are not", async (t) => {
    const { http } = await startReceiver(t, { http: { cors } });
    for (const origin of [
      "https://example.com",
      "https://app.example.com.evil.test",
      "http://localhost:30000",
    ]) {
      const { headers } = await send(`http://${http}/v1/metrics`, preflight(origin, ""));
      assert.equal(headers.get("access-control-allow-origin"), null, origin);
    }
  });

  test("without the section a preflight is a request like another", async (t) => {
    const { http } = await startReceiver(t, { http: {} });
    const { status, headers } = await send(
      `http://${http}/v1/metrics`,
      preflight("http://localhost:3000", ""),
    );
    assert.equal(status, 405);
    assert.equal(headers.get("access-control-allow-origin"), null);
  });
});

describe("life cycle", () => {
  test("a shutdown lets a request under way finish and takes no other", async (t) => {
    const { http, received, receiver } = await startReceiver(t, { http: {} });
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    received.answer = () => {
      reached.resolve();
      return gate.promise;
    };
    const answer = send(`http://${http}/v1/metrics`);
    await reached.promise;
    const done = receiver.shutdown?.(60_000);
    gate.resolve();
    assert.equal((await answer).status, 200);
    await done;
    await assert.rejects(send(`http://${http}/v1/metrics`));
  });

  test("a request that outlasts the time for the shutdown is cut off", async (t) => {
    const { http, received, receiver } = await startReceiver(t, { http: {} });
    const reached = Promise.withResolvers<void>();
    received.answer = () => {
      reached.resolve();
      return new Promise(() => {});
    };
    const answer = assert.rejects(send(`http://${http}/v1/metrics`));
    await reached.promise;
    await receiver.shutdown?.(20);
    await answer;
  });

  test("an address that is taken fails the start and leaves nothing behind", async (t) => {
    const first = await startReceiver(t, { http: {} });
    await assert.rejects(
      startReceiver(t, { grpc: {}, http: { endpoint: first.http } }),
      new RegExp(`cannot listen on ${first.http}: .*EADDRINUSE`),
    );
  });
});
