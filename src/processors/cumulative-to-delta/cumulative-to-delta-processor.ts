import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import { AggregationTemporality, Batch, type Layout, memoise, msToNs } from "../../metrics/index.ts";
import { DeltaConverter, type StreamedLayout, streamLayout } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { metricChoice } from "./metric-choice.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/** Converts what the configuration chooses. A batch without any of it passes as it is. */
export class CumulativeToDeltaProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #streamed: (layout: Layout) => StreamedLayout;
  readonly #deltas: DeltaConverter;
  readonly #telemetry: ProcessorTelemetry;

  constructor(settings: UpstreamSettings<Config>) {
    const { config, clock, meter, id } = settings;
    this.#settings = settings;
    const choose = metricChoice(config);
    this.#streamed = memoise((layout: Layout) => streamLayout(layout, choose, AggregationTemporality.DELTA));
    this.#deltas = new DeltaConverter({
      maxStalenessMs: config.max_staleness,
      initialValue: config.initial_value,
      sinceNs: msToNs(clock.now()),
    });
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  async consume(batch: Batch): Promise<void> {
    const { clock, next } = this.#settings;
    const { layout, streams } = this.#streamed(batch.layout);
    if (layout === batch.layout) {
      await next.consume(batch);
      return;
    }
    await this.#deltas.convert(streams, batch.column, clock.monotonic(), async (column, counts) => {
      this.#telemetry.record(counts, this.#deltas.streamCount);
      const deltas = Batch.fromColumns(layout, column);
      if (deltas.pointCount > 0) await next.consume(deltas);
    });
  }
}
