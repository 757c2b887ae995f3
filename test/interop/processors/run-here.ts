import { components } from "../../../src/distribution/index.ts";
import { Batch, type MetricsBatch } from "../../../src/metrics/index.ts";
import { decodeMetrics, decodeMetricsJson, MetricsEncoder } from "../../../src/otlp/index.ts";
import { type CollectorConfig, loadConfig } from "../../../src/service/index.ts";
import { PipelineUnderTest } from "../../../src/testing/index.ts";
import type { ProcessorCase, Step } from "./cases.ts";
import { type CaseResult, type Outcome, outcomeOf } from "./outcome.ts";
import { SCRAPED_TYPE, scrapedResource } from "./scraped.ts";

/** Later than the times of the cases, as the clock of a Collector is that runs them. */
const NOW_MS = Date.UTC(2026, 5, 1);
const SCRAPE_INTERVAL_MS = 1000;

/** Runs a case in this process. */
export async function runHere(one: ProcessorCase): Promise<CaseResult> {
  const config = await loadCase(one);
  if (config === undefined) return "invalid";
  const pipeline = new PipelineUnderTest(config, NOW_MS);
  await pipeline.start();
  const outcomes: Outcome[] = [];
  for (const step of one.steps) {
    const refused = await isRefused(pipeline, step);
    outcomes.push(refused ? "refused" : outcomeOf(one, step, [received(pipeline.take("otlp_http"))]));
  }
  await pipeline.shutdown();
  return outcomes;
}

/** As a backend would see it. */
function received(batch: MetricsBatch): MetricsBatch {
  return decodeMetrics(new MetricsEncoder().encode(Batch.from(batch)).bytes);
}

/** The configuration with a case's processors; undefined when it is not valid. */
export async function loadCase({ processors }: ProcessorCase): Promise<CollectorConfig | undefined> {
  const config = {
    receivers: { otlp: { protocols: { http: {} } } },
    processors,
    exporters: { otlp_http: { endpoint: "http://127.0.0.1:4318" } },
    service: {
      pipelines: {
        metrics: { receivers: ["otlp"], processors: Object.keys(processors), exporters: ["otlp_http"] },
      },
    },
  };
  const uri = `yaml:${JSON.stringify(config)}`;
  return (await loadConfig({ uris: [uri], env: {}, cwd: "." }, components)).config;
}

async function isRefused(pipeline: PipelineUnderTest, step: Step): Promise<boolean> {
  const { clock } = pipeline;
  try {
    if (step === "wait") await clock.advanceTo(clock.next ?? NOW_MS);
    else if ("otlp" in step) await pipeline.feed("otlp", decodeMetricsJson(step.otlp));
    else {
      await clock.advanceTo(clock.now() + SCRAPE_INTERVAL_MS);
      const resource = { attributes: scrapedResource };
      await pipeline.scrape("otlp", { body: step.scrape, contentType: SCRAPED_TYPE, resource });
    }
    return false;
  } catch {
    return true;
  }
}
