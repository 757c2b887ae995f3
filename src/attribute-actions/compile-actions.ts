import type { Attributes } from "../metrics/index.ts";
import { compileRegex } from "../regex/index.ts";
import { attributeText } from "../reshape/index.ts";
import type { ActionConfig } from "./action-schema.ts";
import { convertValue } from "./convert-value.ts";
import { hashValue } from "./hash-value.ts";

/** Gives attributes with the actions done, frozen; the same object where they change nothing, and for the same object. */
export type AttributeActions = (attributes: Attributes) => Attributes;

/** Attributes while they are worked on: copied when they are first written to. */
class Draft {
  readonly #source: Attributes;
  #copy: Record<string, unknown> | undefined;

  constructor(source: Attributes) {
    this.#source = source;
  }

  get current(): Attributes {
    return this.#copy ?? this.#source;
  }

  get keys(): readonly string[] {
    return Object.keys(this.current);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.current, key);
  }

  get(key: string): unknown {
    return this.has(key) ? this.current[key] : undefined;
  }

  set(key: string, value: unknown): void {
    if (this.has(key) && Object.is(this.current[key], value)) return;
    this.#copy ??= { ...this.#source };
    this.#copy[key] = value;
  }

  delete(key: string): void {
    if (!this.has(key)) return;
    this.#copy ??= { ...this.#source };
    delete this.#copy[key];
  }
}

/** What a `from_context` stands for; undefined when there is none. */
type Context = (source: string) => string | undefined;

type Action = (draft: Draft, context: Context) => void;

/** Actions run in their order, each over what those before have left. They are compiled once, for any context. */
export function prepareActions(configs: readonly ActionConfig[]): (context?: Context) => AttributeActions {
  const actions = configs.map(compileAction);
  return (context = () => undefined) => {
    const results = new WeakMap<Attributes, Attributes>();
    return (attributes) => {
      let result = results.get(attributes);
      if (result === undefined) {
        const draft = new Draft(attributes);
        for (const action of actions) action(draft, context);
        result = draft.current === attributes ? attributes : Object.freeze(draft.current);
        results.set(attributes, result);
      }
      return result;
    };
  };
}

function compileAction({ action, key = "", pattern, ...config }: ActionConfig): Action {
  const { converted_type: type = "string" } = config;
  const { default_value: fallback } = config;
  const source = sourceOf(config);
  const setter = (when: (draft: Draft) => boolean): Action => {
    return (draft, context) => {
      if (!when(draft)) return;
      const value = source(draft, context) ?? fallback;
      if (value !== undefined) draft.set(key, value);
    };
  };
  switch (action) {
    case "insert":
      return setter((draft) => !draft.has(key));
    case "update":
      return setter((draft) => draft.has(key));
    case "upsert":
      return setter(() => true);
    case "delete":
      return forKeys(key, pattern, (draft, name) => draft.delete(name));
    case "hash":
      return forKeys(key, pattern, (draft, name) => draft.set(name, hashValue(draft.get(name))));
    case "convert":
      return (draft) => {
        if (draft.has(key)) draft.set(key, convertValue(draft.get(key), type));
      };
    case "extract":
      return extract(key, pattern ?? "");
  }
}

/** Where the value comes from; it gives undefined where that is missing. */
function sourceOf({ value, from_attribute, from_context }: Omit<ActionConfig, "action">) {
  if (from_attribute !== undefined) return (draft: Draft) => draft.get(from_attribute);
  if (from_context !== undefined) return (_draft: Draft, context: Context) => context(from_context);
  return () => value;
}

/** Of `key` and of those that match `pattern`, what is there. */
function forKeys(key: string, pattern: string | undefined, act: (draft: Draft, key: string) => void): Action {
  const regex = pattern === undefined ? undefined : compileRegex(pattern);
  return (draft) => {
    for (const name of draft.keys) if (name === key || regex?.test(name)) act(draft, name);
  };
}

function extract(key: string, pattern: string): Action {
  const regex = compileRegex(pattern);
  return (draft) => {
    if (!draft.has(key)) return;
    const match = regex.match(attributeText(draft.get(key)));
    if (match === undefined) return;
    for (const [name, index] of regex.groupNames) draft.set(name, match.groups[index] ?? "");
  };
}
