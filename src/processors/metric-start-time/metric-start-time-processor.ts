import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import {
  AggregationTemporality,
  Batch,
  DataPointType,
  type Layout,
  type MetricLayout,
  memoise,
  msToNs,
} from "../../metrics/index.ts";
import {
  type StartStrategy,
  StartTimes,
  type StreamedLayout,
  streamLayout,
} from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { ProcessStarts } from "./process-starts.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

const strategies: Readonly<Record<Config["strategy"], StartStrategy>> = {
  true_reset_point: "first_point",
  subtract_initial_point: "subtract",
  start_time_metric: "given",
};

/** Gives every running total a start time. A batch without any passes as it is. */
export class MetricStartTimeProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #streamed = memoise((layout: Layout): StreamedLayout => streamLayout(layout, isTotal));
  readonly #starts: StartTimes;
  readonly #processes: ProcessStarts | undefined;
  readonly #telemetry: ProcessorTelemetry;

  constructor(settings: UpstreamSettings<Config>) {
    const { config, clock, meter, id } = settings;
    this.#settings = settings;
    this.#starts = new StartTimes({
      strategy: strategies[config.strategy],
      maxStalenessMs: config.gc_interval,
      elseNs: msToNs(clock.now()),
    });
    if (config.strategy === "start_time_metric") {
      this.#processes = new ProcessStarts(config.start_time_metric_regex);
    }
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  async consume(batch: Batch): Promise<void> {
    const { clock, next } = this.#settings;
    const { layout, column } = batch;
    const { streams } = this.#streamed(layout);
    const { numbers, histograms, exponentials } = streams;
    if (numbers.length + histograms.length + exponentials.length === 0) {
      await next.consume(batch);
      return;
    }
    await this.#starts.convert(
      streams,
      column,
      clock.monotonic(),
      async (started, counts) => {
        this.#telemetry.record(counts, this.#starts.streamCount);
        const result = Batch.fromColumns(layout, started);
        if (result.pointCount > 0) await next.consume(result);
      },
      // Looked up when it is this batch's turn: the processes' array serves one batch at a time.
      () => this.#processes?.of(layout, column),
    );
  }
}

/** Totals that never fall but by a reset. */
function isTotal({ dataPointType, aggregationTemporality, isMonotonic }: MetricLayout): boolean {
  // Summaries have no temporality; their counts and sums are running totals.
  if (dataPointType === DataPointType.SUMMARY) return true;
  if (aggregationTemporality !== AggregationTemporality.CUMULATIVE) return false;
  return dataPointType === DataPointType.SUM ? isMonotonic : dataPointType !== DataPointType.GAUGE;
}
