import assert from "node:assert/strict";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { Batch } from "../../../src/metrics/index.ts";
import {
  CONTENT_TYPE_JSON,
  CONTENT_TYPE_PROTOBUF,
  decodeStatus,
  encodeMetricsJson,
  MetricsEncoder,
} from "../../../src/otlp/index.ts";
import { everyKindBatch } from "../../support/batches.ts";
import { stockClient } from "./stock-client.ts";
import { startReceiver } from "./support.ts";

const protobuf = Buffer.from(new MetricsEncoder().encode(Batch.from(everyKindBatch())).bytes);
const json = Buffer.from(encodeMetricsJson(Batch.from(everyKindBatch())));

/** A KeyValue list in a KeyValue list in … as the attribute of a resource. */
function nestedProtobuf(depth: number): Buffer {
  const field = (tag: number, content: Buffer): Buffer => {
    const length: number[] = [];
    let rest = content.length;
    for (; rest >= 0x80; rest >>= 7) length.push((rest & 0x7f) | 0x80);
    return Buffer.concat([Buffer.from([tag, ...length, rest]), content]);
  };
  let value: Buffer = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) value = field(0x12, field(0x32, field(0x0a, value)));
  return field(0x0a, field(0x0a, field(0x0a, value)));
}

function nestedJson(depth: number): Buffer {
  const open = '{"kvlistValue":{"values":[{"key":"k","value":'.repeat(depth);
  const value = `${open}{"intValue":"1"}${"}]}}".repeat(depth)}`;
  return Buffer.from(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"k","value":${value}}]}}]}`);
}

describe("damaged requests", () => {
  const cleanups: (() => unknown)[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  let call: ReturnType<typeof stockClient>["call"];
  before(async () => {
    const context = { after: (fn: unknown) => void cleanups.push(fn as () => unknown) };
    receiver = await startReceiver(context, { http: { max_request_body_size: 1_000_000 }, grpc: {} });
    call = stockClient(context, receiver.grpc).call;
  });
  after(async () => {
    agent.destroy();
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  function post(body: Uint8Array, type: string, encoding?: string) {
    return new Promise<{ readonly status: number | undefined; readonly content: Buffer }>(
      (resolve, reject) => {
        const headers = {
          "content-type": type,
          "content-length": body.length,
          ...(encoding !== undefined && { "content-encoding": encoding }),
        };
        const options = { method: "POST", headers, agent };
        const outgoing = httpRequest(`http://${receiver.http}/v1/metrics`, options, async (response) => {
          const content = Buffer.concat(await Array.fromAsync(response));
          resolve({ status: response.statusCode, content });
        });
        outgoing.once("error", reject);
        outgoing.end(body);
      },
    );
  }

  const good = [
    ["protobuf", CONTENT_TYPE_PROTOBUF, protobuf],
    ["JSON", CONTENT_TYPE_JSON, json],
  ] as const;

  for (const [name, type, body] of good) {
    test(`${name}, cut off anywhere, is taken or a bad request`, async () => {
      for (let length = 0; length < body.length; length += Math.ceil(body.length / 150)) {
        const { status } = await post(body.subarray(0, length), type);
        assert.ok(
          status === 400 || (status === 200 && type === CONTENT_TYPE_PROTOBUF),
          `${length}: ${status}`,
        );
      }
    });

    test(`${name} with flipped bits is taken or a bad request`, async () => {
      const flips = fc.array(fc.nat(body.length * 8 - 1), { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(flips, async (bits) => {
          const damaged = Buffer.from(body);
          for (const bit of bits) damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
          const { status } = await post(damaged, type);
          assert.ok(status === 200 || status === 400, String(status));
        }),
        { numRuns: 150 },
      );
    });

    test(`${name} that is something else altogether is taken or a bad request`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
          const { status } = await post(bytes, type);
          assert.ok(status === 200 || status === 400, String(status));
        }),
        { numRuns: 100 },
      );
    });

    test(`${name} compressed and damaged is a bad request`, async () => {
      for (const [encoding, compress] of [["gzip", gzipSync] as const, ["zstd", zstdCompressSync] as const]) {
        const compressed = compress(body);
        for (const length of [0, 1, 10, compressed.length >> 1, compressed.length - 1]) {
          const { status } = await post(compressed.subarray(0, length), type, encoding);
          assert.equal(status, 400, `${encoding}, ${length} bytes`);
        }
        const { status, content } = await post(body, type, encoding);
        assert.equal(status, 400);
        if (type === CONTENT_TYPE_PROTOBUF) {
          assert.match(decodeStatus(content).message, new RegExp(`^the body is not valid ${encoding}: `));
        }
      }
    });
  }

  test("attributes nested far too deep are a bad request in either encoding and over gRPC", async () => {
    assert.equal((await post(nestedProtobuf(30), CONTENT_TYPE_PROTOBUF)).status, 200);
    assert.equal((await post(nestedJson(30), CONTENT_TYPE_JSON)).status, 200);
    for (const depth of [100, 5_000]) {
      assert.equal((await post(nestedProtobuf(depth), CONTENT_TYPE_PROTOBUF)).status, 400, String(depth));
      assert.equal((await post(nestedJson(depth), CONTENT_TYPE_JSON)).status, 400, String(depth));
      assert.equal((await call(nestedProtobuf(depth))).error?.code, 3);
    }
  });

  test("bombs are refused before they unfold", async () => {
    const zeros = Buffer.alloc(200_000_000);
    const before = process.memoryUsage().arrayBuffers;
    for (const [encoding, compress] of [["gzip", gzipSync] as const, ["zstd", zstdCompressSync] as const]) {
      const { status } = await post(compress(zeros), CONTENT_TYPE_PROTOBUF, encoding);
      assert.equal(status, 413, encoding);
    }
    assert.ok(process.memoryUsage().arrayBuffers - before < 20_000_000);
  });

  test("lengths that are not true are refused", async () => {
    for (const claim of [
      // A resource of 4 GiB, packed counts of 2 GiB, a string of 2^64 bytes.
      Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      Buffer.from([0x0a, 0x06, 0x12, 0xff, 0xff, 0xff, 0xff, 0x07]),
      Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    ]) {
      assert.equal((await post(claim, CONTENT_TYPE_PROTOBUF)).status, 400);
      assert.equal((await call(claim)).error?.code, 3);
    }
  });

  test("what is no HTTP/2 on the gRPC port, or no HTTP on the other, closes that connection only", async () => {
    for (const address of [receiver.grpc, receiver.http]) {
      const [host, port] = address.split(":");
      const socket = connect(Number(port), host);
      socket.on("error", () => {});
      socket.resume();
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write(Buffer.from("SSH-2.0-OpenSSH_9.6\r\n\r\n\u0000\u0001\u0002".repeat(20)));
      await closed;
    }
    assert.equal((await call(protobuf)).error, undefined);
    assert.equal((await post(protobuf, CONTENT_TYPE_PROTOBUF)).status, 200);
  });

  test("damaged messages over gRPC are taken or an invalid argument", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(protobuf.length * 8 - 1), async (bit) => {
        const damaged = Buffer.from(protobuf);
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        const { error } = await call(damaged);
        assert.ok(error === undefined || error.code === 3, String(error?.code));
      }),
      { numRuns: 150 },
    );
  });
});
