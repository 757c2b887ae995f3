import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Definition } from "../../src/component/index.ts";
import { components } from "../../src/distribution/index.ts";
import { root } from "../support/built-tree.ts";

export const SECTIONS = ["receivers", "processors", "exporters", "extensions", "connectors"] as const;
export type Section = (typeof SECTIONS)[number];

interface Pipeline {
  readonly receivers: readonly string[];
  readonly processors?: readonly string[];
  readonly exporters: readonly string[];
}
/** What a snippet says of a configuration. */
export type Fragment = { readonly [section in Section]?: Readonly<Record<string, unknown>> | null } & {
  readonly service?: {
    readonly extensions?: readonly string[];
    readonly pipelines?: Readonly<Record<string, Pipeline>>;
  };
};

/** The section that a component's type belongs to when it stands alone, as in its own README. */
export function definitionOf(
  type: string,
  sections: readonly Section[] = SECTIONS,
): [Section, Definition] | undefined {
  for (const section of sections) {
    const definitions: readonly Definition[] = components[section];
    const found = definitions.find((one) => one.type === type || one.aliases?.includes(type));
    if (found) return [section, found];
  }
  return undefined;
}

/**
 * What has to stand beside a fragment so that it is a whole configuration: pipelines through all that it configures,
 * and, as their samples have them, the components that it names.
 */
export function complement(fragment: Fragment): Fragment {
  const idsOf = (section: Section) => Object.keys(fragment[section] ?? {});
  const { extensions, pipelines } = fragment.service ?? {};
  const made = pipelines ?? pipelinesThrough(idsOf);
  const used = new Set([...(extensions ?? []), ...extensionsNamedIn(fragment)]);
  const named: readonly (readonly [Section, readonly string[]])[] = [
    ["extensions", [...used]],
    ...Object.values(made).flatMap(
      ({ receivers, processors = [], exporters }) =>
        [
          ["receivers", receivers],
          ["processors", processors],
          ["exporters", exporters],
        ] as const,
    ),
  ];
  const result: { [section in Section]?: Record<string, unknown> } = {};
  for (const [section, ids] of named) {
    for (const id of ids) {
      if (idsOf(section).includes(id) || idsOf("connectors").includes(id)) continue;
      const sample = sampleOf(section, id.split("/")[0] ?? "");
      if (sample !== undefined) result[section] = { ...result[section], [id]: sample };
    }
  }
  return {
    ...result,
    service: {
      ...(extensions === undefined && { extensions: [...new Set([...idsOf("extensions"), ...used])] }),
      ...(pipelines === undefined && { pipelines: made }),
    },
  };
}

function pipelinesThrough(
  idsOf: (section: Section) => readonly string[],
): Readonly<Record<string, Pipeline>> {
  const or = (ids: readonly string[], otherwise: string) => (ids.length > 0 ? ids : [otherwise]);
  const receivers = or(idsOf("receivers"), "otlp");
  const exporters = or(idsOf("exporters"), "nop");
  const connectors = idsOf("connectors");
  if (connectors.length === 0) return { metrics: { receivers, processors: idsOf("processors"), exporters } };
  return {
    "metrics/before": { receivers, exporters: connectors },
    "metrics/after": { receivers: connectors, processors: idsOf("processors"), exporters },
  };
}

/** IDs that stand under `authenticator` or `storage`, however deep. */
function extensionsNamedIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    /^(authenticator|storage)$/.test(key) ? [String(inner)] : extensionsNamedIn(inner),
  );
}

function sampleOf(section: Section, type: string): unknown {
  const [, definition] = definitionOf(type, [section]) ?? [];
  if (!definition) return undefined;
  const folder = definition.type.replaceAll("_", "-");
  return parse(readFileSync(join(root, "src", section, folder, "sample.yaml"), "utf8"))[definition.type];
}
