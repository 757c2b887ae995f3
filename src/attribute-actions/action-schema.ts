import { z } from "../config/index.ts";
import { compileRegex, RegexError } from "../regex/index.ts";
import { contextProblem } from "./context-value.ts";

const actionNames = ["insert", "update", "upsert", "delete", "hash", "extract", "convert"] as const;
export type ActionName = (typeof actionNames)[number];

export const convertedTypes = ["int", "double", "string"] as const;
export type ConvertedType = (typeof convertedTypes)[number];

const setters: ReadonlySet<ActionName> = new Set(["insert", "update", "upsert"]);

/** Where a value may come from; one of them. */
const sources = ["value", "from_attribute", "from_context"] as const;

const valueSchema = () =>
  z.union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

const inputSchema = z.strictObject({
  key: z.string().min(1).optional().describe("Attribute that is acted on."),
  action: z
    .preprocess((input) => (typeof input === "string" ? input.toLowerCase() : input), z.enum(actionNames))
    .describe(
      "`insert`: sets it where it is missing. `update`: sets it where it is there. `upsert`: sets it. `delete`: removes it. `hash`: replaces the value by its SHA-256. `extract`: sets attributes from the named groups of `pattern`. `convert`: changes the type of the value.",
    ),
  value: valueSchema().optional().describe("Value to set."),
  from_attribute: z
    .string()
    .min(1)
    .optional()
    .describe("Attribute whose value is set. Where it is missing nothing happens."),
  from_context: z
    .string()
    .optional()
    .describe(
      "What is known of the sender of the data: `metadata.<header>`, a header of its request (needs `include_metadata` of the receiver); `auth.<attribute>`, of the receiver's authenticator; `client.address`. Several values are joined by `;`. Where there is none nothing happens.",
    ),
  default_value: valueSchema()
    .optional()
    .describe("Value to set where `from_attribute` or `from_context` gives none."),
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
  const { action, key, pattern, converted_type } = config;
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

function* valueProblems(config: ActionConfig): Generator<Problem> {
  const { action, from_context } = config;
  const given = sources.filter((option) => config[option] !== undefined);
  const hasDefault = config.default_value !== undefined;
  if (!setters.has(action)) {
    const useless = hasDefault ? ([...given, "default_value"] as const) : given;
    for (const option of useless) yield { option, message: `must not be set for ${action}` };
    return;
  }
  const [first, ...more] = given;
  if (first === undefined && !hasDefault)
    yield { message: `${action} needs value, from_attribute or from_context` };
  for (const option of more) yield { option, message: `cannot be combined with ${first}` };
  const problem = from_context === undefined ? undefined : contextProblem(from_context);
  if (problem !== undefined) yield { option: "from_context", message: problem };
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
