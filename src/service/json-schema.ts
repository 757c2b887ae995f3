import type { BaseDefinition, ComponentSet } from "../component/index.ts";
import { jsonSchema } from "../config/index.ts";
import { SECTIONS, type Section } from "./read-section.ts";
import { serviceSchema } from "./service-schema.ts";

/** JSON Schema (2020-12) of a whole configuration file, for editors. Made of the schemas that validate. */
export function configJsonSchema(components: ComponentSet): Record<string, unknown> {
  const sections = (Object.keys(SECTIONS) as Section[]).map((section) => [
    section,
    {
      description: `The ${section} by their ID, "type" or "type/name".`,
      type: ["object", "null"],
      additionalProperties: false,
      patternProperties: Object.fromEntries(components[section].flatMap(componentSchemas)),
    },
  ]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "otelcol-kubevirt configuration",
    type: "object",
    additionalProperties: false,
    required: ["service"],
    properties: { ...Object.fromEntries(sections), service: jsonSchema(serviceSchema) },
  };
}

function componentSchemas({ type, aliases = [], description, config }: BaseDefinition): [string, unknown][] {
  const schema = {
    ...(description !== undefined && { description }),
    anyOf: [jsonSchema(config), { type: "null" }],
  };
  return [type, ...aliases].map((name) => [`^${name}(/.+)?$`, schema]);
}
