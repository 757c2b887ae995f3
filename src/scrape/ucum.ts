/** OpenMetrics unit → UCUM, the table of the OpenTelemetry specification (compatibility/prometheus_and_openmetrics.md). */
const ucum: Readonly<Record<string, string>> = {
  days: "d",
  hours: "h",
  minutes: "min",
  seconds: "s",
  milliseconds: "ms",
  microseconds: "us",
  nanoseconds: "ns",
  bytes: "By",
  kibibytes: "KiBy",
  mebibytes: "MiBy",
  gibibytes: "GiBy",
  tebibytes: "TiBy",
  kilobytes: "kBy",
  megabytes: "MBy",
  gigabytes: "GBy",
  terabytes: "TBy",
  meters: "m",
  volts: "V",
  amperes: "A",
  joules: "J",
  watts: "W",
  grams: "g",
  celsius: "Cel",
  hertz: "Hz",
  percent: "%",
};

/** The UCUM unit of a family's unit; what the table does not know stays as it is, no unit is "". */
export function toUcum(unit: string | undefined): string {
  if (unit === undefined) return "";
  return Object.hasOwn(ucum, unit) ? (ucum[unit] as string) : unit;
}
