import type { z } from "zod";
import { kindOf, type SchemaKind } from "./kinds.ts";

/** A schema without its wrappers, and what the wrappers said. */
export interface PeeledSchema {
  /** The first schema that is no wrapper: an object, array, record, union, scalar… or a leaf of the kit. */
  readonly schema: z.core.$ZodTypes;
  readonly kind: SchemaKind | undefined;
  readonly description: string | undefined;
  /** The default as it would be written in the config; undefined when there is none. */
  readonly defaultValue: unknown;
  readonly nullable: boolean;
  /** Whether the key may be absent. */
  readonly optional: boolean;
}

/** Takes off optional, default, prefault, nullable, readonly, catch, lazy, preprocess and transform. */
export function peel(schema: z.core.$ZodType): PeeledSchema {
  let current = schema as z.core.$ZodTypes;
  let kind: SchemaKind | undefined;
  let description: string | undefined;
  let defaultValue: unknown;
  let nullable = false;
  let optional = schema._zod.optin === "optional";
  for (;;) {
    description ??= (current as unknown as z.ZodType).description;
    kind ??= kindOf(current);
    if (kind !== undefined && !kind.endsWith("-section")) break;
    const inner = unwrapOnce(current);
    if (inner === undefined) break;
    const def = current._zod.def;
    if (def.type === "default" || def.type === "prefault") defaultValue ??= def.defaultValue;
    if (def.type === "nullable") nullable = true;
    if (mayBeAbsent.has(def.type)) optional = true;
    current = inner as z.core.$ZodTypes;
  }
  return { schema: current, kind, description, defaultValue, nullable, optional };
}

const mayBeAbsent: ReadonlySet<string> = new Set(["optional", "default", "prefault", "catch"]);

function unwrapOnce(schema: z.core.$ZodTypes): z.core.$ZodType | undefined {
  const def = schema._zod.def;
  switch (def.type) {
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "nonoptional":
    case "readonly":
    case "catch":
      return def.innerType;
    case "lazy":
      return def.getter();
    case "pipe":
      // preprocess() puts its function first, transform() puts it last; the schema that users see is the other one.
      return def.in._zod.def.type === "transform" ? def.out : def.in;
    default:
      return undefined;
  }
}

/**
 * The schemas that may stand at a path below `schema` (several where a union is on the way, none where the path leaves
 * the schema).
 */
export function schemasAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly PeeledSchema[] {
  let level: readonly PeeledSchema[] = alternatives(schema);
  for (const step of path) {
    level = level.flatMap(({ schema: parent }) => {
      const child = childSchema(parent, step);
      return child === undefined ? [] : alternatives(child);
    });
  }
  return level;
}

function alternatives(schema: z.core.$ZodType): readonly PeeledSchema[] {
  const peeled = peel(schema);
  // The map-or-list union of headers lies under a leaf kind: look through it for the fields, keep the kind for itself.
  const def = peeled.schema._zod.def;
  if (def.type === "union") return def.options.flatMap(alternatives);
  if (def.type === "pipe" && peeled.kind === "headers") return alternatives(def.in);
  return [peeled];
}

function childSchema(parent: z.core.$ZodTypes, step: PropertyKey): z.core.$ZodType | undefined {
  const def = parent._zod.def;
  if (def.type === "object") return Object.hasOwn(def.shape, step) ? def.shape[step as string] : def.catchall;
  if (def.type === "array") return typeof step === "number" ? def.element : undefined;
  if (def.type === "record") return def.valueType;
  return undefined;
}

/** Whether a number schema takes whole numbers only: `z.int()` or `z.number().int()`. */
export function isInteger(schema: z.core.$ZodTypes): boolean {
  const { format, checks = [] } = schema._zod.def as { format?: string; checks?: z.core.$ZodCheck[] };
  const formats = [format, ...checks.map(({ _zod }) => (_zod.def as { format?: string }).format)];
  return formats.some((name) => name?.includes("int"));
}
