import { z } from "zod";

/**
 * What a schema of the kit is, for the parts that print, document and explain schemas. Sections keep their object
 * schema visible beneath; the others are leaves.
 */
export type SchemaKind =
  | "duration"
  | "secret"
  | "url"
  | "component-id"
  | "headers"
  | "optional-section"
  | "enabled-section";

// A registry of its own rather than .meta(): what is put into .meta() ends up in the published JSON Schema.
const kinds = z.registry<{ readonly kind: SchemaKind }>();

/** Marks a schema; clones made by `.describe()`, `.min()` and their like keep the mark. */
export function markKind<S extends z.ZodType>(schema: S, kind: SchemaKind): S {
  kinds.add(schema, { kind });
  return schema;
}

export function kindOf(schema: z.core.$ZodType): SchemaKind | undefined {
  return kinds.get(schema as z.ZodType)?.kind;
}
