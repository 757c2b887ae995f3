import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { describe, test } from "node:test";
import { constants, deflateRawSync, gzipSync } from "node:zlib";
import type { MetricsBatch } from "../../src/metrics/index.ts";
import { createCertificateAuthority } from "../support/certificates.ts";
import { type Answer, body, Handler, hanging } from "./handler.ts";
import { firstValue, metricsOf, startPipeline } from "./pipeline.ts";

const MIB = 1024 * 1024;
const DEPTH = "kubevirt_handler.workqueue.depth";
const good = '# TYPE kubevirt_workqueue_depth gauge\nkubevirt_workqueue_depth{name="virt-handler-vm"} 7\n';
const TEXT = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };

/** There is something too much in line 4; what is around it is good. */
const longValue = "x".repeat(200);
const broken = `${good}kubevirt_workqueue_depth{name="other"} 8\nkubevirt_workqueue_depth{name="${longValue}"} 9 oops\n${good}`;

/** A gibibyte of newlines in a megabyte: a valid gzip stream as far as anybody reads it. */
function bomb(response: ServerResponse): void {
  const header = gzipSync("").subarray(0, 10);
  const block = deflateRawSync(Buffer.alloc(16 * MIB, "\n"), { finishFlush: constants.Z_FULL_FLUSH });
  response.writeHead(200, { ...TEXT, "content-encoding": "gzip" });
  response.end(Buffer.concat([header, ...Array.from({ length: 64 }, () => block)]));
}

function endless(response: ServerResponse): void {
  response.writeHead(200, TEXT);
  const chunk = good.repeat(500);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
}

/** A line now and then, for ever. */
function dripping(response: ServerResponse): void {
  response.writeHead(200, TEXT);
  const timer = setInterval(() => response.write(good), 20);
  response.once("close", () => clearInterval(timer));
}

interface Case {
  readonly what: string;
  readonly answer: Answer;
  readonly reason: string;
  /** What the log says. */
  readonly error: RegExp;
}

const status =
  (code: number, text: string): Answer =>
  (response) =>
    response.writeHead(code, { "content-type": "text/plain" }).end(text);

const cases: readonly Case[] = [
  { what: "an error in line 4", answer: body(broken), reason: "parse", error: /./ },
  {
    what: "too many scrapes",
    answer: status(503, "Limit of concurrent requests reached (3), try again later.\n"),
    reason: "http_status",
    error: /503.*Limit of concurrent requests reached/,
  },
  {
    what: "a failed collection",
    answer: status(500, "An error has occurred while serving metrics: boom\n"),
    reason: "http_status",
    error: /500.*An error has occurred/,
  },
  {
    what: "a login page",
    answer: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html></html>"),
    reason: "content_type",
    error: /content type "text\/html" is no exposition format/,
  },
  { what: "a bomb", answer: bomb, reason: "body_limit", error: /1048576/ },
  { what: "an endless body", answer: endless, reason: "body_limit", error: /1048576/ },
  {
    what: "a body cut short",
    answer: (response) => {
      response.writeHead(200, { ...TEXT, "content-length": good.length + 100 }).write(good, () => {
        response.socket?.destroy();
      });
    },
    reason: "connect",
    error: /./,
  },
  {
    what: "gzip that is none",
    answer: (response) => response.writeHead(200, { ...TEXT, "content-encoding": "gzip" }).end(good),
    reason: "decode",
    error: /gzip|header/,
  },
  { what: "no answer", answer: hanging, reason: "timeout", error: /500 ms/ },
  { what: "a dripping body", answer: dripping, reason: "timeout", error: /500 ms/ },
];

const isUp = (batch: MetricsBatch) => firstValue(batch, "up");

describe("a scrape that fails", { concurrency: true }, () => {
  // Two collectors share the cases, to be done sooner.
  for (const half of [0, 1]) {
    const mine = cases.filter((_, i) => i % 2 === half);
    const names = mine.map(({ what }) => what).join(", ");
    test(`is a scrape with up 0 and one log record, the next as if nothing had happened: ${names}`, async (t) => {
      const { next, collector } = await startPipeline(t, { receiver: { body_size_limit_mib: 1 } }, (it) => {
        it.metrics = body(good);
        it.scheduled.push(body(good), ...mine.flatMap(({ answer }) => [answer, body(good)]));
      });
      assert.equal(isUp(await next()), 1);
      for (const { what } of mine) {
        const failed = await next();
        assert.equal(isUp(failed), 0, what);
        assert.equal(firstValue(failed, "kubevirt_handler.can_connect"), 1, what);
        // Nothing of the body passes; its known series end with a marker, which is no value.
        const depths = metricsOf(failed).filter(({ descriptor }) => descriptor.name === DEPTH);
        assert.ok(
          depths.every(({ dataPoints }) => dataPoints.every(({ flags }) => flags === 1)),
          what,
        );
        const after = await next();
        assert.deepEqual([isUp(after), firstValue(after, DEPTH)], [1, 7], what);
        assert.equal(firstValue(after, "scrape_samples_scraped"), 1, what);
      }
      const failures = collector.logs.filter(({ msg }) => msg === "Scrape failed.");
      assert.deepEqual(
        failures.map((record) => record["reason"]),
        mine.map(({ reason }) => reason),
      );
      for (const [i, { error, what }] of mine.entries())
        assert.match(String(failures[i]?.["error"]), error, what);
      const recoveries = collector.logs.filter(({ msg }) => msg === "Scrape works again.");
      assert.equal(recoveries.length, mine.length);
      if (process.platform === "linux") {
        const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${collector.pid}/status`, "utf8"))?.[1];
        assert.ok(Number(peak) < 400 * 1024, `peak memory ${peak} kB`);
      }
    });
  }

  test("names the place of an error in a body", async (t) => {
    const { handler, next, collector } = await startPipeline(t, {}, (it) => {
      it.metrics = body(broken);
    });
    for (let i = 0; i < 3; i++) assert.equal(isUp(await next()), 0);
    const failures = collector.logs.filter(({ msg }) => msg === "Scrape failed.");
    assert.equal(failures.length, 1, "the same failure is not logged again and again");
    const [failure] = failures;
    const line = broken.split("\n")[3] ?? "";
    assert.equal(failure?.level, "warn");
    assert.equal(failure?.["target"], handler.metricsUrl);
    assert.equal(failure?.["line"], 4);
    assert.equal(failure?.["text"], line.slice(0, 120));
    assert.equal(failure?.["column"], line.indexOf("oops") + 1);
  });

  test("does so at the limits for samples and labels too", async (t) => {
    const many = `${good}kubevirt_workqueue_depth{name="b"} 1\n`;
    const { next, collector } = await startPipeline(
      t,
      { receiver: { sample_limit: 1, label_limit: 2, label_value_length_limit: 24 } },
      (it) => {
        it.metrics = body(good);
        it.scheduled.push(
          body(many),
          body(good.replace("{", '{a="b",')),
          body(good.replace("virt-handler-vm", "twenty-five letters in all")),
        );
      },
    );
    const ups = [];
    while (ups.length < 4) ups.push(isUp(await next()));
    assert.deepEqual(ups, [0, 0, 0, 1]);
    const failures = collector.logs.filter(({ msg }) => msg === "Scrape failed.");
    assert.deepEqual(
      failures.map((record) => record["reason"]),
      ["sample_limit", "label_limit", "label_value_length_limit"],
    );
  });

  test("for a certificate that nobody trusts: nothing is asked", async (t) => {
    const { ca_pem } = { ca_pem: createCertificateAuthority({ commonName: "somebody else" }).certPem };
    const { handler, next, collector } = await startPipeline(t, { receiver: { tls: { ca_pem } } });
    const batch = await next();
    assert.deepEqual([isUp(batch), firstValue(batch, "kubevirt_handler.can_connect")], [0, 0]);
    assert.equal((await collector.untilLog("Scrape failed."))["reason"], "tls");
    assert.equal(handler.requests.length, 0);
  });
});

test("a redirect to another host is followed without the credentials", async (t) => {
  const authority = createCertificateAuthority();
  const other = await Handler.start(t, authority);
  other.metrics = body(good);
  const { handler, next, collector } = await startPipeline(
    t,
    {
      receiver: {
        tls: { insecure_skip_verify: true },
        headers: { "X-Api-Key": "hunter2" },
        authorization: { credentials: "hunter3" },
      },
    },
    (it) => {
      it.metrics = (response) => response.writeHead(302, { location: other.metricsUrl }).end();
    },
  );
  const batch = await next();
  assert.deepEqual([isUp(batch), firstValue(batch, DEPTH)], [1, 7]);
  const [asked] = handler.scrapes;
  assert.equal(asked?.headers["x-api-key"], "hunter2");
  assert.equal(asked?.headers.authorization, "Bearer hunter3");
  const [redirected] = other.scrapes;
  assert.equal(redirected?.headers["x-api-key"], undefined);
  assert.equal(redirected?.headers.authorization, undefined);
  assert.match(redirected?.headers.accept ?? "", /text\/plain/);
  await collector.stop();
  assert.doesNotMatch(collector.stderr, /hunter/);
});
