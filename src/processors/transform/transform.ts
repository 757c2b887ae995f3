import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import type { Batch } from "../../metrics/index.ts";
import {
  compileStatements,
  ErrorReporter,
  StatementEngine,
  type StatementGroup,
  Tracer,
} from "../../ottl/index.ts";
import { type Config, groupOf } from "./config.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

const TRACE_INTERVAL_MS = 10_000;

/** Runs OTTL statements over metrics. */
export class TransformProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #groups: readonly StatementGroup[];
  readonly #engine: StatementEngine;
  #tracedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: UpstreamSettings<Config>) {
    const { config, id, logger, meter, clock } = settings;
    this.#settings = settings;
    const telemetry = new ProcessorTelemetry(meter, id);
    const reporter = new ErrorReporter({ logger, clock, count: () => telemetry.statementFailed() });
    const groups = config.metric_statements.map((source) => {
      const { group, problems } = compileStatements(groupOf(source));
      // The schema has compiled the same text before.
      if (group === undefined) throw problems[0]?.error ?? new Error("statements do not compile");
      const mode = (typeof source === "string" ? undefined : source.error_mode) ?? config.error_mode;
      return { group, onError: reporter.forMode(mode), sharesCache: typeof source === "string" };
    });
    this.#groups = groups.map(({ group }) => group);
    this.#engine = new StatementEngine({ groups, now: () => clock.now() });
  }

  async consume(batch: Batch): Promise<void> {
    const result = this.#isTraceDue() ? this.#trace(batch) : this.#engine.run(batch);
    if (result === undefined) return;
    try {
      await this.#settings.next.consume(result);
    } finally {
      this.#engine.release(result, batch);
    }
  }

  #isTraceDue(): boolean {
    const { config, clock } = this.#settings;
    if (!config.trace || clock.monotonic() - this.#tracedAt < TRACE_INTERVAL_MS) return false;
    this.#tracedAt = clock.monotonic();
    return true;
  }

  #trace(batch: Batch): Batch | undefined {
    const tracer = new Tracer(
      this.#groups.flatMap(({ context, statements }) =>
        statements.map((statement) => ({ statement, context })),
      ),
    );
    try {
      return this.#engine.observe(batch, tracer);
    } finally {
      // Also when the batch is refused: then it is wanted most.
      for (const trace of tracer.traces) this.#settings.logger.info("Traced a statement.", { ...trace });
    }
  }
}
