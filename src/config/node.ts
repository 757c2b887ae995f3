import type { Position } from "./source.ts";

export type ConfigKind = "map" | "list" | "scalar" | "null";
export type ScalarValue = string | number | boolean;

export interface ConfigEntry {
  readonly key: string;
  readonly keyPosition: Position;
  readonly node: ConfigNode;
}

/** An immutable value of a configuration that knows where it was written. */
export class ConfigNode {
  readonly kind: ConfigKind;
  readonly position: Position;
  /**
   * The original text, when this value was substituted as a whole: an option that wants a string takes this instead of
   * the typed value (`0123` stays `0123`).
   */
  readonly text: string | undefined;
  /** Number of nodes in this tree; aliases count each time. */
  readonly size: number;
  readonly #scalar: ScalarValue | undefined;
  readonly #entries: ReadonlyMap<string, ConfigEntry>;
  readonly #items: readonly ConfigNode[];

  private constructor(
    kind: ConfigKind,
    position: Position,
    text: string | undefined,
    content: {
      readonly scalar?: ScalarValue;
      readonly entries?: ReadonlyMap<string, ConfigEntry>;
      readonly items?: readonly ConfigNode[];
    } = {},
  ) {
    this.kind = kind;
    this.position = position;
    this.text = text;
    this.#scalar = content.scalar;
    this.#entries = content.entries ?? new Map();
    this.#items = content.items ?? [];
    let size = 1;
    for (const { node } of this.#entries.values()) size += node.size;
    for (const node of this.#items) size += node.size;
    this.size = size;
  }

  static null(position: Position, text?: string): ConfigNode {
    return new ConfigNode("null", position, text);
  }

  static scalar(position: Position, scalar: ScalarValue, text?: string): ConfigNode {
    return new ConfigNode("scalar", position, text, { scalar });
  }

  static list(position: Position, items: readonly ConfigNode[], text?: string): ConfigNode {
    return new ConfigNode("list", position, text, { items });
  }

  /** Of entries with the same key the last one stays, at the place of the first. */
  static map(position: Position, entries: Iterable<ConfigEntry>, text?: string): ConfigNode {
    const byKey = new Map<string, ConfigEntry>();
    for (const entry of entries) byKey.set(entry.key, entry);
    return new ConfigNode("map", position, text, { entries: byKey });
  }

  /** The value of a scalar; undefined for other kinds. */
  get scalar(): ScalarValue | undefined {
    return this.#scalar;
  }

  get items(): readonly ConfigNode[] {
    return this.#items;
  }

  entries(): IterableIterator<ConfigEntry> {
    return this.#entries.values();
  }

  entry(key: string): ConfigEntry | undefined {
    return this.#entries.get(key);
  }

  get(key: string): ConfigNode | undefined {
    return this.#entries.get(key)?.node;
  }

  /** The node at a path of keys and list indices; undefined where it leaves the tree. */
  at(path: readonly PropertyKey[]): ConfigNode | undefined {
    let node: ConfigNode | undefined = this;
    for (const step of path) {
      node = typeof step === "number" && node.kind === "list" ? node.#items[step] : node.get(String(step));
      if (node === undefined) return undefined;
    }
    return node;
  }

  /** Plain objects, arrays and scalars, with the typed values. */
  toValue(): unknown {
    switch (this.kind) {
      case "null":
        return null;
      case "scalar":
        return this.#scalar;
      case "list":
        return this.#items.map((item) => item.toValue());
      case "map":
        // Unlike assignment, fromEntries makes an own property of `__proto__` too.
        return Object.fromEntries(
          Array.from(this.#entries.values(), ({ key, node }) => [key, node.toValue()]),
        );
    }
  }
}
