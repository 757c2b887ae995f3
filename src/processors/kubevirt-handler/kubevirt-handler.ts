import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import { Batch, type Column, type Layout, msToNs } from "../../metrics/index.ts";
import { DeltaConverter } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { CoverageReport } from "./coverage-report.ts";
import { handlerSet } from "./documented-set.ts";
import { layoutMapper } from "./layout-mapper.ts";
import type { MappedLayout } from "./mapped-layout.ts";
import { adaptColumn, FiniteFilter } from "./presence.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/**
 * Makes the documented metrics of what a virt-handler exposes. Names, attributes and resources are worked out once for
 * each layout; a batch costs one look at its counters, or, for deltas, one subtraction each.
 */
export class KubevirtHandlerProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #map: (layout: Layout) => MappedLayout;
  readonly #telemetry: ProcessorTelemetry;
  readonly #coverage: CoverageReport;
  readonly #finite = new FiniteFilter();
  readonly #deltas: DeltaConverter | undefined;

  constructor(settings: UpstreamSettings<Config>) {
    const { config, id, logger, meter, clock } = settings;
    this.#settings = settings;
    this.#map = layoutMapper(config, handlerSet);
    this.#telemetry = new ProcessorTelemetry(meter, id);
    this.#coverage = new CoverageReport(handlerSet, logger, this.#telemetry);
    if (config.temporality === "delta") {
      this.#deltas = new DeltaConverter({
        maxStalenessMs: config.max_staleness,
        // Prometheus text never says since when a total has run.
        initialValue: "drop",
        sinceNs: msToNs(clock.now()),
      });
    }
  }

  async consume(batch: Batch): Promise<void> {
    const mapped = this.#map(batch.layout);
    this.#coverage.check(mapped, batch.column.presence);
    if (mapped.layout.resources.length === 0) return;
    const column = adaptColumn(mapped, batch.column);
    if (this.#deltas !== undefined) {
      await this.#consumeDeltas(this.#deltas, mapped, column);
      return;
    }
    const finite = this.#finite.apply(mapped.streams, column);
    this.#telemetry.dropped(this.#finite.dropped, "not_finite");
    await this.#handOn(mapped, finite);
  }

  #consumeDeltas(deltas: DeltaConverter, mapped: MappedLayout, column: Column): Promise<void> {
    return deltas.convert(
      mapped.streams,
      column,
      this.#settings.clock.monotonic(),
      async (converted, counts) => {
        this.#telemetry.dropped(counts.notFinite, "not_finite");
        this.#telemetry.dropped(counts.outOfOrder, "out_of_order");
        this.#telemetry.streams(deltas.streamCount);
        await this.#handOn(mapped, converted);
      },
    );
  }

  async #handOn({ layout }: MappedLayout, column: Column): Promise<void> {
    const batch = Batch.fromColumns(layout, column);
    if (batch.pointCount > 0) await this.#settings.next.consume(batch);
  }
}
