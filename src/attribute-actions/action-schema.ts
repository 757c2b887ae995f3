import { z } from "../config/index.ts";
import { compileRegex, RegexError } from "../regex/index.ts";

const actionNames = ["insert", "update", "upsert", "delete", "hash", "extract", "convert"] as const;
export type ActionName = (typeof actionNames)[number];

export const convertedTypes = ["int", "double", "string"] as const;
export type ConvertedType = (typeof convertedTypes)[number];

const setters: ReadonlySet<ActionName> = new Set(["insert", "update", "upsert"]);

const inputSchema = z.strictObject({
  key: z.string().min(1).optional().describe("Attribute that is acted on."),
  action: z
    .preprocess((input) => (typeof input === "string" ? input.toLowerCase() : input), z.enum(actionNames))
    .describe(
      "`insert`: sets it where it is missing. `update`: sets it where it is there. `upsert`: sets it. `delete`: removes it. `hash`: replaces the value by its SHA-256. `extract`: sets attributes from the named groups of `pattern`. `convert`: changes the type of the value.",
    ),
  value: z
    .union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .optional()
    .describe("Value to set."),
  from_attribute: z
    .string()
    .min(1)
    .optional()
    .describe("Attribute whose value is set. Where it is missing nothing happens."),
  from_context: z
    .string()
    .optional()
    .describe(
      "Not supported, since what is scraped or handed on has no client: refused with an explanation.",
    ),
  pattern: z
    .string()
    .optional()
    .describe(
      "Regular expression (RE2). For `extract` over the value of `key`, all groups named; for `delete` and `hash` over keys, matching anywhere in them.",
    ),
  converted_type: z
    .enum(convertedTypes)
    .optional()
    .describe("For `convert`: the new type. What cannot be converted stays as it is."),
});

/** An entry of the `actions` of the attributes processor and of the `attributes` of the resource processor. */
export const actionSchema = inputSchema.check(({ value: action, issues }) => {
  for (const { option, message } of problems(action)) {
    issues.push({ code: "custom", input: action, path: option === undefined ? [] : [option], message });
  }
});

export type ActionConfig = z.output<typeof inputSchema>;

interface Problem {
  readonly option?: keyof ActionConfig;
  readonly message: string;
}

function* problems(config: ActionConfig): Generator<Problem> {
  const { action, key, pattern, from_context, converted_type } = config;
  if (from_context !== undefined) {
    yield {
      option: "from_context",
      message: "is not supported: metrics that are scraped or handed on have no client context",
    };
    return;
  }
  const takesPattern = action === "delete" || action === "hash";
  if (key === undefined && !(takesPattern && pattern !== undefined)) {
    yield { option: "key", message: `is required for ${action}${takesPattern ? " without a pattern" : ""}` };
  }
  yield* valueProblems(config);
  if (action === "convert" && converted_type === undefined) {
    yield { option: "converted_type", message: 'is required for convert: "int", "double" or "string"' };
  }
  if (action !== "convert" && converted_type !== undefined) {
    yield { option: "converted_type", message: `must not be set for ${action}` };
  }
  if (pattern === undefined) {
    if (action === "extract") yield { option: "pattern", message: "is required for extract" };
    return;
  }
  if (!takesPattern && action !== "extract") {
    yield { option: "pattern", message: `must not be set for ${action}` };
  }
  yield* patternProblems(pattern, action === "extract");
}

function* valueProblems({ action, value, from_attribute }: ActionConfig): Generator<Problem> {
  if (!setters.has(action)) {
    const option =
      value !== undefined ? "value" : from_attribute !== undefined ? "from_attribute" : undefined;
    if (option !== undefined) yield { option, message: `must not be set for ${action}` };
  } else if (value === undefined && from_attribute === undefined) {
    yield { message: `${action} needs value or from_attribute` };
  } else if (value !== undefined && from_attribute !== undefined) {
    yield { option: "from_attribute", message: "cannot be combined with value" };
  }
}

function* patternProblems(pattern: string, isExtract: boolean): Generator<Problem> {
  try {
    const { groupNames } = compileRegex(pattern);
    if (!isExtract) return;
    if (groupNames.size === 0)
      yield { option: "pattern", message: "has no named group to extract, such as (?P<name>.*)" };
    else if (compileRegex(`${pattern}|`).match("", 0)?.groups.length !== groupNames.size + 1) {
      yield { option: "pattern", message: "has a group without a name" };
    }
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    yield { option: "pattern", message: error.message };
  }
}
