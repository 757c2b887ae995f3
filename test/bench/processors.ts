import { createNoopMeter } from "@opentelemetry/api";
import {
  type Component,
  type Consumer,
  type Definition,
  systemClock,
  type UpstreamSettings,
} from "../../src/component/index.ts";
import { components } from "../../src/distribution/index.ts";
import { AggregationTemporality } from "../../src/metrics/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";
import { startCluster } from "./cluster.ts";
import { cpuOf, median } from "./measure.ts";
import { POINTS, StepSource } from "./step-source.ts";
import { type BenchCase, benchCases, type Step } from "./steps.ts";

/** CPU nanoseconds a point (user and system, all threads); medians. */
export interface ProcessorResult {
  readonly name: string;
  /** The first batch of a fresh processor. */
  readonly first: number;
  /** A batch with a new layout of known series. */
  readonly churn: number;
  readonly steady: number;
}

/** Measures processors and connectors apart from what comes before and after them. */
export async function benchProcessors(rounds: number): Promise<readonly ProcessorResult[]> {
  const cluster = await startCluster();
  try {
    const results: ProcessorResult[] = [];
    for (const [name, benchCase] of Object.entries(benchCases(cluster.connection)))
      results.push({ name, ...(await benchOne(benchCase, rounds)) });
    return results;
  } finally {
    await cluster.stop();
  }
}

async function benchOne(
  { steps, isDelta = false }: BenchCase,
  rounds: number,
): Promise<Omit<ProcessorResult, "name">> {
  const [first, churn, steady]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const { CUMULATIVE, DELTA } = AggregationTemporality;
    const source = new StepSource(isDelta ? DELTA : CUMULATIVE);
    const chain = makeChain(steps);
    for (const component of chain) await component.start?.({ extension: () => undefined });
    const [head] = chain;
    if (head === undefined) continue;
    first.push(await cpuOf(() => head.consume(source.next()), 1));
    for (let i = 0; i < 20; i++) await head.consume(source.next());
    steady.push(await cpuOf(() => head.consume(source.next()), 100));
    churn.push(await cpuOf(() => head.consume(source.next(true)), 1));
    for (const component of chain) await component.shutdown?.(0);
  }
  const perPoint = (microseconds: number[]) => (median(microseconds) * 1000) / POINTS;
  return { first: perPoint(first), churn: perPoint(churn), steady: perPoint(steady) };
}

/** One line for people. */
export function formatProcessorResult({ name, first, churn, steady }: ProcessorResult): string {
  return `${name}: ns a point: steady ${steady.toFixed(2)}, new layout ${churn.toFixed(0)}, first ${first.toFixed(0)}`;
}

/** The first comes first. */
function makeChain(steps: readonly Step[]): readonly (Component & Consumer)[] {
  const chain: (Component & Consumer)[] = [];
  for (const [type, config] of steps.toReversed()) {
    const next = chain[0] ?? { consume: () => Promise.resolve() };
    chain.unshift(create(type, config, next));
  }
  return chain;
}

function create(type: string, config: object, next: Consumer): Component & Consumer {
  const all: readonly Definition[] = [...components.processors, ...components.connectors] as never;
  const definition = all.find((candidate) => candidate.type === type);
  if (definition === undefined) throw new Error(`no processor or connector ${type}`);
  const settings: UpstreamSettings<unknown> = {
    id: type,
    config: definition.config.parse(config),
    logger: silentLogger,
    meter: createNoopMeter(),
    clock: systemClock,
    reportStatus() {},
    build: { command: "bench", version: "0" },
    next,
  };
  return definition.create(settings) as Component & Consumer;
}

if (import.meta.main) {
  for (const result of await benchProcessors(3)) console.log(formatProcessorResult(result));
}
