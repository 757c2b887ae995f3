import type { BaseDefinition, ComponentSet } from "../component/index.ts";
import { type Diagnostics, type ResolveOptions, resolveConfig, validateNode } from "../config/index.ts";
import { loadModules } from "../modules/index.ts";
import type { CollectorConfig, ConfiguredComponent } from "./collector-config.ts";
import { readSection, SECTIONS, type Section, type SectionComponents } from "./read-section.ts";
import { checkReferences } from "./references.ts";
import { serviceSchema } from "./service-schema.ts";

export interface LoadedConfig {
  /** Undefined when `diagnostics` has errors. */
  readonly config: CollectorConfig | undefined;
  readonly diagnostics: Diagnostics;
  /** The given components and those of the configuration's modules. */
  readonly components: ComponentSet;
  /** Absolute paths of the configuration files and of its modules, for whoever watches them. */
  readonly files: readonly string[];
}

/**
 * Reads, resolves and validates a configuration. All problems are found in one go: unknown keys, wrong values in any
 * component (used or not), references that lead nowhere.
 */
export async function loadConfig(options: ResolveOptions, builtIn: ComponentSet): Promise<LoadedConfig> {
  const { root, diagnostics, files: configFiles } = await resolveConfig(options);
  const modules = root.get("service")?.get("modules");
  const custom = await loadModules(modules, builtIn, options.cwd, diagnostics);
  const { components } = custom;
  const files = [...configFiles, ...custom.files];
  // Without anything read, all that follows would complain about what is not there.
  if (root.size === 1 && diagnostics.hasErrors) return { config: undefined, diagnostics, components, files };
  const known = [...Object.keys(SECTIONS), "service"];
  for (const { key, keyPosition } of root.entries()) {
    if (known.includes(key)) continue;
    diagnostics.error(keyPosition, {
      path: [key],
      message: `unknown section ${JSON.stringify(key)}`,
      allowed: known,
      name: key,
      candidates: known,
    });
  }
  const read = <S extends Section>(section: S) =>
    readSection(section, root.get(section), components[section], custom.failed, diagnostics);
  const sections = {
    receivers: read("receivers"),
    processors: read("processors"),
    exporters: read("exporters"),
    extensions: read("extensions"),
    connectors: read("connectors"),
  };
  const serviceEntry = root.entry("service");
  if (serviceEntry === undefined) {
    diagnostics.error(root, { path: ["service"], message: "is missing; it must name at least one pipeline" });
    return { config: undefined, diagnostics, components, files };
  }
  const service = validateNode(serviceEntry.node, serviceSchema, {
    path: ["service"],
    keyPosition: serviceEntry.keyPosition,
    diagnostics,
  });
  if (service !== undefined) checkReferences(service, serviceEntry.node, root, sections, diagnostics);
  if (service === undefined || diagnostics.hasErrors)
    return { config: undefined, diagnostics, components, files };
  // Each section holds definitions of its own kind only; the map type cannot say so.
  const config = { ...withReferencedFingerprints(sections), service } as unknown as CollectorConfig;
  return { config, diagnostics, components, files };
}

/** A component is another one when an extension that it uses has changed. */
function withReferencedFingerprints(
  sections: Readonly<Record<Section, SectionComponents>>,
): Readonly<Record<Section, ReadonlyMap<string, ConfiguredComponent<BaseDefinition>>>> {
  const complete = (components: SectionComponents) =>
    new Map(
      [...components].map(([key, { entry: _, ...component }]) => {
        const used = (component.definition.references?.(component.config) ?? []).map(
          ({ kind, id }) => sections[`${kind}s`].get(id)?.fingerprint ?? "",
        );
        return [key, { ...component, fingerprint: [component.fingerprint, ...used].join("\n") }];
      }),
    );
  return {
    receivers: complete(sections.receivers),
    processors: complete(sections.processors),
    exporters: complete(sections.exporters),
    extensions: complete(sections.extensions),
    connectors: complete(sections.connectors),
  };
}
