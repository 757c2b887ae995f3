import { readFileSync } from "node:fs";

/** The part of OpenAPI that Kubernetes' document uses. */
export interface ObjectSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

export type Schema = ObjectSchema;

interface Document {
  /** Release of Kubernetes. */
  readonly version: string;
  /** Names of definitions by `group/version/Kind`. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

/** Read when asked for, since the script that writes the file uses this module as well. */
let loaded: Document | undefined;

function document(): Document {
  loaded ??= JSON.parse(
    readFileSync(new URL("./fixtures/kubernetes-schema.json", import.meta.url), "utf8"),
  ) as Document;
  return loaded;
}

/** `io.k8s.api.core.v1.PodSpec` is `core.v1.PodSpec`. */
export function shortName(name: string): string {
  return name.replace(/^io\.k8s\.(api|apimachinery\.pkg\.(apis|api|util))\./, "");
}

/** What Kubernetes would refuse of an object: unknown fields, wrong types, what is missing. */
export function problemsOf(object: { readonly apiVersion?: unknown; readonly kind?: unknown }): string[] {
  const id = `${object.apiVersion}/${object.kind}`;
  const definition = document().kinds[id];
  if (definition === undefined) return [`no kind ${id} is known`];
  return [...check(object, { $ref: definition }, String(object.kind))];
}

function* check(value: unknown, schema: Schema, path: string): Generator<string> {
  if (schema.$ref !== undefined) {
    yield* check(value, document().definitions[schema.$ref] as Schema, path);
    return;
  }
  const { type, format, properties, required = [], items, additionalProperties, enum: allowed } = schema;
  if (type === undefined && properties === undefined) return;
  // Quantities and ports are texts in the document, numbers in practice too.
  const numeric = format === "int-or-string" || path.includes(".resources.") || path.endsWith(".sizeLimit");
  if (!fits(value, type, numeric)) {
    yield `${path}: must be ${type}, got ${JSON.stringify(value)}`;
    return;
  }
  if (allowed !== undefined && !allowed.includes(value)) {
    yield `${path}: must be one of ${allowed.join(", ")}, got ${JSON.stringify(value)}`;
  }
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* check(item, items ?? {}, `${path}[${i}]`);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const name of required) if (!(name in value)) yield `${path}.${name}: is missing`;
  for (const [name, inner] of Object.entries(value)) {
    const known = properties?.[name] ?? additionalProperties;
    if (known !== undefined) yield* check(inner, known, `${path}.${name}`);
    else if (properties !== undefined) yield `${path}.${name}: no such field`;
  }
}

function fits(value: unknown, type: string | undefined, numeric: boolean): boolean {
  switch (type) {
    case "string":
      return typeof value === "string" || (numeric && typeof value === "number");
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "array":
      return Array.isArray(value);
    default:
      return typeof value === "object" && value !== null && !Array.isArray(value);
  }
}
