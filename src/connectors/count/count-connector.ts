import type { BatchProcessor, UpstreamSettings } from "../../component/index.ts";
import {
  AggregationTemporality,
  Batch,
  DataPointType,
  type Metric,
  msToNs,
  nsToHrTime,
  type Resource,
  ValueType,
} from "../../metrics/index.ts";
import { compileConditions, ErrorReporter, FilterEngine } from "../../ottl/index.ts";
import type { Config } from "./config.ts";
import { type Count, difference, metricTallier, pointTallier, type Tallier } from "./tally.ts";
import { ConnectorTelemetry } from "./telemetry.ts";
import { type TimeSpan, timeSpans } from "./time-spans.ts";

/** One metric that counts. */
interface Counter {
  readonly name: string;
  readonly description: string;
  readonly count: Tallier;
}

/** Hands on how much there was in each batch, in place of the batch. */
export class CountConnector implements BatchProcessor {
  readonly #settings: UpstreamSettings<Config>;
  readonly #counters: readonly Counter[];

  constructor(settings: UpstreamSettings<Config>) {
    const { config, logger, clock, meter, id } = settings;
    this.#settings = settings;
    const telemetry = new ConnectorTelemetry(meter, id);
    const reporter = new ErrorReporter({ logger, clock, count: () => telemetry.conditionFailed() });
    const onError = reporter.forMode("ignore");
    /** Counts what conditions hold for: all, but what is left when a filter drops that. */
    const matching = (
      context: "metric" | "datapoint",
      conditions: readonly string[],
      tally: Tallier,
    ): Tallier => {
      const { group } = compileConditions({ context, conditions });
      if (conditions.length === 0 || group === undefined) return tally;
      const engine = new FilterEngine({ groups: [{ group, onError }], now: () => clock.now() });
      return (batch) => {
        const rest = engine.run(batch);
        return difference(tally(batch), rest === undefined ? new Map() : tally(rest));
      };
    };
    this.#counters = [
      ...Object.entries(config.metrics).map(([name, { description, conditions }]) => ({
        name,
        description,
        count: matching("metric", conditions, metricTallier()),
      })),
      ...Object.entries(config.datapoints).map(([name, { description, conditions, attributes }]) => ({
        name,
        description,
        count: matching("datapoint", conditions, pointTallier(attributes)),
      })),
    ];
  }

  processBatch(batch: Batch): Batch | undefined {
    const { clock, build } = this.#settings;
    const spanOf = timeSpans(batch, msToNs(clock.now()));
    const resources = new Map<string, { readonly resource: Resource; readonly metrics: Metric[] }>();
    for (const counter of this.#counters) {
      for (const [key, { resource, counts }] of counter.count(batch)) {
        const entry = resources.get(key) ?? { resource, metrics: [] };
        entry.metrics.push(metricOf(counter, [...counts.values()], spanOf(key)));
        resources.set(key, entry);
      }
    }
    if (resources.size === 0) return undefined;
    const scope = { name: `${build.command}/count`, version: build.version };
    return Batch.from(
      [...resources.values()].map(({ resource, metrics }) => ({
        resource,
        scopeMetrics: [{ scope, metrics }],
      })),
    );
  }
}

function metricOf({ name, description }: Counter, counts: readonly Count[], span: TimeSpan): Metric {
  const startTime = nsToHrTime(span.startNs);
  const endTime = nsToHrTime(span.endNs);
  return {
    descriptor: { name, description, unit: "", valueType: ValueType.INT },
    dataPointType: DataPointType.SUM,
    aggregationTemporality: AggregationTemporality.DELTA,
    isMonotonic: true,
    dataPoints: counts.map(({ attributes, count }) => ({
      startTime,
      endTime,
      attributes,
      value: count,
    })),
  };
}
