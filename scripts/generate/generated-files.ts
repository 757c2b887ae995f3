import type { Definition } from "../../src/component/index.ts";
import { optionsTable, type z } from "../../src/config/index.ts";
import { errorText } from "../../src/errors/index.ts";
import { formatJson } from "./format-json.ts";

/** The lists that a distribution consists of. */
export interface ComponentLists {
  readonly receivers: readonly DocumentedDefinition[];
  readonly processors: readonly DocumentedDefinition[];
  readonly exporters: readonly DocumentedDefinition[];
  readonly extensions: readonly DocumentedDefinition[];
  readonly connectors: readonly DocumentedDefinition[];
}

export type DocumentedDefinition = Pick<
  Definition,
  "type" | "aliases" | "stability" | "description" | "config"
>;

export interface GenerateInput {
  readonly components: ComponentLists;
  /** Schema of the `service` section. */
  readonly service: z.ZodType;
  /** JSON Schema of the whole configuration. */
  readonly configSchema: unknown;
  /** Before and after of a processor: what stands between the example markers of its README; undefined without one. */
  readonly example: (type: string) => Promise<string | undefined>;
  /** Text of a file of the repository by its path with forward slashes; undefined when there is none. */
  readonly read: (path: string) => Promise<string | undefined>;
}

export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

export interface Generated {
  readonly files: readonly GeneratedFile[];
  /** What cannot be generated, such as a README without its markers. */
  readonly problems: readonly string[];
}

const kinds = ["receivers", "processors", "exporters", "extensions", "connectors"] as const;
/** What is filled in: between `<!-- options:start -->` and `<!-- options:end -->`, say. */
type Block = "options" | "example";

/** Everything that is derived from the schemas, as it should stand in the repository. */
export async function generatedFiles({
  components,
  service,
  configSchema,
  example,
  read,
}: GenerateInput): Promise<Generated> {
  const files: GeneratedFile[] = [];
  const problems: string[] = [];
  for (const kind of kinds) {
    for (const definition of components[kind]) {
      const path = readmePath(kind, definition.type);
      const readme = await read(path);
      if (readme === undefined) {
        problems.push(`${path}: does not exist`);
        continue;
      }
      const sample = await read(path.replace("README.md", "sample.yaml"));
      const blocks: Partial<Record<Block, string>> = {
        options: `\n${optionsBlock(sample, optionsTable(definition.config))}`,
      };
      try {
        const shown = kind === "processors" ? await example(definition.type) : undefined;
        if (shown !== undefined) blocks.example = shown;
      } catch (error) {
        problems.push(`${path.replace("README.md", "example.test.yaml")}: ${errorText(error)}`);
      }
      const missing = (Object.keys(blocks) as Block[]).filter((name) => !hasBlock(readme, name));
      for (const name of missing) problems.push(`${path}: lacks ${markers(name).join(" … ")}`);
      if (missing.length > 0) continue;
      const content = Object.entries(blocks).reduce(
        (text, [name, block]) => fillBlock(text, name as Block, block),
        readme,
      );
      files.push({ path, content });
    }
  }
  files.push({ path: "docs/config-reference.md", content: configReference(components, service) });
  files.push({ path: "docs/config.schema.json", content: formatJson(configSchema) });
  return { files, problems };
}

export function readmePath(kind: (typeof kinds)[number], type: string): string {
  return `src/${kind}/${type.replaceAll("_", "-")}/README.md`;
}

/** The sample configuration, which a test holds to the schema, above the table. */
function optionsBlock(sample: string | undefined, table: string): string {
  return sample === undefined ? table : `\n\`\`\`yaml\n${sample.trimEnd()}\n\`\`\`\n\n${table}`;
}

function markers(name: Block): readonly [start: string, end: string] {
  return [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
}

function hasBlock(text: string, name: Block): boolean {
  const [start, end] = markers(name);
  const from = text.indexOf(start);
  return from >= 0 && text.indexOf(end, from) >= 0;
}

/** Puts something between the markers of a README that has them. */
export function fillBlock(text: string, name: Block, block: string): string {
  const [start, end] = markers(name);
  const from = text.indexOf(start) + start.length;
  return `${text.slice(0, from)}${block}${text.slice(text.indexOf(end, from))}`;
}

function configReference(components: ComponentLists, service: z.ZodType): string {
  const sections = kinds.flatMap((kind) => {
    const definitions = components[kind].toSorted((a, b) => (a.type < b.type ? -1 : 1));
    if (definitions.length === 0) return [];
    return [`## ${kind}`, ...definitions.map((definition) => componentReference(kind, definition))];
  });
  return [
    "# Configuration reference",
    "Generated from the schemas by `npm run generate`; do not edit. Paths are written as in error messages: `a::b` is the key `b` in the map `a`, `a[]::b` the key `b` in each item of the list `a`.",
    ...sections,
    "## service",
    optionsTable(service),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

function componentReference(kind: (typeof kinds)[number], definition: DocumentedDefinition): string {
  const { type, aliases = [], stability, description, config } = definition;
  const also =
    aliases.length === 0 ? "" : ` Also written ${aliases.map((name) => `\`${name}\``).join(", ")}.`;
  return [
    `### \`${type}\``,
    `${description === undefined ? "" : `${description.replace(/\.?$/, ".")} `}Stability: ${stability}.${also} [More](../${readmePath(kind, type)}).`,
    optionsTable(config).trimEnd(),
  ].join("\n\n");
}
