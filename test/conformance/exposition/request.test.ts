import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { defaultProtocols, nativeHistogramProtocols } from "../../../src/scrape/index.ts";
import { writeBody } from "../../exposition/protobuf-writer.ts";
import { type Harness, startHarness } from "../../scrape/harness.ts";

const bodies = {
  "text/plain": "# TYPE a counter\na 1\n",
  "application/openmetrics-text": "# TYPE a counter\na 1\n# EOF\n",
  "application/vnd.google.protobuf": writeBody({ name: "a", metrics: [{ counter: { value: 1 } }] }),
} as const;

function serve(harness: Harness, contentType: string | undefined, body: string | Buffer): void {
  harness.serve((response) => {
    if (contentType !== undefined) response.setHeader("content-type", contentType);
    response.end(body);
  });
}

describe("a scrape asks", () => {
  test("for the default protocols in Prometheus' words", async (t) => {
    const harness = await startHarness(t, { formats: { protocols: defaultProtocols } });
    serve(harness, "text/plain", "");
    await harness.scrape();
    assert.equal(
      harness.headers()["accept"],
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    );
  });

  test("for protobuf first where native histograms are wanted", async (t) => {
    const harness = await startHarness(t, { formats: { protocols: nativeHistogramProtocols } });
    serve(harness, "text/plain", "");
    await harness.scrape();
    const accept = String(harness.headers()["accept"]);
    assert.ok(
      accept.startsWith(
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;",
      ),
      accept,
    );
    assert.ok(accept.endsWith(",text/plain;version=0.0.4;q=0.2,*/*;q=0.1"), accept);
  });

  test("for one protocol alone, with another way of escaping", async (t) => {
    const harness = await startHarness(t, {
      formats: { protocols: ["PrometheusText1.0.0"], escaping: "underscores" },
    });
    serve(harness, "text/plain", "");
    await harness.scrape();
    assert.equal(
      harness.headers()["accept"],
      "text/plain;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.5",
    );
  });

  test("for compressed bodies or for plain ones, and takes what comes", async (t) => {
    for (const [compression, header] of [
      [true, "zstd,gzip"],
      [false, "identity"],
    ] as const) {
      const harness = await startHarness(t, { formats: { compression } });
      for (const [encoding, compress] of [
        ["gzip", gzipSync],
        ["zstd", zstdCompressSync],
      ] as const) {
        harness.serve((response) => {
          response.setHeader("content-type", "text/plain").setHeader("content-encoding", encoding);
          response.end(compress("a 1\n"));
        });
        assert.equal((await harness.scrape()).points.get("a{}"), 1);
        assert.equal(harness.headers()["accept-encoding"], header);
      }
    }
  });
});

describe("a body is read by its content type", () => {
  for (const [mediaType, body] of Object.entries(bodies)) {
    test(`${mediaType}, whatever its parameters and case`, async (t) => {
      const harness = await startHarness(t);
      for (const contentType of [mediaType, `${mediaType.toUpperCase()} ; version=99; x="y"`]) {
        serve(harness, contentType, body);
        const { points, report } = await harness.scrape();
        assert.equal(report["up"], 1, contentType);
        assert.equal(points.get("a{}"), 1);
      }
    });
  }

  for (const contentType of [undefined, "", "text/html", "application/json", ";"]) {
    test(`${JSON.stringify(contentType)} fails the scrape, but for a fallback`, async (t) => {
      const failing = await startHarness(t);
      serve(failing, contentType, bodies["text/plain"]);
      assert.equal((await failing.scrape()).report["up"], 0);
      assert.match(
        String(failing.log[0]?.fields["error"]),
        /is no exposition format, expected text\/plain, /,
      );
      for (const [fallback, body] of [
        ["PrometheusText0.0.4", bodies["text/plain"]],
        ["OpenMetricsText1.0.0", bodies["application/openmetrics-text"]],
        ["PrometheusProto", bodies["application/vnd.google.protobuf"]],
      ] as const) {
        const harness = await startHarness(t, { formats: { fallback } });
        serve(harness, contentType, body);
        assert.equal((await harness.scrape()).points.get("a{}"), 1, fallback);
      }
    });
  }

  test("an empty one is an empty scrape, whatever its type", async (t) => {
    const harness = await startHarness(t);
    serve(harness, "text/plain", "a 1\n");
    await harness.scrape();
    for (const contentType of [undefined, "text/html", ...Object.keys(bodies)]) {
      serve(harness, contentType, "");
      const { report } = await harness.scrape();
      assert.deepEqual([report["up"], report["scrape_samples_scraped"]], [1, 0], contentType);
    }
  });
});
