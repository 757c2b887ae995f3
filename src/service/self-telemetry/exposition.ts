import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { DataPointType } from "../../metrics/index.ts";
import type { PullConfig } from "./schema.ts";

export type ExpositionFormat = "text" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

type NameOptions = Pick<PullConfig, "without_type_suffix" | "without_units" | "without_scope_info">;

/** UCUM units that the specification of the Prometheus translation spells out in names. */
const UNIT_WORDS: Readonly<Record<string, string>> = {
  s: "seconds",
  ms: "milliseconds",
  By: "bytes",
  "1": "ratio",
};

/**
 * The collector's own metrics as Prometheus text 0.0.4 or OpenMetrics 1.0 text. Names stay as they are but for the
 * suffixes that `options` asks for; OpenMetrics always has `_total` on counters, since its grammar demands it.
 */
export function expose(data: ResourceMetrics, format: ExpositionFormat, options: NameOptions): string {
  const lines: string[] = [];
  const info = labels({ ...data.resource.attributes });
  const target = format === "openmetrics" ? "target" : "target_info";
  lines.push(
    `# HELP ${target} Target metadata`,
    `# TYPE ${target} ${format === "openmetrics" ? "info" : "gauge"}`,
  );
  lines.push(`target_info${info} 1`);
  // One name may come from several scopes; a family must stand in one piece.
  const families = Map.groupBy(
    data.scopeMetrics.flatMap(({ scope, metrics }) => metrics.map((metric) => ({ scope, metric }))),
    ({ metric }) => familyName(metric, options),
  );
  for (const [family, members] of families) {
    const { descriptor } = (members[0] as (typeof members)[number]).metric;
    const type = typeOf((members[0] as (typeof members)[number]).metric);
    const suffix =
      type === "counter" && (format === "openmetrics" || !options.without_type_suffix) ? "_total" : "";
    const declared = format === "openmetrics" ? family : `${family}${suffix}`;
    lines.push(`# HELP ${declared} ${escapeText(descriptor.description)}`, `# TYPE ${declared} ${type}`);
    for (const { scope, metric } of members) {
      const extra = options.without_scope_info
        ? {}
        : {
            otel_scope_name: scope.name,
            ...(scope.version !== undefined && { otel_scope_version: scope.version }),
          };
      appendPoints(lines, `${family}${suffix}`, metric, extra);
    }
  }
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function familyName({ descriptor }: MetricData, options: NameOptions): string {
  const name = descriptor.name.replaceAll(/[^a-zA-Z0-9_:]/g, "_");
  const word = UNIT_WORDS[descriptor.unit];
  return options.without_units || word === undefined || name.endsWith(word) ? name : `${name}_${word}`;
}

function typeOf(metric: MetricData): "counter" | "gauge" | "histogram" {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return "histogram";
  return metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? "counter" : "gauge";
}

function appendPoints(
  lines: string[],
  name: string,
  metric: MetricData,
  extra: Record<string, string>,
): void {
  for (const point of metric.dataPoints) {
    const attributes = { ...extra, ...point.attributes };
    const { value } = point;
    if (typeof value === "number") {
      lines.push(`${name}${labels(attributes)} ${formatValue(value)}`);
    } else if ("buckets" in value) {
      let cumulative = 0;
      value.buckets.counts.forEach((count, i) => {
        cumulative += count;
        const le = formatValue(value.buckets.boundaries[i] ?? Number.POSITIVE_INFINITY);
        lines.push(`${name}_bucket${labels({ ...attributes, le })} ${cumulative}`);
      });
      lines.push(`${name}_sum${labels(attributes)} ${formatValue(value.sum ?? 0)}`);
      lines.push(`${name}_count${labels(attributes)} ${value.count}`);
    }
  }
}

function labels(attributes: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(attributes).map(
    ([key, value]) =>
      `${key.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${escapeText(String(value)).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}
