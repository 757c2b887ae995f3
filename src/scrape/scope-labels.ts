import type { Labels } from "../exposition/index.ts";
import type { InstrumentationScope } from "../metrics/index.ts";

const PREFIX = "otel_scope_";

/** A label set without the labels that describe the instrumentation scope, and that scope. */
export interface ScopedLabels {
  readonly labels: Labels;
  readonly scope: InstrumentationScope;
}

/**
 * Takes the `otel_scope_*` labels out of label sets (specification: compatibility/prometheus_and_openmetrics.md,
 * "Instrumentation Scope"). Equal scopes are one object; label sets without such labels are left as they are and belong
 * to the scope of the translator.
 */
export class ScopeLabels {
  readonly #own: InstrumentationScope;
  readonly #byLabels = new WeakMap<Labels, ScopedLabels>();
  readonly #scopes = new Map<string, InstrumentationScope>();

  constructor(own: InstrumentationScope) {
    this.#own = own;
  }

  of(labels: Labels): ScopedLabels {
    let scoped = this.#byLabels.get(labels);
    if (scoped === undefined) {
      scoped = Object.keys(labels).some((name) => name.startsWith(PREFIX))
        ? this.#split(labels)
        : { labels, scope: this.#own };
      this.#byLabels.set(labels, scoped);
    }
    return scoped;
  }

  #split(labels: Labels): ScopedLabels {
    const own = Object.entries(labels);
    const about = own
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, value]) => [name.slice(PREFIX.length), value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(about);
    let scope = this.#scopes.get(key);
    if (scope === undefined) {
      const { name = "", version, schema_url: schemaUrl, ...attributes } = Object.fromEntries(about);
      scope = {
        name,
        ...(version !== undefined && { version }),
        ...(schemaUrl !== undefined && { schemaUrl }),
        ...(Object.keys(attributes).length > 0 && { attributes: Object.freeze(attributes) }),
      };
      this.#scopes.set(key, scope);
    }
    const rest = Object.fromEntries(own.filter(([name]) => !name.startsWith(PREFIX)));
    return { labels: Object.freeze(rest), scope };
  }
}
