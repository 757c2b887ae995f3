import type { Meter, MeterAttributes } from "../telemetry/index.ts";

const POINTS = [
  10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000,
  30_000, 50_000, 100_000,
];
/** 128 B to 16 MiB. */
const BYTES = Array.from({ length: 18 }, (_, i) => 128 * 2 ** i);

/** The Collector's pair of histograms of requests by their size: data points, and bytes under the same name with `_bytes`. */
export function sizeHistograms(
  meter: Meter,
  name: string,
  what: string,
): (points: number, bytes: number, attributes: MeterAttributes) => void {
  const histogram = (suffix: string, unit: string, text: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(`otelcol_exporter_${name}${suffix}`, {
      unit,
      description: `${text} of the requests ${what}.`,
      advice: { explicitBucketBoundaries },
    });
  const ofPoints = histogram("", "{unit}", "Data points", POINTS);
  const ofBytes = histogram("_bytes", "By", "Bytes in memory", BYTES);
  return (points, bytes, attributes) => {
    ofPoints.record(points, attributes);
    ofBytes.record(bytes, attributes);
  };
}
