import { fileURLToPath } from "node:url";
import { isModuleCode } from "./self-resolution.ts";

/**
 * `file:line:column` of the topmost frame in code of a module, of an error or of what caused it; undefined when no such
 * code took part.
 */
export function placeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const stack = thrown.stack ?? "";
  // Of a syntax error the stack begins with the place itself.
  const syntax = /^(file:\/\/\S+|\/\S+|[A-Z]:\\\S+):(\d+)$/m.exec(stack.split("\n", 1)[0] ?? "");
  if (syntax !== null) return `${pathOf(syntax[1] as string)}:${syntax[2]}`;
  for (const [, url = "", line, column] of stack.matchAll(/(file:\/\/[^\s)]+?):(\d+):(\d+)/g)) {
    if (isModuleCode(url)) return `${pathOf(url)}:${line}:${column}`;
  }
  return placeOf(thrown.cause);
}

function pathOf(url: string): string {
  return url.startsWith("file:") ? fileURLToPath(url.replace(/\?.*$/, "")) : url.replace(/\?.*$/, "");
}
