import { StorageError } from "../../component/index.ts";
import { redactText } from "../../config/index.ts";
import { errorText } from "../../errors/index.ts";

/** Paths of this machine as errors quote them. */
const QUOTED_PATH = /(["'])(?:\/|\\\\|[a-z]:[\\/])[^"']*\1/gi;

/** What a sender is told of an error: what it can do about it, no secrets and nothing of this machine's files. */
export function clientText(error: unknown): string {
  const shown: string[] = [];
  const seen = new Set<unknown>();
  let current: unknown = error;
  // What the file system says, and what is said of it, is for the log.
  while (current !== undefined && current !== null && !seen.has(current) && !isLocal(current)) {
    seen.add(current);
    const { message, cause } = current instanceof Error ? current : { message: "", cause: undefined };
    shown.push(message === "" ? errorText(current) : message);
    current = cause;
  }
  const text = shown.reduce(
    (all, part) => (all.includes(part) ? all : all === "" ? part : `${all}: ${part}`),
    "",
  );
  return redactText(text === "" ? "the data cannot be stored" : text).replaceAll(QUOTED_PATH, "$1…$1");
}

function isLocal(error: unknown): boolean {
  return error instanceof StorageError || (error instanceof Error && "path" in error && "syscall" in error);
}
