import { CollectorError } from "../errors/index.ts";
import { Diagnostics } from "./diagnostics.ts";
import { type Environment, retrieve, splitUri } from "./location.ts";
import { type ConfigEntry, ConfigNode } from "./node.ts";
import { maxNodes, parseYaml } from "./parse-yaml.ts";
import type { Position } from "./source.ts";

/** The Collector's bound on expansions; here it counts for all that one written value leads to. */
const maxExpansions = 1000;
const maxTextLength = 1_048_576;

/**
 * Replaces every `${scheme:…}` in the values of a merged tree and turns `$$` into `$`. What fails becomes a diagnostic
 * at its place, and an empty value so that the other problems are found as well.
 */
export async function substitute(
  root: ConfigNode,
  environment: Environment,
  diagnostics: Diagnostics,
): Promise<ConfigNode> {
  const budget = { nodes: maxNodes };
  const visit = async (node: ConfigNode, path: readonly PropertyKey[]): Promise<ConfigNode> => {
    if (!mayContainDollar(node)) return node;
    if (node.kind === "map") {
      const entries: ConfigEntry[] = [];
      for (const entry of node.entries()) {
        entries.push({ ...entry, node: await visit(entry.node, [...path, entry.key]) });
      }
      return ConfigNode.map(node.position, entries, node.text);
    }
    if (node.kind === "list") {
      const items: ConfigNode[] = [];
      for (const [i, item] of node.items.entries()) items.push(await visit(item, [...path, i]));
      return ConfigNode.list(node.position, items, node.text);
    }
    const expansion = new Expansion(node, path, environment, diagnostics, budget);
    return expansion.run();
  };
  return visit(root, []);
}

/** Leaves trees without `$` as they are, shared and unwalked beyond this look. */
function mayContainDollar(node: ConfigNode): boolean {
  if (node.kind === "scalar") return typeof node.scalar === "string" && node.scalar.includes("$");
  if (node.kind === "list") return node.items.some(mayContainDollar);
  for (const entry of node.entries()) if (mayContainDollar(entry.node)) return true;
  return false;
}

class ExpansionError extends Error {}

/** Works off one scalar as it was written, and whatever its substitutions bring in. */
class Expansion {
  readonly #written: string;
  readonly #position: Position;
  readonly #path: readonly PropertyKey[];
  readonly #environment: Environment;
  readonly #diagnostics: Diagnostics;
  readonly #budget: { nodes: number };
  #expansions = 0;
  readonly #warned = new Set<string>();

  constructor(
    node: ConfigNode,
    path: readonly PropertyKey[],
    environment: Environment,
    diagnostics: Diagnostics,
    budget: { nodes: number },
  ) {
    this.#written = node.scalar as string;
    this.#position = node.position;
    this.#path = path;
    this.#environment = environment;
    this.#diagnostics = diagnostics;
    this.#budget = budget;
  }

  async run(): Promise<ConfigNode> {
    try {
      const { node } = await this.#expandText(this.#written);
      return node;
    } catch (error) {
      if (!(error instanceof ExpansionError)) throw error;
      return ConfigNode.null(this.#position, "");
    }
  }

  /** `whole` tells that the text was one substitution, so that the node is typed and carries its original text. */
  async #expandText(written: string): Promise<{ readonly node: ConfigNode; readonly whole: boolean }> {
    let text = written;
    for (;;) {
      const found = findReference(text);
      if (found === undefined) {
        return { node: ConfigNode.scalar(this.#position, unescapeDollars(text)), whole: false };
      }
      const reference = text.slice(found.start, found.end);
      const retrieved = await this.#retrieve(reference);
      if (reference === text) return { node: await this.#typed(retrieved), whole: true };
      text = text.slice(0, found.start) + retrieved + text.slice(found.end);
      if (text.length > maxTextLength) {
        this.#fail(reference, `the value expands to more than ${maxTextLength} characters`);
      }
    }
  }

  /** A whole value: the YAML meaning of the text, with the text kept for options that want a string. */
  async #typed(text: string): Promise<ConfigNode> {
    // Text that is no YAML is a plain string; its syntax errors are nobody's concern.
    const ignored = new Diagnostics();
    const parsed = parseYaml(text, this.#position.source, {
      diagnostics: ignored,
      positionOverride: this.#position,
    });
    if (parsed === undefined || ignored.hasErrors || typeof parsed.scalar === "string") {
      const { node, whole } = await this.#expandText(text);
      return whole ? node : withText(node, node.scalar as string);
    }
    const { node: original } = await this.#expandText(text);
    return withText(await this.#expandTree(parsed), original.text ?? String(original.scalar ?? ""));
  }

  async #expandTree(node: ConfigNode): Promise<ConfigNode> {
    this.#budget.nodes -= 1;
    if (this.#budget.nodes < 0) this.#fail("", `substitutions bring in more than ${maxNodes} values`);
    if (node.kind === "list") {
      const items: ConfigNode[] = [];
      for (const item of node.items) items.push(await this.#expandTree(item));
      return ConfigNode.list(node.position, items);
    }
    if (node.kind === "map") {
      const entries: ConfigEntry[] = [];
      for (const entry of node.entries())
        entries.push({ ...entry, node: await this.#expandTree(entry.node) });
      return ConfigNode.map(node.position, entries);
    }
    return typeof node.scalar === "string" ? (await this.#expandText(node.scalar)).node : node;
  }

  async #retrieve(reference: string): Promise<string> {
    this.#expansions += 1;
    if (this.#expansions > maxExpansions) this.#fail(reference, "too many recursive expansions");
    const uri = reference.slice(2, -1);
    const { scheme, rest } = uri.includes(":") ? splitUri(uri) : { scheme: "env", rest: uri };
    if (scheme === undefined || rest.includes("$")) {
      this.#fail(
        reference,
        scheme === undefined
          ? `the uri ${JSON.stringify(uri)} has no scheme`
          : `the uri ${JSON.stringify(uri)} contains unsupported characters ('$')`,
      );
    }
    const shorthand =
      rest.startsWith("-") && /^\w+$/.test(scheme) ? `write $\{env:${uri}} for a default` : undefined;
    try {
      const { text, unset } = await retrieve(scheme, rest, this.#environment);
      if (unset !== undefined && !this.#warned.has(unset)) {
        this.#warned.add(unset);
        this.#diagnostics.warning(this.#placeOf(reference), {
          path: this.#path,
          message: `environment variable ${JSON.stringify(unset)} is not set, using an empty value`,
          hint: `give a default with $\{env:${unset}:-value}`,
        });
      }
      return text;
    } catch (error) {
      if (!(error instanceof CollectorError)) throw error;
      this.#fail(reference, error.message, shorthand ?? dollarHint(reference));
    }
  }

  #fail(reference: string, message: string, hint?: string): never {
    this.#diagnostics.error(this.#placeOf(reference), {
      path: this.#path,
      message,
      ...(hint === undefined ? {} : { hint }),
    });
    throw new ExpansionError(message);
  }

  /** The place of the reference itself, where it is written out in the value. */
  #placeOf(reference: string): Position {
    const { source, line, column } = this.#position;
    if (reference === "" || !this.#written.includes(reference)) return this.#position;
    for (let i = line; i <= source.lines.length; i++) {
      const at = (source.lines[i - 1] as string).indexOf(reference, i === line ? column - 1 : 0);
      if (at >= 0) return { source, line: i, column: at + 1 };
    }
    return this.#position;
  }
}

/** `${1}` of a regular expression's replacement is the usual reason for an invalid variable name. */
function dollarHint(reference: string): string | undefined {
  return /^\$\{\d+\}$/.test(reference) ? `to keep the text as it is, write $${reference}` : undefined;
}

/** The first inner-most `${…}` that is not escaped; a run of `$` of odd length before its `${` escapes it. */
function findReference(input: string): { readonly start: number; readonly end: number } | undefined {
  for (let from = 0; ; ) {
    const close = input.indexOf("}", from);
    if (close < 0) return undefined;
    const start = input.lastIndexOf("${", close);
    if (start >= from) {
      let run = start;
      while (run > from && input[run - 1] === "$") run -= 1;
      if ((start - run) % 2 === 0) return { start, end: close + 1 };
    }
    from = close + 1;
  }
}

function unescapeDollars(text: string): string {
  return text.replaceAll("$$", () => "$");
}

function withText(node: ConfigNode, text: string): ConfigNode {
  switch (node.kind) {
    case "null":
      return ConfigNode.null(node.position, text);
    case "scalar":
      return ConfigNode.scalar(node.position, node.scalar as string, text);
    case "list":
      return ConfigNode.list(node.position, node.items, text);
    case "map":
      return ConfigNode.map(node.position, node.entries(), text);
  }
}
