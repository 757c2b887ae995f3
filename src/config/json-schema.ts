import { z } from "zod";
import { durationPattern, shortDuration } from "./schema/duration.ts";
import { peel } from "./schema/peel.ts";

type Json = z.core.JSONSchema.BaseSchema;

/** What an editor must let pass where the schema wants anything more than a string: the value comes later. */
const substitution = "\\$\\{[^}]*\\}";

/**
 * The JSON Schema (2020-12) of what may be written for a schema, with descriptions and defaults. Everywhere but in plain
 * strings it also takes a `${…}` substitution. It is a fragment: the whole schema says which dialect it is in.
 */
export function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...fragment } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: json }) => adjust(zodSchema, json),
  });
  return fragment;
}

function adjust(schema: z.core.$ZodType, json: Json): void {
  const { kind, defaultValue, schema: core } = peel(schema);
  if (kind === "duration") {
    const { description } = json;
    for (const key of Object.keys(json)) delete json[key];
    Object.assign(json, {
      type: ["string", "integer"],
      pattern: `${durationPattern}|${substitution}`,
      maximum: 0,
      minimum: 0,
      ...(description === undefined ? {} : { description }),
    });
    if (defaultValue !== undefined) {
      json.default =
        typeof defaultValue === "number" ? shortDuration(defaultValue) : (defaultValue as string);
    }
    return;
  }
  // Keys are strings by nature.
  delete json.propertyNames;
  if (kind === "url" && core === schema) {
    delete json.type;
    json.anyOf = [
      { type: "string", format: "uri" },
      { type: "string", pattern: substitution },
    ];
  }
  // Only where the type itself is said: wrappers get it from what they wrap.
  if (json.type === "integer" || json.type === "number" || json.type === "boolean") {
    trimSafeBounds(json);
    const alternatives = json.enum === undefined && json.const === undefined;
    if (alternatives) Object.assign(json, { type: [json.type, "string"], pattern: substitution });
  } else if (json.type === "string" && json.enum !== undefined) {
    const { enum: values } = json;
    delete json.enum;
    delete json.type;
    json.anyOf = [{ enum: values }, { type: "string", pattern: substitution }];
  } else if (json.type === "object" && kind?.endsWith("-section")) {
    Object.assign(json, { type: ["object", "null"] });
  }
}

/** zod states the range of safe integers for every integer; it says nothing to people. */
function trimSafeBounds(json: Json): void {
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
}
