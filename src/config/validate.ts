import type { z } from "zod";
import type { Diagnostics, Place } from "./diagnostics.ts";
import { type LocatedProblem, problemsOf } from "./issue-problem.ts";
import type { ConfigNode } from "./node.ts";
import type { Position } from "./source.ts";

export interface ValidateOptions {
  readonly diagnostics: Diagnostics;
  /** Where the node stands in the whole configuration: `["receivers", "x"]`. */
  readonly path?: readonly PropertyKey[];
  /** Where the node's key is written: the place of what is missing in it. */
  readonly keyPosition?: Position;
}

/**
 * Runs a schema on a node and returns the typed value, or undefined after every problem became a diagnostic.
 *
 * The Collector's rules on the way: a null node stands for a map with nothing written; null within it stands for "not
 * written" wherever the schema does not take null itself; an option that wants a string gets the original text of a
 * substituted value.
 */
export function validateNode<S extends z.ZodType>(
  node: ConfigNode,
  schema: S,
  options: ValidateOptions,
): z.output<S> | undefined {
  const readings = new Readings(node);
  for (;;) {
    const value = readings.toValue();
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    // Inner values are looked at only when the outer ones fit, so every round may bring new places to light.
    if (readings.advance(result.error.issues.flatMap(issuePaths))) continue;
    const problems = result.error.issues.flatMap((issue) => problemsOf(issue, schema, value));
    for (const problem of problems) {
      const { key: _, path, ...rest } = problem;
      const place = placeOf(node, problem, options.keyPosition);
      options.diagnostics.error(place, { ...rest, path: [...(options.path ?? []), ...path] });
    }
    return undefined;
  }
}

/** One way to take a node: its typed value, its original text, or as if its key were not there. */
type Reading = "typed" | "text" | "absent";

/** Which way each node of a tree is taken; a node moves on to its next reading when the schema refuses the present one. */
class Readings {
  readonly #root: ConfigNode;
  readonly #stages = new Map<string, number>();

  constructor(root: ConfigNode) {
    this.#root = root;
  }

  /** @returns whether any of the refused places has another reading to try */
  advance(refused: readonly (readonly PropertyKey[])[]): boolean {
    let advanced = false;
    for (const [key, path] of new Map(refused.map((path) => [pathKey(path), path]))) {
      const node = path.length === 0 ? undefined : this.#root.at(path);
      const stage = this.#stages.get(key) ?? 0;
      if (node === undefined || stage + 1 >= readingsOf(node).length) continue;
      this.#stages.set(key, stage + 1);
      advanced = true;
    }
    return advanced;
  }

  toValue(): unknown {
    return this.#root.kind === "null" ? {} : this.#value(this.#root, []);
  }

  #value(node: ConfigNode, path: readonly PropertyKey[]): unknown {
    const stage = this.#stages.size === 0 ? 0 : (this.#stages.get(pathKey(path)) ?? 0);
    const reading = readingsOf(node)[stage];
    if (reading === "text") return node.text;
    if (reading === "absent") return absent;
    if (node.kind === "list") {
      const items = node.items.map((item, i) => this.#value(item, [...path, i]));
      return items.map((item) => (item === absent ? null : item));
    }
    if (node.kind !== "map") return node.toValue();
    const pairs = Array.from(node.entries(), ({ key, node: inner }) => [
      key,
      this.#value(inner, [...path, key]),
    ]);
    return Object.fromEntries(pairs.filter(([, value]) => value !== absent));
  }
}

const absent = Symbol("absent");

function readingsOf(node: ConfigNode): readonly Reading[] {
  if (node.kind === "null")
    return node.text === undefined ? ["typed", "absent"] : ["typed", "text", "absent"];
  // Where the text did not help either, the typed value makes the better message.
  return node.text === undefined || node.text === node.scalar ? ["typed"] : ["typed", "text", "typed"];
}

/** The place of an issue, and for unions the places where each alternative failed. */
function issuePaths(issue: z.core.$ZodIssue): readonly (readonly PropertyKey[])[] {
  if (issue.code === "unrecognized_keys") return [];
  if (issue.code !== "invalid_union") return [issue.path];
  const inner = issue.errors.flatMap((issues) => issues.flatMap(issuePaths));
  return [issue.path, ...inner.map((path) => [...issue.path, ...path])];
}

function pathKey(path: readonly PropertyKey[]): string {
  return JSON.stringify(path);
}

/** An unknown key itself, a wrong value, or for what is missing the key of the nearest section around it. */
function placeOf(root: ConfigNode, { path, key }: LocatedProblem, keyPosition: Position | undefined): Place {
  let node = root;
  let position = keyPosition;
  for (const [i, step] of path.entries()) {
    const entry = node.kind === "map" ? node.entry(String(step)) : undefined;
    const next = entry?.node ?? node.at([step]);
    if (next === undefined) return position ?? node;
    if (key !== undefined && i === path.length - 1) return entry?.keyPosition ?? next;
    position = entry?.keyPosition ?? next.position;
    node = next;
  }
  return path.length === 0 ? (position ?? node) : node;
}
