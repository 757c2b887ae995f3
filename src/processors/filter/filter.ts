import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import type { Batch } from "../../metrics/index.ts";
import { type ConditionGroup, compileConditions, ErrorReporter, FilterEngine } from "../../ottl/index.ts";
import { type Config, groupOf, oldContexts } from "./config.ts";
import { matchGroups } from "./legacy-match.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/** Drops metrics for which conditions hold. */
export class FilterProcessor implements Consumer {
  readonly #next: Consumer;
  readonly #engine: FilterEngine;
  readonly #telemetry: ProcessorTelemetry;

  constructor({ config, id, logger, meter, clock, next }: UpstreamSettings<Config>) {
    this.#next = next;
    const telemetry = new ProcessorTelemetry(meter, id);
    this.#telemetry = telemetry;
    const reporter = new ErrorReporter({ logger, clock, count: () => telemetry.conditionFailed() });
    const { metrics } = config;
    const groups = [
      ...config.metric_conditions.map((source) => ({
        group: compiled(groupOf(source)),
        mode: (typeof source === "string" ? undefined : source.error_mode) ?? config.error_mode,
      })),
      ...oldContexts.map((context) => ({
        group: compiled({ context, conditions: metrics?.[context] ?? [] }),
        mode: config.error_mode,
      })),
      ...matchGroups(metrics?.include, metrics?.exclude).map((group) => ({ group, mode: config.error_mode })),
    ];
    this.#engine = new FilterEngine({
      groups: groups
        .filter(({ group }) => group.conditions.length > 0)
        .map(({ group, mode }) => ({ group, onError: reporter.forMode(mode) })),
      now: () => clock.now(),
    });
  }

  async consume(batch: Batch): Promise<void> {
    const result = this.#engine.run(batch);
    if (result !== batch) this.#telemetry.filtered(batch.pointCount - (result?.pointCount ?? 0));
    if (result !== undefined) await this.#next.consume(result);
  }
}

/** The schema has compiled the same text before. */
function compiled(source: Parameters<typeof compileConditions>[0]): ConditionGroup {
  const { group, problems } = compileConditions(source);
  if (group === undefined) throw problems[0]?.error ?? new Error("conditions do not compile");
  return group;
}
