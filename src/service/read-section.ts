import type { BaseDefinition, ComponentKind } from "../component/index.ts";
import {
  type ConfigEntry,
  type ConfigNode,
  type Diagnostics,
  parseComponentId,
  validateNode,
} from "../config/index.ts";
import { errorText } from "../errors/index.ts";
import type { ConfiguredComponent } from "./collector-config.ts";

/** The sections that hold components, and what they hold. */
export const SECTIONS = {
  receivers: "receiver",
  processors: "processor",
  exporters: "exporter",
  extensions: "extension",
  connectors: "connector",
} as const satisfies Readonly<Record<string, ComponentKind>>;

export type Section = keyof typeof SECTIONS;

/** Components of one section by ID. What failed is there too, without a config, so that references to it stay good. */
export type SectionComponents = ReadonlyMap<
  string,
  ConfiguredComponent<BaseDefinition> & { readonly entry: ConfigEntry }
>;

/** @param failedModules modules that may have brought further definitions */
export function readSection(
  section: Section,
  node: ConfigNode | undefined,
  definitions: readonly BaseDefinition[],
  failedModules: readonly string[],
  diagnostics: Diagnostics,
): SectionComponents {
  const components = new Map<string, ConfiguredComponent<BaseDefinition> & { readonly entry: ConfigEntry }>();
  if (node === undefined || node.kind === "null") return components;
  if (node.kind !== "map") {
    diagnostics.error(node, {
      path: [section],
      message: `must be a map from component IDs to settings, got a ${node.kind}`,
    });
    return components;
  }
  for (const entry of node.entries()) {
    const path = [section, entry.key];
    try {
      const { id, type } = parseComponentId(entry.key);
      if (components.has(id)) throw new Error(`duplicate name ${JSON.stringify(id)} after trimming spaces`);
      const definition = definitions.find((d) => d.type === type || d.aliases?.includes(type));
      if (definition === undefined) {
        reportUnknownType(section, type, entry, definitions, failedModules, diagnostics);
        continue;
      }
      if (definition.type !== type) {
        diagnostics.warning(entry.keyPosition, {
          path,
          message: `"${type}" alias is deprecated; use "${definition.type}" instead`,
        });
      }
      const config = validateNode(entry.node, definition.config, {
        path,
        keyPosition: entry.keyPosition,
        diagnostics,
      });
      const fingerprint = `${definition.type} ${definition.revision ?? ""} ${fingerprintOf(entry.node)}`;
      components.set(id, { id, definition, config, fingerprint, entry });
      if (config === undefined) continue;
      for (const warning of definition.warnings?.(config) ?? []) {
        const place = entry.node.at(warning.path) ?? entry.keyPosition;
        diagnostics.warning(place, { path: [...path, ...warning.path], message: warning.message });
      }
    } catch (error) {
      diagnostics.error(entry.keyPosition, { path, message: errorText(error) });
    }
  }
  return components;
}

function reportUnknownType(
  section: Section,
  type: string,
  entry: ConfigEntry,
  definitions: readonly BaseDefinition[],
  failedModules: readonly string[],
  diagnostics: Diagnostics,
): void {
  const path = [section, entry.key];
  const message = `unknown ${SECTIONS[section]} type ${JSON.stringify(type)}`;
  if (failedModules.length > 0) {
    const hint = `a module that could not be loaded may bring it: ${failedModules.join(", ")}`;
    diagnostics.error(entry.keyPosition, { path, message, hint });
    return;
  }
  const types = definitions.map((definition) => definition.type).toSorted();
  diagnostics.error(entry.keyPosition, { path, message, allowed: types, name: type, candidates: types });
}

/** Equal for equal settings, whatever their order; the text of a substituted value counts, since strings take that. */
function fingerprintOf(node: ConfigNode): string {
  switch (node.kind) {
    case "null":
      return "null";
    case "scalar":
      return JSON.stringify([node.scalar, node.text ?? null]);
    case "list":
      return `[${node.items.map(fingerprintOf).join()}]`;
    case "map":
      return `{${[...node.entries()]
        .map(({ key, node: inner }) => `${JSON.stringify(key)}:${fingerprintOf(inner)}`)
        .toSorted()
        .join()}}`;
  }
}
