import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { writeBody } from "../exposition/protobuf-writer.ts";
import { temporaryDirectory } from "../support/certificates.ts";
import { run } from "./terminal.ts";

const openMetrics = `# TYPE a counter
# UNIT a_seconds seconds
a_total{x="1"} 5 1700000000.5 # {trace_id="abc"} 0.5 1700000000
a_created{x="1"} 1600000000
# EOF
`;

const protobuf = writeBody(
  { name: "b_total", help: "B.", metrics: [{ counter: { value: 2, start: { seconds: 5 } } }] },
  {
    name: "h",
    type: "histogram",
    metrics: [
      {
        histogram: {
          count: 2n ** 60n,
          sum: 1.5,
          schema: 2,
          zeroThreshold: 0.5,
          zeroCount: 1,
          positive: { spans: [[3, 1]], deltas: [2n ** 60n - 1n] },
        },
      },
    ],
  },
);

const samplesOf = (out: string) =>
  JSON.parse(out).families.flatMap(({ samples }: { samples: unknown[] }) => samples);

describe("inspect", () => {
  test("reads OpenMetrics, with exemplars and units", async () => {
    for (const format of [[], ["--format", "openmetrics"]]) {
      const { code, out } = await run(["inspect", "--json", ...format, "-"], { input: openMetrics });
      assert.equal(code, 0, out);
      const { families } = JSON.parse(out);
      assert.deepEqual(
        families.map(({ name, type, unit }: Record<string, string>) => [name, type, unit]),
        [
          ["a", "counter", ""],
          ["a_seconds", "unknown", "seconds"],
        ],
      );
      assert.deepEqual(samplesOf(out), [
        {
          name: "a_total",
          labels: { x: "1" },
          value: 5,
          timestamp_ms: 1700000000500,
          exemplars: [{ labels: { trace_id: "abc" }, value: 0.5, timestamp_ms: 1700000000000 }],
        },
        { name: "a_created", labels: { x: "1" }, value: 1600000000 },
      ]);
    }
  });

  test("reads protobuf, with native histograms and start times", async (t) => {
    const cwd = await temporaryDirectory(t);
    await writeFile(join(cwd, "body"), protobuf);
    for (const format of [[], ["--format", "protobuf"]]) {
      const { code, out } = await run(["inspect", "--json", "body", ...format], { cwd });
      assert.equal(code, 0, out);
      assert.deepEqual(samplesOf(out), [
        { name: "b_total", labels: {}, value: 2, start_time_ms: 5000 },
        {
          name: "h",
          labels: {},
          value: 2 ** 60,
          histogram: {
            schema: 2,
            count: String(2n ** 60n),
            sum: 1.5,
            zero_threshold: 0.5,
            zero_count: 1,
            positive: { spans: [{ offset: 3, length: 1 }], counts: [String(2n ** 60n - 1n)] },
            negative: { spans: [], counts: [] },
          },
        },
      ]);
    }
    assert.match((await run(["inspect", "body"], { cwd })).out, /2 samples in 2 families/);
  });

  test("names the byte at which protobuf is broken", async (t) => {
    const cwd = await temporaryDirectory(t);
    await writeFile(join(cwd, "cut"), protobuf.subarray(0, -1));
    const { code, out } = await run(["inspect", "--json", "cut", "--format", "protobuf"], { cwd });
    assert.equal(code, 1);
    const { error } = JSON.parse(out);
    assert.deepEqual(Object.keys(error), ["offset", "message"]);
    assert.ok(error.offset > 0);
    const { out: shown } = await run(["inspect", "cut", "--format", "protobuf"], { cwd });
    assert.ok(shown.startsWith(`cut at byte ${error.offset}: ${error.message}\n`), shown);
  });

  test("goes by the content type of a URL's answer, and asks for the format wanted", async (t) => {
    let asked = "";
    let answer: [contentType: string, body: string | Buffer] = ["", ""];
    const server = createServer((request, response) => {
      asked = String(request.headers.accept);
      response.setHeader("content-type", answer[0]).end(answer[1]);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
    // As text this is a body; the content type says what it is meant to be.
    answer = ["application/openmetrics-text; version=1.0.0", "a 1\n"];
    const refused = await run(["inspect", "--json", url]);
    assert.match(JSON.parse(refused.out).error.message, /does not end with # EOF/);
    assert.match(asked, /^text\/plain/);
    answer = ["application/vnd.google.protobuf", protobuf];
    assert.equal((await run(["inspect", url, "--format", "protobuf"])).code, 0);
    assert.match(asked, /^application\/vnd\.google\.protobuf/);
  });

  test("--strict lists what breaks the specification, with line, column and rule", async () => {
    const input = "# TYPE a counter\na_total NaN\n# TYPE b gauge\nb 1 # {} 1\n# EOF\n";
    assert.equal((await run(["inspect", "-"], { input })).code, 0);
    const { code, out } = await run(["inspect", "--strict", "--json", "-"], { input });
    assert.equal(code, 1);
    const { ok, error, violations } = JSON.parse(out);
    assert.equal(ok, false);
    assert.deepEqual(error, violations[0]);
    assert.deepEqual(
      violations.map((v: Record<string, unknown>) => [v["line"], v["column"], v["rule"], v["message"]]),
      [
        [2, 1, "counter-value", "_total is NaN"],
        [4, 7, "exemplar-place", "samples without a suffix of type gauge have no exemplars"],
      ],
    );
    const shown = await run(["inspect", "--strict", "-"], { input });
    assert.match(shown.out, /^-:2:1: _total is NaN\n {4}a_total NaN\n {4}rule counter-value: counters, /);
  });

  test("--strict passes what follows the specification, and is for OpenMetrics only", async () => {
    const good = "# TYPE a counter\na_total 1\n# EOF\n";
    assert.equal((await run(["inspect", "--strict", "-"], { input: good })).code, 0);
    const { code, err } = await run(["inspect", "--strict", "--format", "text", "-"], { input: good });
    assert.notEqual(code, 0);
    assert.match(err, /--strict is for openmetrics, got --format text/);
    assert.match((await run(["inspect", "--format", "xml", "-"])).err, /one of text, openmetrics, protobuf/);
  });
});
