import {
  type Exemplar,
  type InspectedBody,
  type InspectedFamily,
  type InspectedSample,
  type NativeHistogram,
  openMetricsRules,
  type Violation,
} from "../exposition/index.ts";
import type { Coverage } from "../processors/kubevirt-handler/index.ts";
import { table } from "./table.ts";

export type Inspection =
  | { readonly source: string; readonly ok: true; readonly body: InspectedBody; readonly coverage: Coverage }
  | {
      readonly source: string;
      readonly ok: false;
      /** Without a place when the input could not even be read. */
      readonly error: {
        readonly line?: number | undefined;
        readonly column?: number | undefined;
        /** In binary bodies. */
        readonly offset?: number | undefined;
        readonly message: string;
        readonly text?: string;
      };
    }
  /** Of a strict check; there is at least one. */
  | { readonly source: string; readonly ok: false; readonly violations: readonly Violation[] };

/** One JSON object for programs; values that JSON cannot hold are the strings "NaN", "+Inf" and "-Inf". */
export function inspectionJson(inspection: Inspection): string {
  const { source, ok } = inspection;
  if (!ok) {
    if ("violations" in inspection) {
      const violations = inspection.violations.map(({ line, column, rule, message }) => ({
        line,
        column,
        rule,
        message,
      }));
      return JSON.stringify({ source, ok, error: violations[0], violations });
    }
    const { line, column, offset, message } = inspection.error;
    return JSON.stringify({ source, ok, error: { line, column, offset, message } });
  }
  const { body } = inspection;
  return JSON.stringify({
    source,
    ok,
    samples: body.samples,
    families: body.families.map(({ name, type, help = "", unit = "", samples }) => ({
      name,
      type,
      help,
      unit,
      samples: samples.map(jsonSample),
    })),
    coverage: inspection.coverage,
  });
}

function jsonSample(sample: InspectedSample): Record<string, unknown> {
  const { name, labels, value, timestampMs, startTimeMs, exemplars, histogram } = sample;
  return {
    name,
    labels,
    value: jsonNumber(value),
    ...(timestampMs !== undefined && { timestamp_ms: timestampMs }),
    ...(startTimeMs !== undefined && { start_time_ms: startTimeMs }),
    ...(exemplars && { exemplars: exemplars.map(jsonExemplar) }),
    ...(histogram && { histogram: jsonHistogram(histogram) }),
  };
}

function jsonExemplar({ labels, value, timestampMs }: Exemplar): Record<string, unknown> {
  return {
    labels,
    value: jsonNumber(value),
    ...(timestampMs !== undefined && { timestamp_ms: timestampMs }),
  };
}

function jsonHistogram(histogram: NativeHistogram): Record<string, unknown> {
  const { schema, count, sum, zeroThreshold, zeroCount, positive, negative } = histogram;
  const side = ({ spans, counts }: NativeHistogram["positive"]) => ({
    spans,
    counts: counts.map(jsonNumber),
  });
  return {
    schema,
    count: jsonNumber(count),
    sum: jsonNumber(sum),
    zero_threshold: zeroThreshold,
    zero_count: jsonNumber(zeroCount),
    positive: side(positive),
    negative: side(negative),
  };
}

/** What JSON numbers cannot say is a string. */
function jsonNumber(value: number | bigint): number | string {
  if (typeof value === "bigint") return String(value);
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

export function inspectionTable(inspection: Inspection): string {
  const { source, ok } = inspection;
  if (!ok) {
    if ("violations" in inspection) {
      return inspection.violations.map((violation) => violationText(source, violation)).join("");
    }
    const { line, column, offset, message, text } = inspection.error;
    const at = offset === undefined ? source : `${source} at byte ${offset}`;
    const place = line === undefined ? at : `${source}:${line}:${column}`;
    return `${place}: ${message}\n${text === undefined ? "" : `    ${text}\n`}`;
  }
  const { body, coverage } = inspection;
  const { seen, missing, unmapped } = coverage;
  const list = (title: string, names: readonly string[]) =>
    names.length === 0 ? "" : `${title}:\n${names.map((name) => `  ${name}\n`).join("")}`;
  return [
    `${source}: ${body.samples} samples in ${body.families.length} families\n`,
    table(["family", "type", "samples", "help"], body.families.map(familyRow)),
    `documented metrics: ${seen.length} seen, ${missing.length} missing\n`,
    list("missing", missing),
    list("kubevirt families that no documented metric is made of", unmapped),
  ].join("");
}

function violationText(source: string, { line, column, rule, message, text }: Violation): string {
  return `${source}:${line}:${column}: ${message}\n    ${text}\n    rule ${rule}: ${openMetricsRules[rule]}\n`;
}

function familyRow({ name, type, samples, help = "" }: InspectedFamily): string[] {
  const short = help.length > 60 ? `${help.slice(0, 59)}…` : help;
  return [name, type, String(samples.length), short.replaceAll("\n", " ")];
}
