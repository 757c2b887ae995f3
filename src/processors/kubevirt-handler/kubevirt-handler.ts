import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import { Batch, type Column, msToNs } from "../../metrics/index.ts";
import { DeltaConverter } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { CoverageReport } from "./coverage-report.ts";
import { LayoutMapper } from "./layout-mapper.ts";
import { countLeftOut } from "./left-out.ts";
import type { MappedLayout } from "./mapped-layout.ts";
import { adaptColumn, FiniteFilter } from "./presence.ts";
import { documentedSets } from "./sets/index.ts";
import { ProcessorTelemetry } from "./telemetry.ts";
import { ValueAdjuster } from "./value-adjuster.ts";

/**
 * Makes the documented metrics of what a virt-handler exposes. Names, attributes and resources are worked out once for
 * each layout; a batch costs one look at its counters, or, for deltas, one subtraction each.
 */
export class KubevirtHandlerProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #mapper: LayoutMapper;
  readonly #telemetry: ProcessorTelemetry;
  readonly #coverage: CoverageReport;
  readonly #finite = new FiniteFilter();
  readonly #values = new ValueAdjuster();
  /** Releases whose errors were spoken of. */
  readonly #corrected = new Set<string>();
  readonly #deltas: DeltaConverter | undefined;

  constructor(settings: UpstreamSettings<Config>) {
    const { config, id, logger, meter, clock } = settings;
    this.#settings = settings;
    const set = documentedSets[config.set];
    this.#mapper = new LayoutMapper(config, set);
    this.#telemetry = new ProcessorTelemetry(meter, id, config.temporality === "delta");
    this.#coverage = new CoverageReport(set, logger, this.#telemetry);
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
    const mapped = this.#mapper.map(batch.layout, batch.column);
    this.#coverage.check(mapped, batch.column.presence);
    this.#reportCorrections(mapped);
    for (const [reason, points] of countLeftOut(mapped.leftOut, batch.column)) {
      this.#telemetry.dropped(points, reason);
    }
    if (mapped.layout.resources.length === 0) return;
    const source = adaptColumn(mapped, batch.column);
    const column = this.#values.adjust(mapped, source);
    try {
      if (this.#deltas !== undefined) {
        await this.#consumeDeltas(this.#deltas, mapped, column);
        return;
      }
      const finite = this.#finite.apply(mapped.streams, column);
      this.#telemetry.dropped(this.#finite.dropped, "not_finite");
      await this.#handOn(mapped, finite);
    } finally {
      this.#values.release(column, source);
    }
  }

  #consumeDeltas(deltas: DeltaConverter, mapped: MappedLayout, column: Column): Promise<void> {
    return deltas.convert(
      mapped.streams,
      column,
      this.#settings.clock.monotonic(),
      async (converted, counts) => {
        this.#telemetry.dropped(counts.notFinite, "not_finite");
        this.#telemetry.dropped(counts.outOfOrder, "out_of_order");
        this.#telemetry.dropped(counts.initialDropped, "initial");
        this.#telemetry.dropped(counts.bucketMismatch, "bucket_mismatch");
        this.#telemetry.streams(deltas.streamCount);
        await this.#handOn(mapped, converted);
      },
    );
  }

  async #handOn(mapped: MappedLayout, column: Column): Promise<void> {
    const { column: merged, merged: points } = this.#values.merge(mapped, column);
    this.#telemetry.dropped(points, "merged");
    const batch = Batch.fromColumns(mapped.layout, merged);
    try {
      if (batch.pointCount > 0) await this.#settings.next.consume(batch);
    } finally {
      this.#values.release(merged, column);
    }
  }

  #reportCorrections({ corrections }: MappedLayout): void {
    for (const [version, families] of corrections) {
      if (this.#corrected.has(version)) continue;
      this.#corrected.add(version);
      this.#settings.logger.info("Values that this KubeVirt release has wrong are corrected.", {
        version,
        families,
      });
    }
  }
}
