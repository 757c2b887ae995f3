import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ReusableBuffer } from "../../src/net/index.ts";
import { httpError, httpServer, listen, openClient } from "./support.ts";

test("a body arrives with status, content type and length, chunked or not", async (t) => {
  const body = "kubevirt_info 1\n".repeat(20_000);
  const { origin } = await httpServer(t, (request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4; escaping=underscores");
    if (request.url === "/whole") response.end(body);
    else {
      for (let at = 0; at < body.length; at += 5000) response.write(body.slice(at, at + 5000));
      response.end();
    }
  });
  const client = await openClient(t);
  for (const path of ["/whole", "/chunked"]) {
    const fetched = await client.fetch(`${origin}${path}`);
    assert.equal(fetched.status, 200);
    assert.equal(fetched.contentType, "text/plain; version=0.0.4; escaping=underscores");
    assert.equal(fetched.length, body.length);
    assert.equal(client.text(), body);
  }
});

test("the buffer keeps its memory from body to body and shrinks after a large one", async (t) => {
  let body = Buffer.alloc(300_000, "a");
  const { origin } = await httpServer(t, (_request, response) => response.end(body));
  const client = await openClient(t);
  const into = new ReusableBuffer();
  await client.fetch(origin, { into });
  const memory = into.bytes;
  await client.fetch(origin, { into });
  assert.equal(into.bytes, memory);
  body = Buffer.alloc(10, "b");
  for (let use = 0; use < 40; use++) await client.fetch(origin, { into });
  assert.ok(into.capacity < 100_000, `${into.capacity} bytes are kept for bodies of 10`);
  assert.equal(into.view().toString(), "bbbbbbbbbb");
});

test("requests carry the user agent, the request's and the configured headers, the latter winning", async (t) => {
  let seen: IncomingMessage["headers"] = {};
  const { origin } = await httpServer(t, (request, response) => {
    seen = request.headers;
    response.end();
  });
  const headers = { "X-Tenant": "a", accept: "text/plain", Host: "virt-handler" };
  const client = await openClient(t, { headers }, { userAgent: "otelcol-kubevirt/1.2.3" });
  const fetched = await client.fetch(origin, { headers: { Accept: "*/*", "X-Timeout": "10" } });
  assert.equal(fetched.length, 0);
  assert.equal(seen["user-agent"], "otelcol-kubevirt/1.2.3");
  assert.equal(seen["x-tenant"], "a");
  assert.equal(seen["x-timeout"], "10");
  assert.equal(seen.accept, "text/plain");
  assert.equal(seen.host, "virt-handler");
  assert.equal(seen["accept-encoding"], "gzip");
});

test("a header that belongs to the connection is refused at open", async (t) => {
  await assert.rejects(openClient(t, { headers: { "Transfer-Encoding": "chunked" } }), {
    code: "COMPONENT_START",
    message: /"Transfer-Encoding" is set by the client itself/,
  });
});

test("a status other than 200 is an error with the start of the text, without line breaks", async (t) => {
  const { origin, connections } = await httpServer(t, (request, response) => {
    if (request.url === "/html") response.setHeader("content-type", "application/octet-stream");
    else response.setHeader("content-type", "text/plain; charset=utf-8");
    response.statusCode = request.url === "/204" ? 204 : 503;
    response.end(
      response.statusCode === 204
        ? undefined
        : `Limit of concurrent\n requests reached (3)${"!".repeat(500)}`,
    );
  });
  const client = await openClient(t);
  const wanted = `GET ${origin}/m: answered status 503: Limit of concurrent requests reached \\(3\\)!+$`;
  await assert.rejects(client.fetch(`${origin}/m`), (error: Error) => {
    assert.ok(error.message.length < 300, error.message);
    return httpError({ code: "SCRAPE_HTTP", reason: "http_status", status: 503 }, new RegExp(wanted))(error);
  });
  await assert.rejects(
    client.fetch(`${origin}/html`),
    httpError({ reason: "http_status", status: 503 }, /answered status 503$/),
  );
  await assert.rejects(client.fetch(`${origin}/204`), httpError({ status: 204 }, /answered status 204$/));
  assert.equal(connections(), 1, "a short error page does not cost the connection");
});

const codecs = [
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
] as const;

for (const [encoding, compress] of codecs) {
  test(`${encoding} is decoded when the response says so`, async (t) => {
    const body = "kubevirt_info 1\n".repeat(300_000);
    const { origin } = await httpServer(t, (_request, response) => {
      response.setHeader("content-encoding", encoding);
      response.end(compress(body));
    });
    const client = await openClient(t);
    for (let round = 0; round < 3; round++) {
      assert.equal((await client.fetch(origin)).length, body.length);
      assert.equal(client.text(), body);
    }
  });

  test(`a ${encoding} body that is cut short or none at all fails as decode, and the next request works`, async (t) => {
    const whole = compress("kubevirt_info 1\n".repeat(1000));
    const { origin } = await httpServer(t, (request, response) => {
      response.setHeader("content-encoding", encoding);
      if (request.url === "/cut") response.end(whole.subarray(0, whole.length - 20));
      else response.end(request.url === "/none" ? "kubevirt_info 1\n" : whole);
    });
    const client = await openClient(t);
    const broken = httpError({ reason: "decode" }, new RegExp(`${encoding} body is broken`));
    await assert.rejects(client.fetch(`${origin}/cut`), broken);
    await assert.rejects(client.fetch(`${origin}/none`), broken);
    assert.equal((await client.fetch(origin)).length, 16_000);
  });

  test(`the limit counts decoded bytes as they appear: a ${encoding} bomb stops there`, async (t) => {
    const bomb = compress(Buffer.alloc(100 * 1024 * 1024));
    const { origin } = await httpServer(t, (_request, response) => {
      response.setHeader("content-encoding", encoding);
      response.end(bomb);
    });
    const client = await openClient(t);
    const into = new ReusableBuffer();
    const limit = 1_000_000;
    await assert.rejects(
      client.fetch(origin, { into, bodyLimitBytes: limit }),
      httpError(
        { code: "SCRAPE_LIMIT", reason: "body_limit" },
        /the body reaches the limit of 1000000 bytes/,
      ),
    );
    assert.ok(into.capacity <= 2 * limit, `${into.capacity} bytes were allocated`);
  });
}

test("no other content encoding is taken", async (t) => {
  const { origin } = await httpServer(t, (request, response) => {
    const encoding = request.url?.slice(1);
    if (encoding !== undefined && encoding !== "") response.setHeader("content-encoding", encoding);
    response.end("plain");
  });
  const client = await openClient(t);
  await client.fetch(`${origin}/identity`);
  assert.equal(client.text(), "plain");
  const refused = httpError(
    { code: "SCRAPE_HTTP", reason: "decode" },
    /content encoding "br" is not supported/,
  );
  await assert.rejects(client.fetch(`${origin}/br`), refused);
});

test("a second zstd frame is refused: nothing of a body is left out without a word", async (t) => {
  const frame = zstdCompressSync("kubevirt_info 1\n");
  const { origin } = await httpServer(t, (_request, response) => {
    response.setHeader("content-encoding", "zstd");
    response.end(Buffer.concat([frame, frame]));
  });
  const client = await openClient(t);
  await assert.rejects(client.fetch(origin), httpError({ reason: "decode" }, /something follows its frame/));
});

test("the limit counts received bytes too: gzip that yields nothing does not go on for ever", async (t) => {
  const { origin } = await httpServer(t, (_request, response) => {
    response.setHeader("content-encoding", "gzip");
    // A header with a file name (RFC 1952 section 2.3) that never ends.
    response.write(Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]));
    const send = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(10_000, "n"))) {}
    };
    response.on("drain", send);
    send();
  });
  const client = await openClient(t);
  await assert.rejects(
    client.fetch(origin, { bodyLimitBytes: 100_000 }),
    httpError({ reason: "body_limit" }, /100000/),
  );
});

test("the limit holds for plain bodies, declared or endless, as Prometheus counts", async (t) => {
  const { origin } = await httpServer(t, (request, response) => {
    if (request.url === "/endless") {
      const send = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(10_000, "x"))) {}
      };
      response.on("drain", send);
      send();
    } else response.end(Buffer.alloc(1000, "x"));
  });
  const client = await openClient(t);
  const tooLarge = httpError(
    { code: "SCRAPE_LIMIT", reason: "body_limit" },
    /reaches the limit of \d+ bytes/,
  );
  await assert.rejects(client.fetch(`${origin}/endless`, { bodyLimitBytes: 100_000 }), tooLarge);
  await assert.rejects(client.fetch(origin, { bodyLimitBytes: 1000 }), tooLarge);
  assert.equal((await client.fetch(origin, { bodyLimitBytes: 1001 })).length, 1000);
});

test("the timeout covers connecting, headers and body", async (t) => {
  const mute = await listen(t, createServer(), "https");
  const { origin } = await httpServer(t, (request, response) => {
    if (request.url === "/slow-body") response.write("kubevirt");
  });
  const client = await openClient(t);
  const late = httpError({ code: "SCRAPE_TIMEOUT", reason: "timeout" }, /no complete response within 60 ms$/);
  for (const url of [mute.origin, `${origin}/slow-headers`, `${origin}/slow-body`]) {
    await assert.rejects(client.fetch(url, { timeoutMs: 60 }), late);
  }
});

test("the caller's signal ends a request with its own reason", async (t) => {
  const controller = new AbortController();
  const { origin } = await httpServer(t, () => controller.abort(new Error("shutting down")));
  const client = await openClient(t);
  await assert.rejects(client.fetch(origin, { signal: controller.signal }), /^Error: shutting down$/);
  await assert.rejects(client.fetch(origin, { signal: controller.signal }), /^Error: shutting down$/);
});

test("a refused connection, a reset within the body and a body cut short are connect errors", async (t) => {
  const { origin, port } = await httpServer(t, (request, response) => {
    response.setHeader("content-length", 1000);
    response.write("half");
    setImmediate(() => {
      if (request.url === "/reset") request.socket.resetAndDestroy();
      else request.socket.end();
    });
  });
  const client = await openClient(t);
  const broken = httpError(
    { code: "SCRAPE_CONNECT", reason: "connect", status: 200 },
    /the connection broke/,
  );
  await assert.rejects(client.fetch(`${origin}/reset`), broken);
  await assert.rejects(client.fetch(`${origin}/cut`), broken);
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const address = closed.address();
  closed.close();
  await once(closed, "close");
  assert.ok(address !== null && typeof address === "object" && address.port !== port);
  await assert.rejects(
    client.fetch(`http://user:secret@127.0.0.1:${address.port}/m`),
    httpError(
      { code: "SCRAPE_CONNECT", reason: "connect" },
      new RegExp(`^GET http://127\\.0\\.0\\.1:${address.port}/m: connection failed: connect ECONNREFUSED`),
    ),
  );
});

test("a chunked body without its last chunk is no body", async (t) => {
  const server = createServer((socket) => {
    socket.once("data", () =>
      socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    );
  });
  const { origin } = await listen(t, server, "http");
  const client = await openClient(t);
  await assert.rejects(client.fetch(origin), httpError({ reason: "connect" }, /the connection broke/));
});

test("what is no HTTP is a decode error", async (t) => {
  const server = createServer((socket) => {
    socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
  });
  const { origin } = await listen(t, server, "http");
  const client = await openClient(t);
  await assert.rejects(
    client.fetch(origin),
    httpError({ code: "SCRAPE_HTTP", reason: "decode" }, /not valid HTTP/),
  );
});

test("one connection serves request after request; side by side each has its own", async (t) => {
  const { origin, connections } = await httpServer(t, (_request, response) => response.end("ok"));
  const client = await openClient(t);
  for (let round = 0; round < 5; round++) await client.fetch(origin);
  assert.equal(connections(), 1);
  const buffers = [new ReusableBuffer(), new ReusableBuffer(), new ReusableBuffer()];
  await Promise.all(buffers.map((into) => client.fetch(origin, { into })));
  assert.equal(connections(), 3);
  await Promise.all(buffers.map((into) => client.fetch(origin, { into })));
  assert.equal(connections(), 3);
});

test("a server that closes after each response is asked again on a new connection", async (t) => {
  const { origin, connections } = await httpServer(t, (_request, response) => {
    response.setHeader("connection", "close");
    response.end("ok");
  });
  const client = await openClient(t);
  for (let round = 1; round <= 3; round++) {
    await client.fetch(origin);
    assert.equal(connections(), round);
  }
});

test("a kept connection that the server drops on the next request is replaced once, without an error", async (t) => {
  const requests: string[] = [];
  const { origin, connections } = await httpServer(t, (request, response) => {
    requests.push(request.url ?? "");
    if (request.url === "/dropped" && requests.length === 2) request.socket.resetAndDestroy();
    else if (request.url === "/always") request.socket.resetAndDestroy();
    else response.end("ok");
  });
  const client = await openClient(t);
  await client.fetch(`${origin}/first`);
  await client.fetch(`${origin}/dropped`);
  assert.deepEqual(requests, ["/first", "/dropped", "/dropped"]);
  assert.equal(connections(), 2);
  await assert.rejects(
    client.fetch(`${origin}/always`),
    httpError({ reason: "connect" }, /the connection broke/),
  );
  assert.equal(requests.length, 5, "one more try, not two");
  const another = await openClient(t);
  await assert.rejects(
    another.fetch(`${origin}/always`),
    httpError({ reason: "connect" }, /the connection broke/),
  );
  assert.equal(requests.length, 6, "no more try on a connection that was new");
});

test("post sends body and headers and returns any status with its body, cut at the limit", async (t) => {
  const { origin, connections } = await httpServer(t, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.statusCode = request.url === "/busy" ? 429 : 200;
    response.setHeader("retry-after", "7");
    response.setHeader("x-type", request.headers["content-type"] ?? "");
    response.end(Buffer.concat(chunks));
  });
  const client = await openClient(t);
  const body = Buffer.alloc(200_000, "p");
  const request = { body, headers: { "content-type": "application/x-protobuf" }, timeoutMs: 5000 };
  const whole = await client.post({ ...request, url: origin, maxResponseBytes: 1_000_000 });
  assert.equal(whole.status, 200);
  assert.equal(whole.headers["x-type"], "application/x-protobuf");
  assert.ok(whole.body.equals(body));
  const busy = await client.post({ ...request, url: `${origin}/busy`, maxResponseBytes: 1000 });
  assert.equal(busy.status, 429);
  assert.equal(busy.headers["retry-after"], "7");
  assert.equal(busy.body.length, 1000);
  assert.equal(connections(), 1);
  const empty = await client.post({ ...request, url: origin, body: Buffer.alloc(0), maxResponseBytes: 10 });
  assert.equal(empty.body.length, 0);
  const error = httpError({ reason: "connect" }, /^POST http:\/\/127\.0\.0\.1:1\/: connection failed/);
  await assert.rejects(client.post({ ...request, url: "http://127.0.0.1:1", maxResponseBytes: 10 }), error);
});

test("a timeout and close end the connection attempt too, not only the request", async (t) => {
  const mute = createServer();
  const { origin } = await listen(t, mute, "https");
  const accepted = async (): Promise<Socket> => {
    const [socket] = (await once(mute, "connection")) as [Socket];
    return socket.resume();
  };
  const client = await openClient(t);

  let connection = accepted();
  const timedOut = assert.rejects(
    client.fetch(origin, { timeoutMs: 60 }),
    httpError({ reason: "timeout" }, /60 ms/),
  );
  await Promise.all([once(await connection, "close"), timedOut]);

  connection = accepted();
  const closed = httpError({ reason: "connect" }, /the client was closed/);
  const ended = assert.rejects(client.fetch(origin), closed);
  const gone = once(await connection, "close");
  await client.close();
  await Promise.all([gone, ended]);

  await assert.rejects(client.fetch(origin), httpError({ reason: "connect" }, /the client is closed/));
});
