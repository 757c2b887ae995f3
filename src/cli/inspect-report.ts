import type { InspectedBody, InspectedFamily, InspectedSample } from "../exposition/index.ts";
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
    };

/** One JSON object for programs; values that JSON cannot hold are the strings "NaN", "+Inf" and "-Inf". */
export function inspectionJson(inspection: Inspection): string {
  const { source, ok } = inspection;
  if (!ok) {
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

function jsonSample({ name, labels, value, timestampMs }: InspectedSample): Record<string, unknown> {
  return {
    name,
    labels,
    value: Number.isFinite(value) ? value : formatSpecial(value),
    ...(timestampMs !== undefined && { timestamp_ms: timestampMs }),
  };
}

function formatSpecial(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

export function inspectionTable(inspection: Inspection): string {
  const { source, ok } = inspection;
  if (!ok) {
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

function familyRow({ name, type, samples, help = "" }: InspectedFamily): string[] {
  const short = help.length > 60 ? `${help.slice(0, 59)}…` : help;
  return [name, type, String(samples.length), short.replaceAll("\n", " ")];
}
