import { stringify } from "yaml";
import { z } from "zod";
import { redacted, redactPatterns } from "./redact/redact-text.ts";
import { looksSecret } from "./redact/secret-names.ts";
import { formatDuration } from "./schema/duration.ts";
import { type PeeledSchema, peel } from "./schema/peel.ts";
import { reveal, Secret } from "./schema/secret.ts";

export interface PrintOptions {
  /** Default redacted. */
  readonly mode?: "redacted" | "unredacted";
  /** Default yaml. */
  readonly format?: "yaml" | "json";
}

/** A typed value with the schema it came from, for use within a larger value given to {@link printConfig}. */
export class TypedValue {
  readonly value: unknown;
  readonly schema: z.ZodType;

  constructor(value: unknown, schema: z.ZodType) {
    this.value = value;
    this.schema = schema;
  }
}

/**
 * A typed configuration as people would write it: durations as Go strings, what a codec made by its encoding, secrets
 * (also those in URLs, and under names of people's own that tell them) as [REDACTED] unless asked for, sections that are
 * off as `enabled: false`. Without a schema, values print as they are.
 */
export function printConfig(value: unknown, schema?: z.ZodType, options: PrintOptions = {}): string {
  const { mode = "redacted", format = "yaml" } = options;
  const plain = written(value, schema, mode === "unredacted");
  if (format === "json") return `${JSON.stringify(plain, null, 2)}\n`;
  return stringify(plain, { lineWidth: 0, aliasDuplicateObjects: false });
}

function written(value: unknown, schema: z.core.$ZodType | undefined, unredacted: boolean): unknown {
  if (value instanceof TypedValue) return written(value.value, value.schema, unredacted);
  if (value instanceof Secret) return unredacted ? reveal(value) : redacted;
  const peeled = schema === undefined ? undefined : peel(schema);
  if (peeled?.kind === "enabled-section" && value === undefined) return { enabled: false };
  if (peeled?.kind === "duration" && typeof value === "number") return formatDuration(value);
  if (typeof value === "number" && schema !== undefined) return encoded(value, schema);
  if (typeof value === "string") return unredacted ? value : redactPatterns(value);
  if (Array.isArray(value)) return value.map((item) => written(item, itemSchema(peeled), unredacted));
  if (typeof value !== "object" || value === null) return value;
  // Where the schema knows the key, it also knows whether that has a secret.
  const isFree = peeled?.schema._zod.def.type === "record";
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    isFree && !unredacted && typeof inner === "string" && looksSecret(key)
      ? redacted
      : written(inner, fieldSchema(peeled, value, key), unredacted),
  ]);
  // A section that is off has no key in its parent's value, but must not come back on when the output is read again.
  if (peeled?.schema._zod.def.type === "object") {
    for (const [key, field] of Object.entries(peeled.schema._zod.def.shape)) {
      const off = peel(field).kind === "enabled-section" && !Object.hasOwn(value, key);
      if (off) entries.push([key, { enabled: false }]);
    }
  }
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

/** A number as its codec writes it, if it is the value of one. */
function encoded(value: number, schema: z.core.$ZodType): unknown {
  let current = schema as z.core.$ZodTypes;
  while (wrappers.has(current._zod.def.type)) {
    current = (current._zod.def as unknown as { innerType: z.core.$ZodTypes }).innerType;
  }
  return current instanceof z.ZodCodec ? z.encode(current, value) : value;
}

const wrappers: ReadonlySet<string> = new Set(["optional", "nullable", "default", "prefault", "readonly"]);

function itemSchema(peeled: PeeledSchema | undefined): z.core.$ZodType | undefined {
  const def = peeled?.schema._zod.def;
  return def?.type === "array" ? def.element : undefined;
}

function fieldSchema(
  peeled: PeeledSchema | undefined,
  value: object,
  key: string,
): z.core.$ZodType | undefined {
  const def = peeled?.schema._zod.def;
  if (def?.type === "object") return def.shape[key] ?? def.catchall;
  if (def?.type === "record") return def.valueType;
  if (def?.type !== "union") return undefined;
  // The alternative that the value came from is the one that knows all its keys.
  const options = def.options.map(peel);
  const fitting = options.find(({ schema }) => {
    const inner = schema._zod.def;
    return inner.type === "object" && Object.keys(value).every((name) => Object.hasOwn(inner.shape, name));
  });
  return fieldSchema(fitting ?? options.find(({ schema }) => schema._zod.def.type === "record"), value, key);
}
