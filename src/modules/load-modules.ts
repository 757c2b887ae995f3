import { dirname } from "node:path";
import type { ComponentSet, Definition } from "../component/index.ts";
import { type ConfigNode, type Diagnostics, validateNode } from "../config/index.ts";
import { errorText } from "../errors/index.ts";
import { guarded } from "./guard.ts";
import { importModule } from "./import-module.ts";
import { isolated } from "./isolate.ts";
import { moduleSchema } from "./module-schema.ts";

export interface WithModules {
  /** The given components and those of the modules. */
  readonly components: ComponentSet;
  /** Absolute paths of all module files. */
  readonly files: readonly string[];
  /** What could not be loaded, as it is named in the configuration. */
  readonly failed: readonly string[];
}

const SECTIONS = {
  receiver: "receivers",
  processor: "processors",
  exporter: "exporters",
  extension: "extensions",
  connector: "connectors",
} as const;

/**
 * Adds the components of `service::modules` to a set. What is wrong with a module is reported at its place in the
 * configuration.
 * @param node the list; undefined where there is none
 */
export async function loadModules(
  node: ConfigNode | undefined,
  builtIn: ComponentSet,
  cwd: string,
  diagnostics: Diagnostics,
): Promise<WithModules> {
  const lists: Record<keyof ComponentSet, Definition[]> = {
    receivers: [...builtIn.receivers],
    processors: [...builtIn.processors],
    exporters: [...builtIn.exporters],
    extensions: [...builtIn.extensions],
    connectors: [...builtIn.connectors],
  };
  const files: string[] = [];
  const failed: string[] = [];
  // What is no list at all is reported with the rest of the service section.
  const items = node?.kind === "list" ? node.items : [];
  for (const [i, item] of items.entries()) {
    const path = ["service", "modules", i];
    const options = validateNode(item, moduleSchema, { path, diagnostics });
    if (options === undefined) continue;
    try {
      const source = item.position.source.path;
      const directory = source === undefined ? cwd : dirname(source);
      const loaded = await importModule(options.path, directory);
      files.push(...loaded.files);
      for (const definition of loaded.definitions) {
        const list = lists[SECTIONS[definition.kind]];
        const taken = list.find(({ type, aliases = [] }) => [type, ...aliases].includes(definition.type));
        if (taken !== undefined) {
          throw new Error(
            `module ${options.path} brings a ${definition.kind} of type ${JSON.stringify(definition.type)}, which there is already; give it another type`,
          );
        }
        const placed =
          options.isolate === "worker" ? isolated(definition, loaded.files[0] as string) : definition;
        list.push(guarded(placed, options, loaded));
      }
    } catch (error) {
      failed.push(options.path);
      diagnostics.error(item, { path, message: errorText(error) });
    }
  }
  return { components: lists as unknown as ComponentSet, files, failed };
}
