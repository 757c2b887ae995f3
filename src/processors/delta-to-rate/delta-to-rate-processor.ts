import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import { Batch, ColumnBuffers, type Layout, memoise } from "../../metrics/index.ts";
import type { Config } from "./config.ts";
import { planRates, RateColumns, type RatePlan } from "./rate-plan.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/** Turns chosen delta sums into gauges of what came in a second. */
export class DeltaToRateProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #plan: (layout: Layout) => RatePlan;
  readonly #columns = new RateColumns(new ColumnBuffers());
  readonly #telemetry: ProcessorTelemetry;
  /** Metrics of another kind that were reported. */
  readonly #reported = new Set<string>();

  constructor(settings: UpstreamSettings<Config>) {
    const { config, meter, id } = settings;
    this.#settings = settings;
    const names = new Set(config.metrics);
    this.#plan = memoise((layout: Layout) => {
      const plan = planRates(layout, names);
      for (const name of plan.misfits) this.#misfit(name);
      return plan;
    });
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  async consume(batch: Batch): Promise<void> {
    const { next } = this.#settings;
    const plan = this.#plan(batch.layout);
    if (plan.layout === batch.layout) return await next.consume(batch);
    const { rates, dropped } = this.#columns.run(plan, batch.column);
    this.#telemetry.record(dropped);
    const result = Batch.fromColumns(plan.layout, rates);
    if (dropped === 0 || result.pointCount > 0) await next.consume(result);
    this.#columns.release(rates);
  }

  #misfit(name: string): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    this.#settings.logger.warn(
      "A metric that should become a rate is no delta sum, and passes as it is. Put cumulative_to_delta before.",
      { metric: name },
    );
  }
}
