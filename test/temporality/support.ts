import { ABSENT, Column, type ColumnInit, PRESENT, Presence } from "../../src/metrics/index.ts";
import {
  DeltaConverter,
  DeltaCounts,
  type DeltaOptions,
  type LayoutStreams,
} from "../../src/temporality/index.ts";

export const SECOND = 1_000_000_000n;
export const T0 = 1_700_000_000n * SECOND;

export function streams(metric: string, series: readonly string[]): LayoutStreams {
  const slots = Uint32Array.from(series, (_, i) => i);
  return {
    width: series.length,
    numbers: [{ metric, series, slots }],
    histograms: [],
    exponentials: [],
  };
}

/** One histogram that is one point: buckets from slot 0 on, then count and sum. */
export function wholeHistogram(bounds: readonly number[]): LayoutStreams {
  const buckets = Uint32Array.from(bounds.keys());
  const slots = { bounds, buckets, count: bounds.length, sum: bounds.length + 1 };
  return {
    width: bounds.length + 2,
    numbers: [],
    histograms: [{ metric: "h", series: ["a"], histograms: [slots], whole: true }],
    exponentials: [],
  };
}

export function exponentialStream(): LayoutStreams {
  return {
    ...streams("e", ["a"]),
    numbers: [],
    exponentials: [{ metric: "e", series: ["a"], slots: Uint32Array.of(0) }],
  };
}

export function column(
  values: readonly (number | undefined)[],
  timeNs: bigint,
  more: Partial<ColumnInit> = {},
): Column {
  return new Column({
    values: Float64Array.from(values, (value) => value ?? 0),
    presence: new Presence(Uint8Array.from(values, (value) => (value === undefined ? ABSENT : PRESENT))),
    timeNs,
    ...more,
  });
}

/** The values that are there, by slot. */
export function present({ presence, values }: Column, width: number): (number | undefined)[] {
  return Array.from({ length: width }, (_, i) => (presence.at(i) === PRESENT ? values[i] : undefined));
}

export function newConverter(options: Partial<DeltaOptions> = {}): DeltaConverter {
  return new DeltaConverter({ maxStalenessMs: 300_000, initialValue: "drop", sinceNs: T0, ...options });
}

/** The result, which stays as it is. */
export async function convert(
  converter: DeltaConverter,
  of: LayoutStreams,
  source: Column,
  nowMs = 0,
): Promise<{ readonly column: Column; readonly counts: DeltaCounts }> {
  let result: Column | undefined;
  let counts = new DeltaCounts();
  await converter.convert(of, source, nowMs, async (converted, c) => {
    converted.retain();
    result = converted;
    counts = c;
  });
  return { column: result as Column, counts };
}

/** As above, but whatever comes next refuses it. */
export async function refused(
  converter: DeltaConverter,
  of: LayoutStreams,
  source: Column,
  error: Error = new Error("refused"),
): Promise<void> {
  await converter
    .convert(of, source, 0, () => Promise.reject(error))
    .then(
      () => {
        throw new Error("the error must come through");
      },
      (reason: unknown) => {
        if (reason !== error) throw reason;
      },
    );
}
