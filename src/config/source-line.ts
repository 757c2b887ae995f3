import { maskLine, redacted } from "./redact/redact-text.ts";
import { looksSecret, mayBeSecret } from "./redact/secret-names.ts";
import type { Position } from "./source.ts";

/** Quotes, the key, and what is between it and its value. */
const KEY = /(["']?)([\p{L}\p{N}_][\p{L}\p{N}_.\-/]*)\1(\s*:(?=\s|$|["'[{])\s*)/gu;
/** `--set` has one key, at its start. */
const SET_KEY = /^()([^=]*)(\s*=\s*)/gu;
const KEY_HERE = /^(["']?)[^"'{}[\],#]*?\1\s*:(?=\s|$|["'[{])/;
const SET_KEY_HERE = /^[^=]*=/;
/** A reference tells where a secret is, unless it has a default. */
const REFERENCE = /^(["']?)\$\{(?:(?!:-)[^}])*\}\1$/;

/** Sections whose values are secret whatever their keys are called. */
const SECRET_SECTIONS: ReadonlySet<string> = new Set([
  "headers",
  "response_headers",
  "htpasswd",
  "authorization",
]);

/**
 * The line of a source that a problem is shown with, without secrets; columns up to the problem stay where they are.
 * @param secret true: what stands at the problem's place is a secret; false: it is none; undefined: not known
 */
export function shownLine(
  { source, line, column }: Position,
  secret: boolean | undefined,
): string | undefined {
  const text = source.lines[line - 1];
  if (text === undefined) return undefined;
  const isSet = source.name === "--set";
  const cutAt =
    secret === true || (secret === undefined && isWithinSecret(source.lines, line))
      ? column - 1
      : text.length;
  let shown = maskLine(maskValues(text, column - 1, isSet ? SET_KEY : KEY));
  if (cutAt < text.length) {
    const key = (isSet && column === 1 ? SET_KEY_HERE : KEY_HERE).exec(text.slice(cutAt))?.[0] ?? "";
    shown = `${shown.slice(0, cutAt)}${key}${key === "" ? "" : " "}${redacted}`;
  }
  return shown;
}

/** Hides the values of keys that look as if they had secrets. */
function maskValues(text: string, caret: number, keys: RegExp): string {
  let shown = "";
  let from = 0;
  for (const match of text.matchAll(keys)) {
    const start = match.index + match[0].length;
    if (match.index < from || !mayBeSecret(match[2] as string)) continue;
    const value = valueAt(text, start);
    if (value === "" || REFERENCE.test(value)) continue;
    shown += text.slice(from, start) + (start >= caret ? redacted : "*".repeat(value.length));
    from = start + value.length;
  }
  return shown + text.slice(from);
}

/** As much as may belong to the value that begins there. */
function valueAt(text: string, start: number): string {
  const rest = text.slice(start);
  const quoted = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/.exec(rest)?.[0];
  if (quoted !== undefined) return quoted;
  // Of a list, a map or a text without its end nobody can tell here where it ends.
  const isFlow = /[{[]/.test(text.slice(0, start)) && /^[^"'{[]/.test(rest);
  return (isFlow ? /^(?:\$\{[^}]*\}|[^,}\]])*/.exec(rest)?.[0] : rest)?.trimEnd() ?? rest;
}

/** Whether the line belongs to the value of a key above it that has secrets, such as a text of several lines. */
function isWithinSecret(lines: readonly string[], line: number): boolean {
  let indent = indentOf(lines[line - 1] ?? "");
  for (let i = line - 2; i >= 0 && indent >= 0; i--) {
    const text = lines[i] as string;
    if (text.trim() === "" || indentOf(text) > indent) continue;
    // What stands beside it may be the key of a list that is not indented.
    const isBeside = indentOf(text) === indent;
    if (isBeside && !/^\s*-\s/.test(lines[line - 1] ?? "")) continue;
    const key = /^\s*(?:-\s+)*(["']?)([^"'#{}[\]]*?)\1\s*:(?:\s|$)/.exec(text)?.[2];
    if (key !== undefined && (looksSecret(key) || SECRET_SECTIONS.has(key))) return true;
    if (!isBeside) indent = indentOf(text);
  }
  return false;
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}
