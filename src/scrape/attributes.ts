import type { Labels } from "../exposition/index.ts";
import type { Attributes } from "../metrics/index.ts";

/**
 * Turns label sets into point attributes. Equal attribute sets are one frozen object for the life of the interner, in
 * whatever family and with whatever `le` they came, so that what comes later can compare and memoise by identity.
 */
export class AttributeInterner {
  readonly #added: Readonly<Record<string, string>>;
  readonly #byLabels = new WeakMap<Labels, Attributes>();
  readonly #byKey = new Map<string, WeakRef<Attributes>>();
  readonly #collected: FinalizationRegistry<string>;

  /** @param added attributes of every point; a label of the same name wins, as with Prometheus' `honor_labels` */
  constructor(added: Readonly<Record<string, string>>) {
    this.#added = added;
    this.#collected = new FinalizationRegistry((key) => {
      if (this.#byKey.get(key)?.deref() === undefined) this.#byKey.delete(key);
    });
  }

  of(labels: Labels): Attributes {
    let attributes = this.#byLabels.get(labels);
    if (attributes === undefined) {
      attributes = this.#intern(Object.entries(labels));
      this.#byLabels.set(labels, attributes);
    }
    return attributes;
  }

  /** Without the label that numbers the parts of a histogram or summary. */
  without(labels: Labels, part: "le" | "quantile"): Attributes {
    if (!Object.hasOwn(labels, part)) return this.of(labels);
    return this.#intern(Object.entries(labels).filter(([name]) => name !== part));
  }

  #intern(labels: readonly (readonly [string, string])[]): Attributes {
    const pairs = new Map<string, string>(labels);
    for (const [name, value] of Object.entries(this.#added)) if (!pairs.has(name)) pairs.set(name, value);
    for (const [name, value] of pairs) if (value === "") pairs.delete(name);
    const key = JSON.stringify([...pairs].sort(byName));
    const known = this.#byKey.get(key)?.deref();
    if (known !== undefined) return known;
    const attributes: Attributes = Object.freeze(Object.fromEntries(pairs));
    this.#byKey.set(key, new WeakRef(attributes));
    this.#collected.register(attributes, key);
    return attributes;
  }
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
