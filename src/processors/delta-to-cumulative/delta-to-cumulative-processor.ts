import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import {
  AggregationTemporality,
  Batch,
  DataPointType,
  type Layout,
  type MetricLayout,
  memoise,
} from "../../metrics/index.ts";
import { CumulativeConverter, type StreamedLayout, streamLayout } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/** Converts every delta. A batch without any passes as it is. */
export class DeltaToCumulativeProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #streamed: (layout: Layout) => StreamedLayout;
  readonly #totals: CumulativeConverter;
  readonly #telemetry: ProcessorTelemetry;

  constructor(settings: UpstreamSettings<Config>) {
    const { config, meter, id } = settings;
    this.#settings = settings;
    this.#streamed = memoise((layout: Layout) =>
      streamLayout(layout, isDelta, AggregationTemporality.CUMULATIVE),
    );
    this.#totals = new CumulativeConverter({
      maxStalenessMs: config.max_stale,
      maxStreams: config.max_streams || Number.POSITIVE_INFINITY,
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
    await this.#totals.convert(streams, batch.column, clock.monotonic(), async (column, counts) => {
      this.#telemetry.record(counts, this.#totals.streamCount);
      const totals = Batch.fromColumns(layout, column);
      if (totals.pointCount > 0) await next.consume(totals);
    });
  }
}

function isDelta({ aggregationTemporality, dataPointType }: MetricLayout): boolean {
  const { SUM, HISTOGRAM, EXPONENTIAL_HISTOGRAM } = DataPointType;
  const types: readonly DataPointType[] = [SUM, HISTOGRAM, EXPONENTIAL_HISTOGRAM];
  return aggregationTemporality === AggregationTemporality.DELTA && types.includes(dataPointType);
}
