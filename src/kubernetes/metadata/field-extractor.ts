/** A rule of the Collector for labels or annotations that become attributes. */
export interface FieldRule {
  /** Name of the attribute; with `key_regex` a template over its groups. Default by {@link FieldExtractorSettings.defaultName}. */
  readonly tag_name?: string | undefined;
  /** Exactly one of these two is set. */
  readonly key?: string | undefined;
  readonly key_regex?: string | undefined;
  /** The kind of object. */
  readonly from: string;
}

/** What is needed of a regular expression. */
export interface KeyPattern {
  test(text: string): boolean;
  /** Fills a template over the groups of each match. */
  replaceAll(text: string, template: string): string;
}

/** Compiles a pattern that is to match whole keys. */
export type CompilePattern = (pattern: string, options: { readonly anchored: true }) => KeyPattern;

export interface FieldExtractorSettings {
  readonly rules: readonly FieldRule[];
  readonly defaultName: (from: string, key: string) => string;
  readonly compile: CompilePattern;
}

type Values = Readonly<Record<string, string>>;

const NONE: Values = Object.freeze({});

interface CompiledRule {
  readonly from: string;
  /** Name of the attribute for a key; undefined when the rule is not for it. */
  readonly nameOf: (key: string) => string | undefined;
}

/** Takes chosen labels or annotations out of objects. */
export class FieldExtractor {
  /** Kinds of objects that some rule is about. */
  readonly kinds: ReadonlySet<string>;
  readonly #rules: readonly CompiledRule[];

  constructor({ rules, defaultName, compile }: FieldExtractorSettings) {
    this.kinds = new Set(rules.map(({ from }) => from));
    this.#rules = rules.map(({ from, key: wanted, key_regex, tag_name }) => {
      const pattern = key_regex === undefined ? undefined : compile(key_regex, { anchored: true });
      return {
        from,
        nameOf(key) {
          if (pattern === undefined) return key === wanted ? (tag_name ?? defaultName(from, key)) : undefined;
          if (!pattern.test(key)) return undefined;
          return tag_name === undefined ? defaultName(from, key) : pattern.replaceAll(key, tag_name);
        },
      };
    });
  }

  /** The values that some rule wants, so that the others need not be kept. */
  keep(from: string, values: Values | undefined): Values {
    if (values === undefined || !this.kinds.has(from)) return NONE;
    const rules = this.#rules.filter((rule) => rule.from === from);
    const kept = Object.entries(values).filter(([key]) =>
      rules.some(({ nameOf }) => nameOf(key) !== undefined),
    );
    return kept.length === 0 ? NONE : Object.fromEntries(kept);
  }

  /** Writes the attributes of an object's values into `into`; of several rules for one attribute the last counts. */
  extract(from: string, values: Values, into: Record<string, unknown>): void {
    for (const rule of this.#rules) {
      if (rule.from !== from) continue;
      for (const [key, value] of Object.entries(values)) {
        const name = rule.nameOf(key);
        if (name !== undefined) into[name] = value;
      }
    }
  }
}
