import assert from "node:assert/strict";
import { before, describe, type TestContext, test } from "node:test";
import { brokenBodies, classicBodies, openMetricsBodies, virtHandlerBodies } from "./bodies.ts";
import { flatten } from "./flatten.ts";
import { serviceOf, startCollector, startExporter, startScraping, startSink } from "./parts.ts";
import { buildCollector } from "./peers.ts";
import { serveBodies } from "./scraped-server.ts";

/** See docs/interop.md for why. */
const EXPECTED_DIFFERENCES = [
  /^scrape_duration_seconds /,
  // An info metric without its suffix, a gauge histogram that became gauges.
  /^build(_info)? /,
  /^waiting/,
  // Only in the broken body.
  /^c /,
];
const OF_FAILED_SCRAPES = /^scrape_series_added /;

describe("a Collector's prometheus receiver and ours make the same of the same scrapes", () => {
  let binary: string;
  before(async () => {
    binary = await buildCollector();
  });

  async function compare(t: TestContext, contentType: string, bodies: readonly string[]): Promise<void> {
    const target = await serveBodies(t, contentType, bodies);
    const config = {
      scrape_configs: [
        {
          job_name: "target",
          scrape_interval: "1s",
          scrape_timeout: "1s",
          static_configs: [{ targets: [target], labels: { cluster: "test" } }],
        },
      ],
    };
    const theirs = await startSink(t);
    const ours = await startSink(t);
    await startCollector(t, binary, {
      receivers: { prometheus: { config } },
      exporters: { otlp_http: { endpoint: theirs.endpoint } },
      service: serviceOf(["prometheus"], ["otlp_http"]),
    });
    await startScraping(t, config, await startExporter(t, "otlp_http", { endpoint: ours.endpoint }));
    // One more than there are bodies: with the last one for the second time nothing is stale any more.
    for (let scrape = 0; scrape <= bodies.length; scrape++) {
      const [their, our] = [comparable(await theirs.next()), comparable(await ours.next())];
      const { value: up } = our['up {cluster="test"}'] as { readonly value: number };
      assert.equal(up, bodies === brokenBodies && scrape === 1 ? 0 : 1);
      if (up === 0) for (const points of [our, their]) removeKeys(points, OF_FAILED_SCRAPES);
      assert.deepEqual(our, their, `scrape ${scrape}`);
    }
  }

  function comparable(batch: Parameters<typeof flatten>[0]): Record<string, unknown> {
    const points = [...flatten(batch)].filter(
      ([key]) => !EXPECTED_DIFFERENCES.some((pattern) => pattern.test(key)),
    );
    return Object.fromEntries(
      points
        .map(([key, value]) => [key.replace('server.address="127.0.0.1", ', ""), value] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  function removeKeys(points: Record<string, unknown>, pattern: RegExp): void {
    for (const key of Object.keys(points)) if (pattern.test(key)) delete points[key];
  }

  const text = "text/plain; version=0.0.4; charset=utf-8";
  test("virt-handler", (t) => compare(t, text, virtHandlerBodies()));
  test("everything that the classic text can say", (t) => compare(t, text, classicBodies));
  test("a body that is broken in the middle", (t) => compare(t, text, brokenBodies));
  test("what OpenMetrics can say beyond it", (t) =>
    compare(t, "application/openmetrics-text; version=1.0.0; charset=utf-8", openMetricsBodies));
});
