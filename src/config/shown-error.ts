import { errorText } from "../errors/index.ts";
import { ConfigError } from "./diagnostics.ts";
import { redactText } from "./redact/redact-text.ts";

/** {@link errorText} as it may leave the process: without secrets. */
export function shownError(thrown: unknown): string {
  // Diagnostics are clean, and full of names that look like more than they are.
  return thrown instanceof ConfigError ? thrown.message : redactText(errorText(thrown));
}
