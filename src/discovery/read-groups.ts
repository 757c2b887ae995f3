import { parseDocument } from "yaml";
import type { TargetGroup } from "./target-source.ts";

/** More than this are no labels and addresses of targets. */
const MAX_ALIASES = 1000;

/**
 * Target groups as JSON text, `[{"targets": ["host:port"], "labels": {"name": "value"}}]`, or the same as YAML.
 * @param source of the groups; a number is added for each
 * @param added labels for every group
 * @throws Error whose message says what is wrong, and at which group
 */
export function readGroups(
  text: string,
  format: "json" | "yaml",
  source: string,
  added: Readonly<Record<string, string>>,
): TargetGroup[] {
  const content: unknown = format === "json" ? JSON.parse(text) : parseYaml(text);
  if (content === null) return [];
  if (!Array.isArray(content)) throw new Error(`expected a list of target groups, got ${kindOf(content)}`);
  return content.map((item: unknown, i) => {
    const { targets, labels } = readGroup(item, `group ${i + 1}`, format);
    return {
      source: `${source}:${i}`,
      labels: { ...labels, ...added },
      targets: targets.map((address) => ({ __address__: address })),
    };
  });
}

function parseYaml(text: string): unknown {
  // Keys must be strings for labels, values that YAML takes for numbers or booleans keep their spelling.
  const document = parseDocument(text, { schema: "failsafe", merge: false, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw new Error(error.message.split("\n", 1)[0]);
  return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
}

function readGroup(
  item: unknown,
  where: string,
  format: "json" | "yaml",
): { readonly targets: readonly string[]; readonly labels: Readonly<Record<string, string>> } {
  if (!isObject(item))
    throw new Error(`${where}: expected a map with targets and labels, got ${kindOf(item)}`);
  for (const key of Object.keys(item)) {
    if (key !== "targets" && key !== "labels") {
      throw new Error(`${where}: unknown key ${JSON.stringify(key)}, allowed are targets and labels`);
    }
  }
  const targets = orEmpty(item["targets"], format) ?? [];
  if (!Array.isArray(targets))
    throw new Error(`${where}: expected a list of targets, got ${kindOf(targets)}`);
  for (const target of targets) {
    if (typeof target !== "string")
      throw new Error(`${where}: expected a target as text, got ${kindOf(target)}`);
  }
  const labels = orEmpty(item["labels"], format) ?? {};
  if (!isObject(labels)) throw new Error(`${where}: expected a map of labels, got ${kindOf(labels)}`);
  for (const [name, value] of Object.entries(labels)) {
    if (name === "") throw new Error(`${where}: a label has no name`);
    if (typeof value !== "string") {
      throw new Error(`${where}: expected text for label ${JSON.stringify(name)}, got ${kindOf(value)}`);
    }
  }
  return { targets: targets as string[], labels: labels as Record<string, string> };
}

/** In YAML read without types nothing and a tilde are text. */
function orEmpty(value: unknown, format: "json" | "yaml"): unknown {
  return format === "yaml" && (value === "" || value === "~" || value === "null") ? undefined : value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a map" : `${typeof value} ${JSON.stringify(value).slice(0, 60)}`;
}
