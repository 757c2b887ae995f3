import type { z } from "zod";
import type { Problem } from "./diagnostics.ts";
import { nearestName } from "./nearest-name.ts";
import { mayBeSecret } from "./redact/secret-names.ts";
import { holdsSecrets } from "./schema/holds-secrets.ts";
import type { SchemaKind } from "./schema/kinds.ts";
import { isInteger, type PeeledSchema, peel, schemasAt } from "./schema/peel.ts";

type Issue = z.core.$ZodIssue;

/** A problem below a validated node, with the part of the tree that it is about. */
export interface LocatedProblem extends Problem {
  readonly path: readonly PropertyKey[];
  /** The key of an unknown option; the problem is then at this key within `path`. */
  readonly key?: string;
}

const kindNames: Partial<Record<SchemaKind, string>> = {
  duration: 'a duration such as "30s"',
  url: "an http or https URL",
  "component-id": "a component ID such as type/name",
  headers: "a map of names to values, or a list of {name, value}",
};

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
  null: "null",
};

/** Every problem that an issue of zod stands for; `value` is the input that was validated. */
export function problemsOf(issue: Issue, schema: z.core.$ZodType, value: unknown): readonly LocatedProblem[] {
  const path = issue.path;
  const input = valueAt(value, path);
  const schemas = schemasAt(schema, path);
  // A text where a list or a map of secrets is wanted is most likely the secret; and whatever is where one is wanted.
  const isSecret =
    typeof input === "object"
      ? schemas.some(({ kind }) => kind === "secret")
      : schemas.some((candidate) => holdsSecrets(candidate));
  const got = isSecret ? describeType(input) : describe(input);
  const base = { path, secret: isSecret && input !== undefined };
  const expected = expectedText(schemas);

  if (input === undefined && issue.code !== "unrecognized_keys" && issue.code !== "custom") {
    const what = issue.code === "invalid_type" || issue.code === "invalid_union" ? expected : undefined;
    return [{ ...base, message: `is required${what === undefined ? "" : `: expected ${what}`}` }];
  }
  switch (issue.code) {
    case "unrecognized_keys": {
      const options = schemas.flatMap(({ schema: { _zod } }) =>
        _zod.def.type === "object" ? Object.entries(_zod.def.shape) : [],
      );
      const candidates = options.map(([name]) => name);
      const secrets = options.filter(([, option]) => holdsSecrets(peel(option))).map(([name]) => name);
      return issue.keys.map((key) => ({
        path: [...path, key],
        key,
        secret: mayBeSecret(key) || nearestName(key, secrets) !== undefined,
        message: `unknown option ${JSON.stringify(key)}`,
        name: key,
        candidates,
        ...(candidates.length > 0 ? { allowed: candidates } : {}),
      }));
    }
    case "invalid_type":
      return [
        {
          ...base,
          message: wrongType(expected ?? typeNames[issue.expected] ?? issue.expected, got),
          ...quoteHint(issue.expected, input),
        },
      ];
    case "invalid_value": {
      const allowed = issue.values.map((allowedValue) => describe(allowedValue));
      const message = allowed.length === 1 ? `expected ${allowed[0]}, got ${got}` : `unknown value ${got}`;
      // Of a map not even the text is safe to ask for: it may have a key `toString`.
      const isScalar = typeof input === "number" || typeof input === "boolean";
      const unquoted = isScalar && issue.values.some((v) => v === String(input));
      return [
        {
          ...base,
          message,
          ...(allowed.length > 1 ? { allowed } : {}),
          ...(unquoted ? quoteHint("string", input) : nearestValue(input, issue.values)),
        },
      ];
    }
    case "invalid_union":
      return unionProblems(issue, schema, value, base, expected, got);
    case "too_small":
      return [
        { ...base, message: sizeMessage(issue.origin, "at least", issue.minimum, issue.inclusive, got) },
      ];
    case "too_big":
      return [
        { ...base, message: sizeMessage(issue.origin, "at most", issue.maximum, issue.inclusive, got) },
      ];
    case "custom": {
      const params = issue.params as { hint?: string; allowed?: readonly string[] } | undefined;
      return [
        {
          ...base,
          message: issue.message,
          ...(params?.hint === undefined ? {} : { hint: params.hint }),
          ...(params?.allowed === undefined ? {} : { allowed: params.allowed }),
        },
      ];
    }
    default:
      return [{ ...base, message: issue.message === "" ? `invalid value ${got}` : issue.message }];
  }
}

/** The alternatives of a union that failed deeper than at the value itself were meant; if there is one, its issues tell more. */
function unionProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  schema: z.core.$ZodType,
  value: unknown,
  base: { readonly path: readonly PropertyKey[]; readonly secret: boolean },
  expected: string | undefined,
  got: string,
): readonly LocatedProblem[] {
  const { options } = issue as { options?: readonly unknown[] };
  if (options !== undefined && options.length > 0) {
    const allowed = options.map((option) => describe(option));
    return [
      {
        ...base,
        message: `unknown value ${got}`,
        allowed,
        ...nearestValue(valueAt(value, base.path), options),
      },
    ];
  }
  const meant = issue.errors.filter(
    (issues) => !issues.some(({ path, code }) => path.length === 0 && code === "invalid_type"),
  );
  if (meant.length === 1) {
    return (meant[0] as Issue[]).flatMap((inner) =>
      problemsOf({ ...inner, path: [...base.path, ...inner.path] } as Issue, schema, value),
    );
  }
  return [{ ...base, message: wrongType(expected ?? "another type", got) }];
}

function expectedText(schemas: readonly PeeledSchema[]): string | undefined {
  const names = schemas.map(({ schema, kind }) => {
    const def = schema._zod.def;
    if (kind !== undefined && kindNames[kind] !== undefined) return kindNames[kind];
    if (def.type === "number") return isInteger(schema) ? "an integer" : "a number";
    if (def.type === "enum")
      return `one of ${Object.values(def.entries)
        .map((v) => JSON.stringify(v))
        .join(", ")}`;
    if (def.type === "literal") return def.values.map((v) => describe(v)).join(" or ");
    return kind === "secret" ? "a string" : typeNames[def.type];
  });
  const known = [...new Set(names.filter((name) => name !== undefined))];
  return known.length === 0 ? undefined : known.join(" or ");
}

function wrongType(expected: string, got: string): string {
  return `expected ${expected}, got ${got}`;
}

/** `version: 1.20` is a number to YAML; whoever meant text needs quotes. */
function quoteHint(expected: string, input: unknown): { readonly hint?: string } {
  if (expected !== "string" || (typeof input !== "number" && typeof input !== "boolean")) return {};
  return { hint: "put the value in quotes to make it a string" };
}

function nearestValue(input: unknown, values: readonly unknown[]): Partial<Problem> {
  if (typeof input !== "string") return {};
  return { name: input, candidates: values.filter((v): v is string => typeof v === "string") };
}

function sizeMessage(
  origin: string,
  bound: string,
  limit: number | bigint,
  inclusive: boolean | undefined,
  got: string,
): string {
  if (origin === "string") {
    if (bound === "at least" && Number(limit) === 1) return "must not be empty";
    return `must have ${bound} ${limit} characters, got ${got}`;
  }
  if (origin === "array" || origin === "set" || origin === "map") {
    return `must have ${bound} ${limit} ${Number(limit) === 1 ? "item" : "items"}`;
  }
  if (inclusive === false)
    return `must be ${bound === "at least" ? "greater" : "less"} than ${limit}, got ${got}`;
  return `must be ${bound} ${limit}, got ${got}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[step];
  }
  return current;
}

const longestValue = 60;

/** A value as it appears in messages. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function describeType(value: unknown): string {
  if (value === null || typeof value === "object") return describe(value);
  return `a ${typeof value}`;
}
