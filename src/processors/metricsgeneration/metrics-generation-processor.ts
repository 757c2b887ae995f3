import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import { Batch, type Column, ColumnBuffers, type Layout, memoise, PRESENT } from "../../metrics/index.ts";
import { PresenceKeeper } from "../../temporality/index.ts";
import type { Config, Rule } from "./config.ts";
import { type GenerationPlan, planGeneration } from "./generation-plan.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/** Adds metrics that are calculated of others. Which points belong together is found out once for each layout. */
export class MetricsGenerationProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #plan: (layout: Layout) => GenerationPlan;
  readonly #keeper = new PresenceKeeper();
  readonly #telemetry: ProcessorTelemetry;
  readonly #reported = new Set<Rule>();

  constructor(settings: UpstreamSettings<Config>) {
    const { config, meter, id } = settings;
    this.#settings = settings;
    const buffers = new ColumnBuffers();
    this.#plan = memoise((layout: Layout) => {
      const plan = planGeneration(layout, config.rules, buffers);
      for (const rule of plan.unmatched) this.#unmatched(rule);
      return plan;
    });
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  async consume(batch: Batch): Promise<void> {
    const { next } = this.#settings;
    const { layout, program, divisions } = this.#plan(batch.layout);
    if (program === undefined) return await next.consume(batch);
    const column = program.run(batch.column);
    const result = divisions.length === 0 ? column : this.#withoutQuotients(layout, column, divisions);
    await next.consume(Batch.fromColumns(layout, result));
    program.release(result);
  }

  /** Nothing can be divided by zero: such a point is not made. */
  #withoutQuotients({ width }: Layout, column: Column, divisions: GenerationPlan["divisions"]): Column {
    const { values, presence } = column;
    let divided = 0;
    this.#keeper.begin(presence, width);
    for (const { right, to } of divisions) {
      for (let i = 0; i < to.length; i++) {
        if (values[right[i] as number] !== 0) continue;
        const slot = to[i] as number;
        if (presence.at(slot) !== PRESENT) continue;
        divided++;
        this.#keeper.remove(slot);
      }
    }
    if (divided === 0) return column;
    this.#telemetry.dividedByZero(divided);
    return column.with({ presence: this.#keeper.end() });
  }

  #unmatched(rule: Rule): void {
    if (this.#reported.has(rule)) return;
    this.#reported.add(rule);
    const { name: metric, metric1, metric2 } = rule;
    this.#settings.logger.warn(
      "A metric cannot be made, since no point of the first metric belongs to exactly one of the second by its attributes.",
      { metric, metric1, metric2 },
    );
  }
}
