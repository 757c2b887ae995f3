import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type ScalarTag,
} from "yaml";
import type { Diagnostics } from "./diagnostics.ts";
import { mergeNodes } from "./merge.ts";
import { type ConfigEntry, ConfigNode } from "./node.ts";
import type { Position, Source } from "./source.ts";

/** Limits against documents that are small on disk and huge in memory, or deep enough to exhaust the stack. */
export const maxNodes = 1_000_000;
const maxDepth = 200;

const int = "tag:yaml.org,2002:int";

/** Number forms that the Collector's YAML library reads beyond YAML 1.2: 0123 and 0b11, and 1_000. */
const goIntegers: readonly ScalarTag[] = [
  integerTag(/^[-+]?0[0-7_]*[0-7]$/, 8, /^0/),
  integerTag(/^[-+]?0b[01_]*[01]$/, 2, /^0b/),
  integerTag(/^[-+]?[1-9][0-9]*(_[0-9]+)+$/, 10, /^/),
];

function integerTag(test: RegExp, base: number, prefix: RegExp): ScalarTag {
  return {
    tag: int,
    default: true,
    test,
    identify: () => false,
    resolve: (text) => {
      const digits = text.replace(/^[-+]/, "").replace(prefix, "").replaceAll("_", "");
      const value = digits === "" ? 0 : Number.parseInt(digits, base);
      return text.startsWith("-") ? -value : value;
    },
  };
}

export interface ParseYamlOptions {
  readonly diagnostics: Diagnostics;
  /** Where the text begins in its source; default line 1, column 1. */
  readonly start?: { readonly line: number; readonly column: number };
  /** Every node gets this position instead of its own: for text that was substituted. */
  readonly positionOverride?: Position;
}

/** Of one file; more would only bury the first. */
const maxSyntaxErrors = 5;

/**
 * Parses one YAML document to nodes. Each syntax error, duplicate key and dangling alias becomes a diagnostic; never
 * throws, whatever the text. Undefined when there is no usable tree.
 */
export function parseYaml(text: string, source: Source, options: ParseYamlOptions): ConfigNode | undefined {
  const { diagnostics, start = { line: 1, column: 1 }, positionOverride } = options;
  const lineCounter = new LineCounter();
  const positionAt = (offset: number): Position => {
    if (positionOverride !== undefined) return positionOverride;
    const { line, col } = lineCounter.linePos(Math.min(offset, text.length));
    return {
      source,
      line: Math.max(line, 1) + start.line - 1,
      column: Math.max(col, 1) + (line <= 1 ? start.column - 1 : 0),
    };
  };
  try {
    const document = parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      // The library's own check compares every pair of keys; the builder below does it with a map.
      uniqueKeys: false,
      customTags: (tags) => [...goIntegers, ...tags],
    });
    // An open flow collection is reported once for each level that it leaves open, and one slip can bring hundreds of
    // errors after it: the first ones tell.
    const errors = new Map(
      document.errors.map(({ message, pos }) => [`${pos[0]} ${message}`, { message, pos }]),
    );
    for (const { message, pos } of [...errors.values()].slice(0, maxSyntaxErrors)) {
      diagnostics.error(positionAt(pos[0]), { message: `invalid YAML: ${lowerFirst(message)}` });
    }
    for (const { message, pos } of document.warnings) {
      diagnostics.warning(positionAt(pos[0]), { message: lowerFirst(message) });
    }
    if (document.errors.length > 0) return undefined;
    const builder = new TreeBuilder(document, positionAt, diagnostics);
    return builder.build(document.contents, 0, 0, false);
  } catch (error) {
    if (error instanceof TooLarge || error instanceof RangeError) {
      const message = error instanceof TooLarge ? error.message : "invalid YAML: nested too deeply";
      diagnostics.error(positionAt(0), { message });
      return undefined;
    }
    throw error;
  }
}

class TooLarge extends Error {}

class TreeBuilder {
  readonly #document: Document;
  readonly #positionAt: (offset: number) => Position;
  readonly #diagnostics: Diagnostics;
  /** Anchored nodes that are done, so that aliases share them; null while one is being built. */
  readonly #anchored = new Map<unknown, ConfigNode | null>();

  constructor(document: Document, positionAt: (offset: number) => Position, diagnostics: Diagnostics) {
    this.#document = document;
    this.#positionAt = positionAt;
    this.#diagnostics = diagnostics;
  }

  build(node: unknown, fallbackOffset: number, depth: number, inList: boolean): ConfigNode {
    if (depth > maxDepth) throw new TooLarge(`invalid YAML: nested more than ${maxDepth} levels deep`);
    const offset = (node as Node | null)?.range?.[0] ?? fallbackOffset;
    const position = this.#positionAt(offset);
    if (isAlias(node)) return this.#alias(node.source, node.resolve(this.#document), position, depth, inList);
    const anchored = (isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined;
    if (anchored) this.#anchored.set(node, null);
    const built = this.#content(node, position, offset, depth, inList);
    if (built.size > maxNodes) throw new TooLarge(`invalid YAML: more than ${maxNodes} values`);
    if (anchored) this.#anchored.set(node, built);
    return built;
  }

  #content(node: unknown, position: Position, offset: number, depth: number, inList: boolean): ConfigNode {
    if (isMap(node)) return this.#map(node.items, position, offset, depth, inList);
    if (isSeq(node)) {
      return ConfigNode.list(
        position,
        node.items.map((item) => this.build(item, offset, depth + 1, true)),
      );
    }
    const value: unknown = isScalar(node) ? node.value : null;
    if (value === null || value === undefined) return ConfigNode.null(position);
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      return ConfigNode.scalar(position, value);
    }
    return ConfigNode.scalar(
      position,
      isScalar(node) && node.source !== undefined ? node.source : String(value),
    );
  }

  #alias(name: string, target: unknown, position: Position, depth: number, inList: boolean): ConfigNode {
    const known = this.#anchored.get(target);
    if (target === undefined || known === null) {
      const message =
        known === null ? `alias *${name} contains itself` : `alias *${name} has no anchor before it`;
      this.#diagnostics.error(position, { message: `invalid YAML: ${message}` });
      return ConfigNode.null(position);
    }
    return known ?? this.build(target, 0, depth, inList);
  }

  #map(
    pairs: readonly Pair[],
    position: Position,
    offset: number,
    depth: number,
    inList: boolean,
  ): ConfigNode {
    const own: ConfigEntry[] = [];
    const merged: ConfigEntry[] = [];
    const seen = new Map<string, Position>();
    for (const { key, value } of pairs) {
      const keyPosition = this.#positionAt((key as Node | null)?.range?.[0] ?? offset);
      const name = keyText(key);
      if (name === undefined) {
        this.#diagnostics.error(keyPosition, {
          message: "invalid YAML: a key must be a scalar, not a map or a list",
        });
        continue;
      }
      const node = this.build(value, (key as Node | null)?.range?.[1] ?? offset, depth + 1, inList);
      if (name === "<<" && isScalar(key) && key.type === "PLAIN") {
        // Of several merged maps the first wins, and the map's own keys win over all.
        for (const source of (node.kind === "list" ? [...node.items] : [node]).reverse()) {
          if (source.kind === "map") merged.push(...source.entries());
          else
            this.#diagnostics.error(keyPosition, {
              message: "invalid YAML: << merges a map or a list of maps",
            });
        }
        continue;
      }
      const first = seen.get(name);
      if (first !== undefined) {
        this.#diagnostics.error(keyPosition, {
          message: `duplicate key ${JSON.stringify(name)}, first set on line ${first.line}`,
        });
      }
      seen.set(name, keyPosition);
      own.push({ key: name, keyPosition, node });
    }
    const entries = merged.length === 0 ? own : [...merged, ...own];
    return ConfigNode.map(position, inList ? entries : splitKeys(entries));
  }
}

/**
 * `a::b: 1` is the map `a: {b: 1}`; it joins an `a` that is there already. The Collector does this in maps but not in
 * maps that are items of lists.
 */
function splitKeys(entries: readonly ConfigEntry[]): Iterable<ConfigEntry> {
  if (!entries.some(({ key }) => key.includes("::"))) return entries;
  const result = new Map<string, ConfigEntry>();
  for (const entry of entries) {
    const steps = entry.key.split("::");
    const [first, ...rest] = steps as [string, ...string[]];
    if (rest.length === 0 || steps.includes("")) put(result, entry);
    else put(result, { ...entry, key: first, node: nest(rest, entry) });
  }
  return result.values();
}

function put(entries: Map<string, ConfigEntry>, entry: ConfigEntry): void {
  const before = entries.get(entry.key);
  entries.set(
    entry.key,
    before === undefined ? entry : { ...entry, node: mergeNodes(before.node, entry.node) },
  );
}

function nest(steps: readonly string[], { keyPosition, node }: ConfigEntry): ConfigNode {
  return steps.reduceRight(
    (inner, key) => ConfigNode.map(keyPosition, [{ key, keyPosition, node: inner }]),
    node,
  );
}

function keyText(key: unknown): string | undefined {
  if (key === null) return "";
  if (!isScalar(key)) return undefined;
  if (typeof key.value === "string") return key.value;
  // 1: or true: as keys are names, so what was written counts and not what it means as a number.
  return key.source ?? String(key.value);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
