import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** What custom modules may import by name, wherever they lie: this package as it runs, from sources or built. */
const PACKAGE = "otelcol-kubevirt";
const entryPoints: Readonly<Record<string, string>> = {
  [PACKAGE]: "../index",
  [`${PACKAGE}/testing`]: "../testing/index",
};

/** Marks a module of ours and all that it imports by a relative path, so that a reload can load changed code anew. */
const GENERATION = "otelcol-generation";

let registered = false;
const loadedFiles = new Map<string, Set<string>>();

/** The URL under which a generation of a module is imported. */
export function generationUrl(file: URL, generation: string): string {
  const url = new URL(file);
  url.searchParams.set(GENERATION, generation);
  return url.href;
}

/** Paths of the files that were imported for a generation, the module itself included. */
export function filesOf(generation: string): readonly string[] {
  return [...(loadedFiles.get(generation) ?? [])];
}

/** Whether code at a URL belongs to a module. CommonJS files are known by their paths only: their frames have no query. */
export function isModuleCode(url: string): boolean {
  if (url.includes(`${GENERATION}=`)) return true;
  const path = fileURLToPath(url.replace(/\?.*$/, ""));
  return [...loadedFiles.values()].some((files) => files.has(path));
}

/**
 * Lets modules import `otelcol-kubevirt` even where no node_modules holds it, such as from a mounted ConfigMap. Once a
 * process; affects nobody who does not use that name or a marked module.
 */
export function resolveOurselves(): void {
  if (registered) return;
  registered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const entry = entryPoints[specifier];
      if (entry !== undefined) {
        const url = ["ts", "js"].map((extension) => new URL(`${entry}.${extension}`, import.meta.url));
        const found = url.find((candidate) => existsSync(candidate));
        if (found !== undefined) return { url: found.href, shortCircuit: true };
      }
      const resolved = nextResolve(specifier, context);
      const url = URL.parse(resolved.url);
      const parent = context.parentURL === undefined ? null : URL.parse(context.parentURL);
      const generation =
        url?.searchParams.get(GENERATION) ??
        (specifier.startsWith(".") ? parent?.searchParams.get(GENERATION) : undefined);
      if (url?.protocol !== "file:" || generation === undefined || generation === null) return resolved;
      url.searchParams.set(GENERATION, generation);
      const files = loadedFiles.get(generation) ?? new Set();
      files.add(fileURLToPath(new URL(url.pathname, "file://")));
      loadedFiles.set(generation, files);
      return { ...resolved, url: url.href };
    },
  });
}
