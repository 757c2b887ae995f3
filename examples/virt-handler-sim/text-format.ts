import { formatGoNumber } from "./go-number.ts";

export type MetricType = "counter" | "gauge" | "histogram" | "summary";

/** Label names and values, in the order in which they are to be printed. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** What is printed above the samples of one metric name. */
export interface FamilyHeader {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
}

/** One metric name with everything it prints; `lines()` is "" while there is no series. */
export interface Family extends FamilyHeader {
  lines(): string;
}

/** Labels by name; those with an empty value are left out, as KubeVirt does. */
export function sortLabels(labels: Labels): Labels {
  return labels.filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The order of series within a family (client_golang's MetricSorter): fewer labels first, then value by value.
 * Go compares bytes and this compares UTF-16 units, which agree for every character below U+D800.
 */
export function compareLabels(a: Labels, b: Labels): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let index = 0; index < a.length; index++) {
    const left = a[index]?.[1] ?? "";
    const right = b[index]?.[1] ?? "";
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** `name{a="b"} `: everything of a sample line that stands before the value. */
export function linePrefix(name: string, labels: Labels): string {
  if (labels.length === 0) return `${name} `;
  return `${name}{${labels.map(([label, value]) => `${label}="${escapeLabelValue(value)}"`).join(",")}} `;
}

export function sampleLine(name: string, labels: Labels, value: number): string {
  return `${linePrefix(name, labels)}${formatGoNumber(value)}\n`;
}

export function familyText(family: Family): string {
  const lines = family.lines();
  if (lines === "") return "";
  return `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n${lines}`;
}

function escapeLabelValue(value: string): string {
  return escapeHelp(value).replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
