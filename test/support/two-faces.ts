import fc from "fast-check";
import { formatDiagnostics } from "../../src/config/index.ts";
import { components } from "../../src/distribution/index.ts";
import type { MetricsBatch } from "../../src/metrics/index.ts";
import { type CollectorConfig, loadConfig } from "../../src/service/index.ts";
import { compareText, formatMetrics, PipelineUnderTest } from "../../src/testing/index.ts";

/*
 * A batch is one thing with two faces. What a processor makes of scrapes, whose series keep their places while they come
 * and go, has to be what it makes of the same points as plain objects, which know of nothing that is not there.
 */

/** What a target says, scrape by scrape; undefined: it does not answer. */
export type Pages = readonly (string | undefined)[];

const EPOCH_MS = Date.UTC(2026, 0, 1);
const INTERVAL_MS = 30_000;
const CONTENT_TYPE = "text/plain";

/** The series of a gauge or counter: by label `a` and, mostly, `b`. */
const NUMBER_LABELS = ['{a="1",b="x"}', '{a="1",b="y"}', '{a="2",b="x"}', '{a="3"}', ""];

/** Present more often than not. */
function often<Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.option(value, { freq: 4 });
}

const gaugeValue = fc.constantFrom("0", "1", "2", "3", "5.5", "-7", "NaN", "+Inf");

function numbers(family: string, type: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(...NUMBER_LABELS.map(() => often(value)))
    .map((values) => [
      `# TYPE ${family} ${type}`,
      ...values.flatMap((own, i) => (own === null ? [] : [`${family}${NUMBER_LABELS[i]} ${own}`])),
    ])
    .map(joinLines);
}

/** One that changes its buckets is another program, which is rare. */
const bounds = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(["1"], ["2", "4"], []) },
);
const ownBounds = [["1", "2"], ["1", "2"], ["1", "2", "4"], ["3"]] as const;

const histogram = fc
  .tuple(
    ...ownBounds.map((own) =>
      often(
        fc
          .record({
            bounds,
            counts: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
            sum: often(fc.nat(50)),
          })
          .map(({ bounds: other, ...rest }) => ({ ...rest, bounds: other ?? own })),
      ),
    ),
  )
  .map((series) => [
    "# TYPE h histogram",
    ...series.flatMap((one, i) => {
      if (one === null) return [];
      let total = 0;
      const labels = `a="${i < 2 ? 1 : 2}",b="${i}"`;
      const buckets = [...one.bounds, "+Inf"].map((le, k) => {
        total += one.counts[k] ?? 0;
        return `h_bucket{${labels},le="${le}"} ${total}`;
      });
      const sum = one.sum === null ? [] : [`h_sum{${labels}} ${one.sum}`];
      return [...buckets, ...sum, `h_count{${labels}} ${total}`];
    }),
  ])
  .map(joinLines);

const summary = fc
  .tuple(
    ...["1", "1", "2"].map(() =>
      often(fc.record({ quantiles: fc.subarray(["0.5", "0.9"]), value: gaugeValue, sum: fc.nat(50) })),
    ),
  )
  .map((series) => [
    "# TYPE s summary",
    ...series.flatMap((one, i) => {
      if (one === null) return [];
      const labels = `a="${i < 2 ? 1 : 2}",b="${i}"`;
      const quantiles = one.quantiles.map((quantile) => `s{${labels},quantile="${quantile}"} ${one.value}`);
      // Plain objects cannot say that there is none: the one without has none ever.
      const sum = i === 2 ? [] : [`s_sum{${labels}} ${one.sum}`];
      return [...quantiles, ...sum, `s_count{${labels}} ${i + 1}`];
    }),
  ])
  .map(joinLines);

const page = fc
  .tuple(
    numbers("g", "gauge", gaugeValue),
    numbers("g2", "gauge", gaugeValue),
    numbers("c_total", "counter", fc.nat(200).map(String)),
    histogram,
    summary,
  )
  .map((families) => families.join(""));

/** Pages of which some stay for a while, as what was worked out for them then does, and some come again. */
export const pages: fc.Arbitrary<Pages> = fc
  .record({
    different: fc.array(page, { minLength: 2, maxLength: 4 }),
    order: fc.array(fc.option(fc.nat(3), { freq: 8 }), { minLength: 4, maxLength: 8 }),
  })
  .map(({ different, order }) =>
    order.map((index) => (index === null ? undefined : different[index % different.length])),
  );

function joinLines(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

/** A configuration of which only the processors matter. */
export async function pipelineOf(processors: Readonly<Record<string, unknown>>): Promise<CollectorConfig> {
  const uri = `yaml:${JSON.stringify({
    receivers: { otlp: { protocols: { http: null } } },
    processors,
    exporters: { nop: null },
    service: {
      pipelines: {
        metrics: { receivers: ["otlp"], processors: Object.keys(processors), exporters: ["nop"] },
      },
    },
  })}`;
  const { config, diagnostics } = await loadConfig({ uris: [uri], env: {}, cwd: "." }, components);
  if (config === undefined) throw new Error(formatDiagnostics(diagnostics.items));
  return config;
}

/** What comes of each scrape of the pages, as plain objects. */
export async function scraped(
  pages: Pages,
  processors: Readonly<Record<string, unknown>> = {},
): Promise<readonly MetricsBatch[]> {
  return (await run(await pipelineOf(processors), pages, scrape)).batches;
}

/** The first difference between the faces, as a diff of scrapes (+) against plain objects (-); undefined: none. */
export async function differenceOfFaces(
  config: CollectorConfig,
  pages: Pages,
  plain: readonly MetricsBatch[],
): Promise<string | undefined> {
  const columns = await run(config, pages, scrape);
  const objects = await run(config, plain, (pipeline, batch) =>
    pipeline.feed("otlp", structuredClone(batch)),
  );
  for (const [i, batch] of [...columns.batches, columns.rest].entries()) {
    const expected = textOf([...objects.batches, objects.rest][i] as MetricsBatch);
    const difference = compareText(expected, textOf(batch), { match: "exact", tolerance: 1e-12 });
    if (difference !== undefined) return `${i < pages.length ? `scrape ${i}` : "shutdown"}:\n${difference}`;
  }
  return undefined;
}

interface Run {
  readonly batches: readonly MetricsBatch[];
  /** What came when the pipeline was shut down. */
  readonly rest: MetricsBatch;
}

async function run<Step>(
  config: CollectorConfig,
  steps: readonly Step[],
  take: (pipeline: PipelineUnderTest, step: Step) => Promise<void>,
): Promise<Run> {
  const pipeline = new PipelineUnderTest(config, EPOCH_MS);
  await pipeline.start();
  const batches: MetricsBatch[] = [];
  for (const [i, step] of steps.entries()) {
    await pipeline.clock.advanceTo(EPOCH_MS + i * INTERVAL_MS);
    await take(pipeline, step);
    batches.push(pipeline.take("nop"));
  }
  await pipeline.shutdown();
  return { batches, rest: pipeline.take("nop") };
}

function scrape(pipeline: PipelineUnderTest, body: string | undefined): Promise<void> {
  const resource = { attributes: { "service.name": "web" } };
  return pipeline.scrape("otlp", { body, contentType: CONTENT_TYPE, resource });
}

function textOf(batch: MetricsBatch): string {
  return formatMetrics(batch, { epochMs: EPOCH_MS });
}
