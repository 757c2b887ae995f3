import { opaque, reveal, z } from "../../config/index.ts";
import { compileRegex, RegexError } from "../../regex/index.ts";

const summaries = ["", "silent", "info", "debug"] as const;

const hashFunctions = ["", "sha1", "sha3", "md5", "hmac-sha256", "hmac-sha512"] as const;

const patterns = (what: string) =>
  z
    .array(z.string())
    .default([])
    .describe(`Regular expressions (RE2) that match anywhere in the ${what}`)
    .check(({ value, issues }) => {
      for (const [i, pattern] of value.entries()) {
        try {
          compileRegex(pattern);
        } catch (error) {
          if (!(error instanceof RegexError)) throw error;
          issues.push({ code: "custom", input: pattern, path: [i], message: error.message });
        }
      }
    });

const refused = (what: string) =>
  z
    .unknown()
    .optional()
    .describe(`Not supported, and refused: ${what} of spans are no matter of metrics.`)
    .check(({ value, issues }) => {
      if (value === undefined) return;
      issues.push({
        code: "custom",
        input: value,
        message: `is not supported: ${what} are found in spans, not in metrics`,
      });
    });

export const configSchema = z
  .strictObject({
    allow_all_keys: z
      .boolean()
      .default(false)
      .describe(
        "Keeps attributes whatever their names. Else those that are not in `allowed_keys` are removed.",
      ),
    allowed_keys: z
      .array(z.string())
      .default([])
      .describe("Attributes that stay. By default none: everything is removed."),
    ignored_keys: z.array(z.string()).default([]).describe("Attributes that are not looked at."),
    ignored_key_patterns: patterns("names of attributes that are not looked at."),
    blocked_key_patterns: patterns("names of attributes whose values are masked as a whole."),
    blocked_values: patterns("values; what they match is masked."),
    allowed_values: patterns("values that are not masked, whatever else matches."),
    redact_all_types: z
      .boolean()
      .default(false)
      .describe("Masks numbers, booleans, lists and maps too, as texts. Else only texts are."),
    hash_function: z
      .enum(hashFunctions)
      .default("")
      .describe("Hash that stands in place of what is masked. By default `****` does."),
    hmac_key: opaque().optional().describe("Key of the `hmac-…` hashes."),
    summary: z
      .enum(summaries)
      .default("")
      .describe(
        "`debug` adds attributes `redaction.*` with names and numbers of what was done, `info` with numbers. They make other series of what they are added to.",
      ),
    url_sanitizer: refused("URLs"),
    db_sanitizer: refused("database queries"),
  })
  .check(({ value: { hash_function, hmac_key }, issues }) => {
    const needsKey = hash_function.startsWith("hmac-");
    const hasKey = hmac_key !== undefined && reveal(hmac_key) !== "";
    if (needsKey === hasKey) return;
    issues.push({
      code: "custom",
      input: undefined,
      path: ["hmac_key"],
      message: needsKey
        ? `is required for ${hash_function}`
        : "must not be set without an hmac hash_function",
    });
  });

export type Config = z.output<typeof configSchema>;
