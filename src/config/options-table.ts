import type { z } from "zod";
import { shortDuration } from "./schema/duration.ts";
import { isInteger, type PeeledSchema, peel } from "./schema/peel.ts";

export interface OptionRow {
  /** `retry_on_failure::initial_interval`, `targets[]::labels::<name>`. */
  readonly path: string;
  readonly type: string;
  /** As it would be written; undefined when the option has none. */
  readonly defaultText: string | undefined;
  readonly required: boolean;
  readonly description: string;
}

/** Every option of a schema, sections before what is in them. */
export function optionRows(schema: z.core.$ZodType): readonly OptionRow[] {
  const rows: OptionRow[] = [];
  collect(peel(schema), "", rows);
  return rows;
}

/** The options of a schema as a Markdown table. */
export function optionsTable(schema: z.core.$ZodType): string {
  const rows = optionRows(schema);
  if (rows.length === 0) return "This component has no options.\n";
  const lines = rows.map(({ path, type, defaultText, required, description }) => {
    const fallback = required ? "(required)" : defaultText === undefined ? "" : `\`${defaultText}\``;
    return `| ${[`\`${path}\``, type, fallback, description].map(cell).join(" | ")} |`;
  });
  return ["| option | type | default | description |", "|---|---|---|---|", ...lines, ""].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

function collect(parent: PeeledSchema, prefix: string, rows: OptionRow[]): void {
  const def = parent.schema._zod.def;
  if (parent.kind === "headers") return;
  if (def.type === "object") {
    for (const [key, field] of Object.entries(def.shape)) {
      const peeled = peel(field);
      const path = prefix === "" ? key : `${prefix}::${key}`;
      rows.push({
        path,
        type: typeText(peeled),
        defaultText: defaultText(peeled),
        required: !peeled.optional,
        description: peeled.description ?? "",
      });
      collect(peeled, path, rows);
    }
  } else if (def.type === "array") collect(peel(def.element), `${prefix}[]`, rows);
  else if (def.type === "record") collect(peel(def.valueType), `${prefix}::<name>`, rows);
  else if (def.type === "union") {
    for (const option of def.options) collect(peel(option), prefix, rows);
  }
}

function typeText(peeled: PeeledSchema): string {
  const suffix = peeled.nullable ? " or null" : "";
  return `${bareType(peeled)}${suffix}`;
}

function bareType({ schema, kind }: PeeledSchema): string {
  const def = schema._zod.def;
  switch (kind) {
    case "duration":
      return "duration";
    case "secret":
      return "secret string";
    case "url":
      return "URL";
    case "component-id":
      return "component ID";
    case "headers":
      return "map of names to secret strings, or list of {name, value}";
    case "optional-section":
    case "enabled-section":
      return "section";
    default:
  }
  switch (def.type) {
    case "string":
      return "string";
    case "number":
      return isInteger(schema) ? "integer" : "number";
    case "boolean":
      return "boolean";
    case "enum":
      return Object.values(def.entries)
        .map((value) => `\`${value}\``)
        .join(", ");
    case "literal":
      return def.values.map((value) => `\`${value}\``).join(", ");
    case "array": {
      const item = peel(def.element);
      return item.schema._zod.def.type === "object" ? "list of sections" : `list of ${bareType(item)}`;
    }
    case "record": {
      const item = peel(def.valueType);
      return item.schema._zod.def.type === "object" ? "map of sections" : `map of ${bareType(item)}`;
    }
    case "union":
      return [...new Set(def.options.map((option) => typeText(peel(option))))].join(" or ");
    case "object":
      return "section";
    case "null":
      return "null";
    default:
      return "any";
  }
}

function defaultText({ kind, defaultValue, schema }: PeeledSchema): string | undefined {
  if (kind === "optional-section") return "off";
  if (kind === "enabled-section") return "on";
  const { type } = schema._zod.def;
  // The defaults of a section stand in the rows of its options.
  if (defaultValue === undefined || (type === "object" && isEmpty(defaultValue))) return undefined;
  if (kind === "duration" && typeof defaultValue === "number") return shortDuration(defaultValue);
  if (typeof defaultValue === "string") return defaultValue === "" ? '""' : defaultValue;
  return JSON.stringify(defaultValue);
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
