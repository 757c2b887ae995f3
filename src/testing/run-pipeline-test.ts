import { readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isCollection, isScalar, parseDocument } from "yaml";
import type { ComponentSet } from "../component/index.ts";
import { type Diagnostics, formatDiagnostics, resolveConfig, validateNode } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import { decodeMetricsJson } from "../otlp/index.ts";
import { type CollectorConfig, loadConfig } from "../service/index.ts";
import { compareText } from "./compare-text.ts";
import { formatMetrics } from "./format-metrics.ts";
import {
  type Expectation,
  type PipelineTest,
  pipelineTestSchema,
  STEP_MS,
  type Step,
} from "./pipeline-test-schema.ts";
import { PipelineUnderTest } from "./pipeline-under-test.ts";

export interface StepResult {
  /** "step 2 (the counter restarts)", "finally" */
  readonly step: string;
  /** Undefined when the step did what it should. */
  readonly diff: string | undefined;
  /** What came out, as `formatMetrics` prints it. */
  readonly arrived: string;
}

export interface PipelineTestResult {
  readonly name: string;
  readonly steps: readonly StepResult[];
  readonly ok: boolean;
}

export interface RunOptions {
  readonly components: ComponentSet;
  /** Write what arrived into the test file (or the files it names) instead of comparing. */
  readonly update?: boolean;
  /** ID of a processor that every pipeline is to do without, to see what it changes. */
  readonly without?: string;
}

/** The time of the first step. Fixed, so that a test gives the same text on any day. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/**
 * Runs one YAML file of pipeline tests.
 * @throws CollectorError CONFIG_INVALID with every problem of the test file or of the configuration it names
 */
export async function runPipelineTest(file: string, options: RunOptions): Promise<PipelineTestResult> {
  const test = await readTest(file);
  const directory = dirname(file);
  const complete = await configOf(test, directory, options.components);
  const config = options.without === undefined ? complete : without(complete, options.without);
  const pipeline = new PipelineUnderTest(config, EPOCH_MS);
  const updates: Update[] = [];
  const steps: StepResult[] = [];
  const check = async (step: string, path: readonly (string | number)[], expectation: Expectation) => {
    const arrived = formatMetrics(pipeline.take(exporterOf(config, expectation)), {
      ...(expectation.times && { epochMs: EPOCH_MS }),
    });
    if (options.update === true) updates.push({ path, expectation, arrived });
    else steps.push({ step, diff: await difference(expectation, arrived, directory), arrived });
  };
  await pipeline.start();
  try {
    let at = -STEP_MS;
    for (const [i, step] of test.steps.entries()) {
      at = step.at ?? at + STEP_MS;
      const title = `step ${i + 1}${step.name === undefined ? "" : ` (${step.name})`}`;
      await naming(title, async () => {
        await pipeline.clock.advanceTo(EPOCH_MS + at);
        const until = EPOCH_MS + (test.steps[i + 1]?.at ?? at + STEP_MS);
        await feed(pipeline, step, test, step.receiver ?? firstOf(config, "receivers"), directory, until);
        await check(title, ["steps", i], step);
      });
    }
  } catch (error) {
    // What went wrong first is what is told.
    await pipeline.shutdown().catch(() => {});
    throw error;
  }
  await pipeline.shutdown();
  if (test.finally !== undefined) await check("finally", ["finally"], test.finally);
  if (options.update === true) await write(file, updates);
  return { name: test.name ?? file, steps, ok: steps.every(({ diff }) => diff === undefined) };
}

/** @throws what the work throws, behind the name of the step */
async function naming(step: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${step}: ${errorText(error)}`, { cause: error });
  }
}

async function readTest(file: string): Promise<PipelineTest> {
  const { root, diagnostics } = await resolveConfig({ uris: [file], env: {}, cwd: ".", isVerbatim: true });
  const test = diagnostics.hasErrors ? undefined : validateNode(root, pipelineTestSchema, { diagnostics });
  if (test === undefined) throw invalid(diagnostics);
  return test;
}

async function configOf(
  test: PipelineTest,
  directory: string,
  components: ComponentSet,
): Promise<CollectorConfig> {
  const { config: named, env } = test;
  const uris =
    typeof named === "object" && !Array.isArray(named)
      ? [`yaml:${JSON.stringify(named)}`]
      : [named].flat().map((path) => resolve(directory, path as string));
  const { config, diagnostics } = await loadConfig({ uris, env, cwd: directory }, components);
  if (config === undefined) throw invalid(diagnostics);
  return config;
}

function without(config: CollectorConfig, id: string): CollectorConfig {
  const pipelines = Object.entries(config.service.pipelines).map(([name, pipeline]) => [
    name,
    { ...pipeline, processors: pipeline.processors.filter((processor) => processor !== id) },
  ]);
  return { ...config, service: { ...config.service, pipelines: Object.fromEntries(pipelines) } };
}

function invalid(diagnostics: Diagnostics): CollectorError {
  return new CollectorError("CONFIG_INVALID", formatDiagnostics(diagnostics.items));
}

/** @throws Error for one that no pipeline uses, at which nothing could ever arrive */
function exporterOf(config: CollectorConfig, { exporter }: Expectation): string {
  if (exporter === undefined) return firstOf(config, "exporters");
  const used = new Set(Object.values(config.service.pipelines).flatMap(({ exporters }) => exporters));
  const known = [...config.exporters.keys()].filter((id) => used.has(id));
  if (known.includes(exporter)) return exporter;
  throw new Error(`no pipeline uses exporter "${exporter}"; there are ${known.join(", ")}`);
}

/** The first one of the first pipeline that has one: what is there may be a connector. */
function firstOf(config: CollectorConfig, what: "receivers" | "exporters"): string {
  const ids = Object.values(config.service.pipelines).flatMap((pipeline) => pipeline[what]);
  return ids.find((id) => config[what].has(id)) as string;
}

async function feed(
  pipeline: PipelineUnderTest,
  step: Step,
  test: PipelineTest,
  receiver: string,
  directory: string,
  until: number,
): Promise<void> {
  const { scrape, scrape_file, content_type: contentType, otlp, otlp_file } = step;
  if (otlp !== undefined) await pipeline.feed(receiver, decodeMetricsJson(JSON.stringify(otlp)), until);
  if (otlp_file !== undefined)
    await pipeline.feed(receiver, decodeMetricsJson(await readFile(resolve(directory, otlp_file))), until);
  if (scrape === undefined && scrape_file === undefined) return;
  const body =
    scrape_file === undefined ? (scrape ?? undefined) : await readFile(resolve(directory, scrape_file));
  await pipeline.scrape(receiver, { body, contentType, resource: { attributes: test.resource } }, until);
}

async function difference(
  expectation: Expectation,
  actual: string,
  directory: string,
): Promise<string | undefined> {
  const { expect, expect_file, match, tolerance } = expectation;
  // A step without expectation is there for its input only.
  if (expect === undefined && expect_file === undefined) return undefined;
  const expected =
    expect_file === undefined ? (expect ?? "") : await readFile(resolve(directory, expect_file), "utf8");
  return compareText(expected, actual, { match, tolerance });
}

interface Update {
  readonly path: readonly (string | number)[];
  readonly expectation: Expectation;
  readonly arrived: string;
}

/** Changes nothing in the file but the expectations. */
async function write(file: string, updates: readonly Update[]): Promise<void> {
  let text = await readFile(file, "utf8");
  const document = parseDocument(text);
  // From the end on, so that the places of what comes before stay right.
  for (const { path, expectation, arrived } of updates.toReversed()) {
    if (expectation.expect_file !== undefined) {
      await writeFile(resolve(dirname(file), expectation.expect_file), arrived);
      continue;
    }
    const node = document.getIn([...path, "expect"], true);
    if (!isScalar(node) || !node.range) continue;
    const [from, to] = node.range;
    const inFlow = path.some((_, i) => {
      const above = document.getIn(path.slice(0, i + 1), true);
      return isCollection(above) && above.flow === true;
    });
    if (inFlow) text = text.slice(0, from) + JSON.stringify(arrived) + text.slice(to);
    else text = `${text.slice(0, from)}${literal(arrived, columnOfKey(text, from))}${rest(text, to)}`;
  }
  await writeFile(file, text);
}

/** A text as a YAML literal block under a key that stands in a column. */
function literal(text: string, column: number): string {
  return text === "" ? '""\n' : `|\n${text.replaceAll(/^(?=.)/gm, " ".repeat(column + 2))}`;
}

/** How far the last key before a place is indented; it may follow the dash of a list. */
function columnOfKey(text: string, place: number): number {
  const line = text.slice(text.lastIndexOf("\n", place - 1) + 1, place);
  return /^[\s-]*/.exec(line)?.[0].length ?? 0;
}

/** What follows a scalar, from the next line on. */
function rest(text: string, end: number): string {
  if (text[end - 1] === "\n") return text.slice(end);
  const newline = text.indexOf("\n", end);
  return newline < 0 ? "" : text.slice(newline + 1);
}
