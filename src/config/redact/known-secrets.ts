/** Shorter ones would be found in words that have nothing to do with them. */
const MIN_LENGTH = 4;
/** A line of a text of several lines has to be longer, since it may be an ordinary word. */
const MIN_LINE_LENGTH = 8;
/** So many that nobody holds any more are still remembered: what was sent with them may yet be quoted. */
const REMEMBERED = 200;

/**
 * The texts of all secrets that are held somewhere in the process, and of the last ones that were. It is one for the
 * process, since nothing may leave that, whoever writes it.
 */
class KnownSecrets {
  readonly #holders = new Map<string, number>();
  readonly #remembered = new Set<string>();
  readonly #registry = new FinalizationRegistry<string>((text) => this.#released(text));
  #forms: readonly string[] | undefined;

  /** `holder`: the text is known as long as this is in use, and for a while after. */
  add(holder: object, secret: string): void {
    const text = secret.trim();
    if (text.length < MIN_LENGTH) return;
    const holders = this.#holders.get(text) ?? 0;
    this.#holders.set(text, holders + 1);
    this.#registry.register(holder, text);
    if (holders === 0 && !this.#remembered.delete(text)) this.#forms = undefined;
  }

  /** In all forms that they may be written in; one that holds another comes first, to be replaced as a whole. */
  get forms(): readonly string[] {
    this.#forms ??= [...new Set([...this.#holders.keys(), ...this.#remembered].flatMap(formsOf))].sort(
      (a, b) => b.length - a.length,
    );
    return this.#forms;
  }

  #released(text: string): void {
    const holders = (this.#holders.get(text) ?? 1) - 1;
    if (holders > 0) {
      this.#holders.set(text, holders);
      return;
    }
    this.#holders.delete(text);
    this.#remembered.add(text);
    const [oldest] = this.#remembered;
    if (this.#remembered.size <= REMEMBERED || oldest === undefined) return;
    this.#remembered.delete(oldest);
    this.#forms = undefined;
  }
}

/** As it is, and as JSON, forms and URLs write it; of a text of several lines each line too. */
function formsOf(text: string): readonly string[] {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    // The first and last lines of PEM are no secret.
    .filter((line) => line.length >= MIN_LINE_LENGTH && !line.startsWith("-----"));
  return [text, ...lines].flatMap((secret) => {
    const form = new URLSearchParams({ "": secret }).toString().slice(1);
    return [secret, JSON.stringify(secret).slice(1, -1), form, form.replaceAll("+", "%20")];
  });
}

export const knownSecrets = new KnownSecrets();
