import { CollectorError } from "../errors/index.ts";
import { Diagnostics } from "./diagnostics.ts";
import { type Environment, retrieve, splitUri } from "./location.ts";
import { mergeNodes } from "./merge.ts";
import { ConfigNode } from "./node.ts";
import { parseYaml } from "./parse-yaml.ts";
import { createSource } from "./source.ts";
import { substitute } from "./substitute.ts";

export interface ResolveOptions extends Environment {
  /** `--config` values, merged left to right: paths or `file:`, `env:`, `yaml:` URIs. */
  readonly uris: readonly string[];
  /** `--set` values `a.b=value`, merged after all of `uris`. */
  readonly sets?: readonly string[];
  /** Leave `${…}` and `$$` as they stand, for files that hold texts rather than settings. Default: false. */
  readonly isVerbatim?: boolean;
}

export interface ResolvedConfig {
  /** Always a map; empty when nothing could be read. */
  readonly root: ConfigNode;
  /** Errors and warnings so far; validation adds to the same collection. */
  readonly diagnostics: Diagnostics;
  /** Absolute paths of the files named by `uris`. */
  readonly files: readonly string[];
}

/**
 * Reads, merges and substitutes a configuration by the Collector's rules. Problems are collected, not thrown, and what
 * could be read is returned for further checks.
 */
export async function resolveConfig(options: ResolveOptions): Promise<ResolvedConfig> {
  const diagnostics = new Diagnostics();
  const files: string[] = [];
  const parts: ConfigNode[] = [];
  for (const uri of options.uris) {
    const part = await readPart(uri, options, files, diagnostics);
    if (part !== undefined) parts.push(part);
  }
  for (const set of options.sets ?? []) {
    const part = parseSet(set, diagnostics);
    if (part !== undefined) parts.push(part);
  }
  const empty = ConfigNode.map({ source: createSource("", ""), line: 1, column: 1 }, []);
  const [first = empty, ...rest] = parts;
  const merged = rest.reduce(mergeNodes, first);
  const root = options.isVerbatim === true ? merged : await substitute(merged, options, diagnostics);
  return { root, diagnostics, files };
}

async function readPart(
  uri: string,
  environment: Environment,
  files: string[],
  diagnostics: Diagnostics,
): Promise<ConfigNode | undefined> {
  const { scheme = "file", rest } = splitUri(uri);
  try {
    const { text, source, unset } = await retrieve(scheme, rest, environment);
    if (source.path !== undefined) files.push(source.path);
    if (unset !== undefined) {
      diagnostics.warning(
        { file: uri },
        { message: `environment variable ${JSON.stringify(unset)} is not set` },
      );
    }
    const node = parseYaml(text, source, { diagnostics });
    if (node === undefined || node.kind === "map") return node;
    if (node.kind !== "null") {
      diagnostics.error(node, { message: `a configuration must be a map, got a ${node.kind}` });
    }
    return undefined;
  } catch (error) {
    // The message already tells the reason of its cause; what is no error of ours is a defect.
    if (!(error instanceof CollectorError)) throw error;
    diagnostics.error({ file: uri }, { message: error.message });
    return undefined;
  }
}

/** `a.b=value` is the YAML `a::b: value`; keys that contain dots cannot be addressed. */
function parseSet(set: string, diagnostics: Diagnostics): ConfigNode | undefined {
  const equals = set.indexOf("=");
  if (equals < 0) {
    diagnostics.error(undefined, {
      message: `invalid value ${JSON.stringify(set)} for flag --set: missing equal sign`,
    });
    return undefined;
  }
  const source = createSource("--set", set);
  const keys = set.slice(0, equals).trim().split(/\.|::/);
  const keyPosition = { source, line: 1, column: 1 };
  if (keys.includes("")) {
    diagnostics.error(keyPosition, {
      message: `invalid key ${JSON.stringify(set.slice(0, equals))} for flag --set`,
    });
    return undefined;
  }
  const start = { line: 1, column: equals + 2 };
  const value = parseYaml(set.slice(equals + 1), source, { diagnostics, start });
  if (value === undefined) return undefined;
  return keys.reduceRight((node, key) => ConfigNode.map(keyPosition, [{ key, keyPosition, node }]), value);
}
