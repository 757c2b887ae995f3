import { type Attributes, memoise } from "../../metrics/index.ts";
import { compileRegex } from "../../regex/index.ts";
import { attributeText } from "../../reshape/index.ts";
import type { Config } from "./config.ts";
import { masker } from "./mask.ts";

/** Names of what a redaction reports. They are never redacted, so that a second one leaves the report of the first. */
const REPORT = "redaction.";
const REPORT_NAME = /^redaction\.(redacted|masked|allowed|ignored)\.(keys|count)$/;

/** Names of attributes by what was done with them. */
interface Done {
  readonly redacted: string[];
  readonly masked: string[];
  readonly allowed: string[];
  readonly ignored: string[];
}

/**
 * Redacts attributes; once for each object, itself where nothing changes. In this order: what is ignored stays; what is
 * not allowed goes; allowed values stay; values of blocked keys and blocked parts of values are masked.
 * @param count takes how many attributes were removed and masked
 */
export function redactor(
  config: Config,
  count: (redacted: number, masked: number) => void,
): (attributes: Attributes) => Attributes {
  const any = (patterns: readonly string[]) => {
    const compiled = patterns.map((pattern) => compileRegex(pattern));
    return (text: string) => compiled.some((regex) => regex.test(text));
  };
  const allowedKeys = new Set(config.allowed_keys);
  const ignoredKeys = new Set(config.ignored_keys);
  const isIgnoredKey = any(config.ignored_key_patterns);
  const isBlockedKey = any(config.blocked_key_patterns);
  const isAllowedValue = any(config.allowed_values);
  const blockedValues = config.blocked_values.map((pattern) => compileRegex(pattern));
  const mask = masker(config);

  const maskParts = (text: string): string =>
    blockedValues.reduce(
      (result, regex) => regex.replaceAll(result, ({ groups }) => mask(groups[0] ?? "")),
      text,
    );

  return memoise((attributes: Attributes) => {
    const result: Record<string, unknown> = {};
    const done: Done = { redacted: [], masked: [], allowed: [], ignored: [] };
    for (const [key, value] of Object.entries(attributes)) {
      if (REPORT_NAME.test(key)) {
        result[key] = value;
      } else if (ignoredKeys.has(key) || isIgnoredKey(key)) {
        done.ignored.push(key);
        result[key] = value;
      } else if (!config.allow_all_keys && !allowedKeys.has(key)) {
        done.redacted.push(key);
      } else if (typeof value !== "string" && !config.redact_all_types) {
        result[key] = value;
      } else {
        const text = attributeText(value);
        if (isAllowedValue(text)) {
          done.allowed.push(key);
          result[key] = value;
          continue;
        }
        const masked = isBlockedKey(key) ? mask(text) : maskParts(text);
        if (masked !== text) done.masked.push(key);
        result[key] = masked === text ? value : masked;
      }
    }
    count(done.redacted.length, done.masked.length);
    const report = reportOf(done, config.summary);
    if (done.redacted.length + done.masked.length === 0 && Object.keys(report).length === 0)
      return attributes;
    return Object.freeze({ ...result, ...report });
  });
}

function reportOf(done: Done, summary: Config["summary"]): Attributes {
  if (summary !== "info" && summary !== "debug") return {};
  const entries = (["redacted", "masked", "allowed", "ignored"] as const).flatMap((what) => {
    const names = done[what].toSorted();
    if (names.length === 0) return [];
    const count = [`${REPORT}${what}.count`, names.length] as const;
    return summary === "debug" && what !== "ignored"
      ? [[`${REPORT}${what}.keys`, names.join(",")] as const, count]
      : [count];
  });
  return Object.fromEntries(entries);
}
