import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Definition } from "../component/index.ts";
import { CollectorError } from "../errors/index.ts";
import { placeOf } from "./place-of.ts";
import { filesOf, generationUrl, resolveOurselves } from "./self-resolution.ts";

export interface LoadedModule {
  readonly definitions: readonly Definition[];
  /** Absolute paths of the module and of what it imports by relative paths. */
  readonly files: readonly string[];
  /** Changes when the content of one of the files does. */
  readonly revision: string;
}

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs"];

/** The last generation of each module, by the path of its file. */
const known = new Map<string, { readonly loaded: LoadedModule; readonly contents: string }>();
let generations = 0;

/**
 * Imports a module of components: a file (relative paths start at `directory`) or the name of an installed package.
 * Unchanged files are imported once; changed ones anew.
 * @throws CollectorError CONFIG_SOURCE that says what is wrong with the module and what to do about it
 */
export async function importModule(path: string, directory: string): Promise<LoadedModule> {
  resolveOurselves();
  const file = locate(path, directory);
  const previous = known.get(file);
  if (previous !== undefined && contentsOf(previous.loaded.files) === previous.contents)
    return previous.loaded;
  const generation = String(++generations);
  let namespace: Record<string, unknown>;
  try {
    namespace = (await import(generationUrl(pathToFileURL(file), generation))) as Record<string, unknown>;
  } catch (error) {
    throw new CollectorError("CONFIG_SOURCE", `module ${path} could not be loaded: ${explain(error)}`, {
      cause: error,
    });
  }
  const definitions = definitionsOf(namespace, path);
  const files = [...new Set([file, ...filesOf(generation)])];
  const contents = contentsOf(files);
  const loaded = {
    definitions,
    files,
    revision: createHash("sha256").update(contents).digest("hex").slice(0, 16),
  };
  known.set(file, { loaded, contents });
  return loaded;
}

function locate(path: string, directory: string): string {
  if (path.startsWith(".") || isAbsolute(path)) {
    const file = resolve(directory, path);
    if (!existsSync(file)) throw problem(`module ${path} does not exist: there is no file ${file}`);
    if (statSync(file).isDirectory()) {
      throw problem(
        `module ${path} is a directory; name the file in it, such as ${path.replace(/\/?$/, "/index.ts")}`,
      );
    }
    if (!EXTENSIONS.includes(extname(file))) {
      throw problem(`module ${path} has an unknown extension, allowed are ${EXTENSIONS.join(", ")}`);
    }
    return file;
  }
  try {
    return createRequire(resolve(directory, "config.yaml")).resolve(path);
  } catch (cause) {
    const text = `module ${JSON.stringify(path)} is neither a path (which starts with "./") nor a package installed near ${directory}`;
    // Of a package that is not there the cause says the same once more, over several lines.
    throw problem(text, (cause as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND" ? undefined : cause);
  }
}

function contentsOf(files: readonly string[]): string {
  return files.map((file) => (existsSync(file) ? readFileSync(file, "utf8") : "")).join("\0");
}

function definitionsOf(namespace: Readonly<Record<string, unknown>>, path: string): readonly Definition[] {
  const exported = namespace["default"];
  if (exported === undefined) {
    const named = Object.keys(namespace).filter((name) => faultOf(namespace[name]) === undefined);
    const way =
      named.length === 0 ? "defineProcessor({ … })" : named.length === 1 ? named[0] : `[${named.join(", ")}]`;
    throw problem(`module ${path} has no default export; write "export default ${way}"`);
  }
  const items: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
  if (items.length === 0) throw problem(`module ${path} exports an empty list of components`);
  return items.map((item, i) => {
    const which = items.length === 1 ? "the default export" : `item ${i} of the default export`;
    const fault = faultOf(item);
    if (fault !== undefined) throw problem(`module ${path}: ${which} is no component: ${fault}`);
    return item as Definition;
  });
}

const KINDS = ["receiver", "processor", "exporter", "extension", "connector"];

/** What is missing for something to be a definition; undefined for a good one. */
function faultOf(item: unknown): string | undefined {
  const made =
    'make it with defineProcessor, defineReceiver, defineExporter, defineConnector or defineExtension of "otelcol-kubevirt"';
  if (typeof item !== "object" || item === null)
    return `it is ${item === null ? "null" : `a ${typeof item}`}; ${made}`;
  const { kind, type, config, create } = item as Partial<Record<keyof Definition, unknown>>;
  if (typeof kind !== "string" || !KINDS.includes(kind)) return `it has no kind; ${made}`;
  if (typeof type !== "string" || !/^[a-zA-Z][0-9a-zA-Z_]{0,62}$/.test(type)) {
    return `its type must be a letter and up to 62 letters, digits or underscores, got ${JSON.stringify(type)}`;
  }
  if (typeof create !== "function") return "it has no create function";
  if (typeof config !== "object" || config === null || !("safeParse" in config)) {
    return "its config must be a zod schema, such as z.strictObject({})";
  }
  return undefined;
}

/** The message, and where in the module the problem is if the error knows. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  if (code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING") {
    return "Node.js does not run TypeScript from node_modules; build the package to JavaScript";
  }
  const place = placeOf(error);
  const text =
    place === undefined || error.message.includes(place) ? error.message : `${error.message} (at ${place})`;
  return code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
    ? `${text}; types are stripped, not compiled: write without enum, namespace and parameter properties`
    : text;
}

function problem(message: string, cause?: unknown): CollectorError {
  return new CollectorError("CONFIG_SOURCE", message, { cause });
}
