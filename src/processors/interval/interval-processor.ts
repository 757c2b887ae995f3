import { type Component, type Consumer, isPermanent, type UpstreamSettings } from "../../component/index.ts";
import { Batch, type Layout, memoise } from "../../metrics/index.ts";
import type { Config } from "./config.ts";
import { LatestPoints } from "./latest-points.ts";
import { type SplitLayout, splitLayout } from "./split-layout.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/** Keeps the latest point of each series and hands it on at intervals. */
export class IntervalProcessor implements Component, Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #split: (layout: Layout) => SplitLayout;
  readonly #latest = new LatestPoints();
  readonly #telemetry: ProcessorTelemetry;
  #cancel = () => {};
  #flushing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(settings: UpstreamSettings<Config>) {
    const { config, meter, id } = settings;
    this.#settings = settings;
    this.#split = memoise((layout: Layout) => splitLayout(layout, config.pass_through));
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  start(): void {
    this.#schedule();
  }

  /** What is kept goes out before its time. */
  async shutdown(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#flushing;
    await this.#flush();
  }

  async consume(batch: Batch): Promise<void> {
    const { thinned, passed } = this.#split(batch.layout);
    if (thinned !== undefined) this.#latest.add(thinned, batch.column);
    if (passed === undefined) return;
    await this.#settings.next.consume(
      passed === batch.layout ? batch : Batch.fromColumns(passed, batch.column),
    );
  }

  #schedule(): void {
    const { clock, config } = this.#settings;
    this.#cancel = clock.schedule(config.interval, () => {
      this.#flushing = this.#flush().finally(() => {
        if (!this.#isStopped) this.#schedule();
      });
    });
  }

  async #flush(): Promise<void> {
    const batches = this.#latest.take();
    const refused: Batch[] = [];
    for (const batch of batches) {
      try {
        await this.#settings.next.consume(batch);
        this.#latest.release(batch);
      } catch (error) {
        this.#refusal(batch, error, refused);
      }
    }
    this.#latest.giveBack(refused);
  }

  /** The next flush has another try at what was not refused for good. */
  #refusal(batch: Batch, error: unknown, refused: Batch[]): void {
    const { logger } = this.#settings;
    if (isPermanent(error) || this.#isStopped) {
      this.#telemetry.dropped(batch.pointCount);
      logger.error("Points of an interval were dropped, since they were refused.", {
        points: batch.pointCount,
        error,
      });
      return;
    }
    refused.push(batch);
    logger.warn("Points of an interval could not be handed on. The next interval tries again.", {
      points: batch.pointCount,
      error,
    });
  }
}
