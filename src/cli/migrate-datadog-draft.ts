/** What becomes of one instance of an integration's configuration. */
export class Draft {
  readonly target: Record<string, unknown> = {};
  readonly labels: Record<string, string> = {};
  readonly receiver: Record<string, unknown> = {};
  readonly tls: Record<string, unknown> = {};
  readonly headers: Record<string, string> = {};
  readonly processor: Record<string, unknown> = {};
  /** Conditions of metrics that are dropped in the end. */
  readonly drop: string[] = [];
  /** Targets are found in the cluster, not listed. */
  discovers = false;
  readonly remarks: Remark[] = [];
  readonly #instance: Readonly<Record<string, unknown>>;
  readonly #init: Readonly<Record<string, unknown>>;

  constructor(instance: Readonly<Record<string, unknown>>, init: Readonly<Record<string, unknown>>) {
    this.#instance = instance;
    this.#init = init;
  }

  /** The instance's own value, else that of `init_config`; null counts as not set. */
  value(option: string): unknown {
    return this.#instance[option] ?? this.#init[option] ?? undefined;
  }

  has(option: string): boolean {
    return this.value(option) !== undefined;
  }

  text(option: string): string | undefined {
    const value = this.value(option);
    if (value === undefined || typeof value === "object") return this.#wrong(option, value, "a text");
    return String(value);
  }

  number(option: string): number | undefined {
    const value = this.value(option);
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    return typeof number === "number" && Number.isFinite(number)
      ? number
      : this.#wrong(option, value, "a number");
  }

  /** As the integration reads it: "yes", "true", "1", "on" are true. */
  flag(option: string): boolean | undefined {
    const value = this.value(option);
    if (value === undefined) return undefined;
    return typeof value === "boolean" ? value : /^(yes|true|1|on|y|t)$/i.test(String(value));
  }

  list(option: string): readonly unknown[] | undefined {
    const value = this.value(option);
    return Array.isArray(value) ? value : this.#wrong(option, value, "a list");
  }

  texts(option: string): readonly string[] {
    return (this.list(option) ?? []).map(String);
  }

  map(option: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.value(option);
    return isMap(value) ? value : this.#wrong(option, value, "a map");
  }

  /** The option is not carried over. */
  lost(option: string, why: string): void {
    this.remarks.push({ option, kind: "lost", text: why });
  }

  /** The option is carried over but does something else, or needs a hand. */
  changed(option: string, how: string): void {
    this.remarks.push({ option, kind: "changed", text: how });
  }

  #wrong(option: string, value: unknown, expected: string): undefined {
    if (value !== undefined) this.lost(option, `expected ${expected}, got ${JSON.stringify(value)}`);
    return undefined;
  }
}

export interface Remark {
  readonly option: string;
  readonly kind: "lost" | "changed";
  readonly text: string;
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value that the configuration takes from the environment. */
export class EnvReference {
  readonly #name: string;
  readonly #fallback: string;

  constructor(name: string, fallback = "") {
    this.#name = name;
    this.#fallback = fallback === "" ? "" : `:-${fallback}`;
  }

  toString(): string {
    return `\${env:${this.#name}${this.#fallback}}`;
  }

  toJSON(): string {
    return this.toString();
  }
}
