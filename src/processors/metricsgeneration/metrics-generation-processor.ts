import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import { Batch, type Column, ColumnBuffers, type Layout, memoise, PRESENT } from "../../metrics/index.ts";
import { PresenceKeeper } from "../../temporality/index.ts";
import type { Config, Rule } from "./config.ts";
import { type GenerationPlan, planGeneration, stagesOf } from "./generation-plan.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/**
 * Adds metrics that are calculated of others. Which points may belong together is found out once for each layout, which
 * do once for each presence.
 */
export class MetricsGenerationProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #stages: readonly Stage[];
  readonly #telemetry: ProcessorTelemetry;
  readonly #reported = new Set<Rule>();

  constructor(settings: UpstreamSettings<Config>) {
    const { config, meter, id } = settings;
    this.#settings = settings;
    this.#telemetry = new ProcessorTelemetry(meter, id);
    const buffers = new ColumnBuffers();
    const onUnmatched = (rule: Rule) => this.#unmatched(rule);
    this.#stages = stagesOf(config.rules).map((rules) => ({
      planOf: memoise((layout: Layout) => planGeneration(layout, rules, buffers, onUnmatched)),
      keeper: new PresenceKeeper(),
    }));
  }

  consume(batch: Batch): Promise<void> {
    return this.#from(0, batch);
  }

  async #from(index: number, batch: Batch): Promise<void> {
    const stage = this.#stages[index];
    if (stage === undefined) return await this.#settings.next.consume(batch);
    const { layout, program, divisions } = stage.planOf(batch.layout);
    if (program === undefined) return await this.#from(index + 1, batch);
    const column = program.run(batch.column);
    const result =
      divisions.length === 0 ? column : this.#withoutQuotients(stage.keeper, layout, column, divisions);
    await this.#from(index + 1, Batch.fromColumns(layout, result));
    program.release(result);
  }

  /** Nothing can be divided by zero: such a point is not made. */
  #withoutQuotients(
    keeper: PresenceKeeper,
    { width }: Layout,
    column: Column,
    divisions: GenerationPlan["divisions"],
  ): Column {
    const { values, presence } = column;
    let divided = 0;
    keeper.begin(presence, width);
    for (const division of divisions) {
      const { to } = division;
      const rights = division.rights(presence.states);
      for (let i = 0; i < to.length; i++) {
        if (values[rights[i] as number] !== 0) continue;
        const slot = to[i] as number;
        if (presence.at(slot) !== PRESENT) continue;
        divided++;
        keeper.remove(slot);
      }
    }
    if (divided === 0) return column;
    this.#telemetry.dividedByZero(divided);
    return column.with({ presence: keeper.end() });
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

interface Stage {
  readonly planOf: (layout: Layout) => GenerationPlan;
  readonly keeper: PresenceKeeper;
}
