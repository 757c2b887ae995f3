import type { Meter } from "../../telemetry/index.ts";

/** What is looked at when the metrics are read. */
export interface MeasuredStore {
  readonly fileBytes: number;
  readonly liveBytes: number;
}

const REASONS = ["full", "io"] as const;

export interface StorageTelemetry {
  /** Lets the counters of a store begin at 0, so that `rate()` sees the first failure. */
  readonly opened: (store: string) => void;
  readonly writeFailed: (store: string, reason: string) => void;
  readonly damaged: (store: string, places: number) => void;
  /** Ends the observation. */
  readonly close: () => void;
}

/** `stores` gives those that are open, by their folder. */
export function createTelemetry(
  meter: Meter,
  extension: string,
  stores: () => Iterable<readonly [string, MeasuredStore]>,
): StorageTelemetry {
  const failed = meter.createCounter("otelcol_file_storage_failed_writes", {
    unit: "{write}",
    description: "Writes that the file system refused, by reason.",
  });
  const damaged = meter.createCounter("otelcol_file_storage_damaged_places", {
    unit: "{place}",
    description: "Damaged stretches found in files when they were opened.",
  });
  const gauge = (name: string, description: string, read: (store: MeasuredStore) => number) => {
    const instrument = meter.createObservableGauge(`otelcol_file_storage_${name}`, {
      unit: "By",
      description,
    });
    const observe = (result: { observe(value: number, attributes: Record<string, string>): void }) => {
      for (const [store, measured] of stores()) result.observe(read(measured), { extension, store });
    };
    instrument.addCallback(observe);
    return () => instrument.removeCallback(observe);
  };
  const stops = [
    gauge("file_bytes", "Bytes that the files of a store take.", ({ fileBytes }) => fileBytes),
    gauge("live_bytes", "Bytes in them that are still needed.", ({ liveBytes }) => liveBytes),
  ];
  return {
    opened(store) {
      for (const reason of REASONS) failed.add(0, { extension, store, reason });
      damaged.add(0, { extension, store });
    },
    writeFailed: (store, reason) => failed.add(1, { extension, store, reason }),
    damaged: (store, places) => damaged.add(places, { extension, store }),
    close() {
      for (const stop of stops) stop();
    },
  };
}
