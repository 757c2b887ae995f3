/** More choices than these could multiply into a long search however short the text is. */
const MAX_CHOICES = 4;
const MAX_REPEAT = 32;

/**
 * The same pattern for V8's engine, where that provably matches the same and in linear time; undefined otherwise.
 *
 * Both engines take the leftmost match and prefer earlier alternatives, so what differs is the meaning of some
 * syntax and the cost of backtracking. Accepted are therefore only characters, simple classes, groups, alternatives,
 * anchors and repetitions, where at most one repetition is unbounded, none is applied to a group, and an unbounded one
 * stands in a pattern that is tied to the start of the text: then each of the n lengths it may have is tried once.
 */
export function nativeRegex(pattern: string, anchored: boolean): RegExp | undefined {
  const translation = new Translation(pattern);
  const body = translation.run();
  if (body === undefined) return undefined;
  const startsAnchored = anchored || (pattern.startsWith("^") && !translation.hasAlternatives);
  if (translation.unbounded > (startsAnchored ? 1 : 0) || translation.choices > MAX_CHOICES) return undefined;
  return new RegExp(anchored ? `^(?:${body})$` : body, "gu");
}

const plain = /[A-Za-z0-9_ :/,;=@%&!"'#~<>-]/;
const classItem = /[A-Za-z0-9_ :/.,;=@%!"'#*+?$(){}|]/;
const classes: Readonly<Record<string, string>> = {
  d: "0-9",
  w: "A-Za-z0-9_",
  // RE2's \s has no vertical tab and no Unicode spaces.
  s: "\\t\\n\\f\\r ",
};

class Translation {
  readonly #pattern: string;
  #position = 0;
  unbounded = 0;
  choices = 0;
  hasAlternatives = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  run(): string | undefined {
    let result = "";
    let depth = 0;
    while (this.#position < this.#pattern.length) {
      const char = this.#pattern[this.#position] as string;
      if (char === "(") {
        const opening = this.#accept("(?:") ?? this.#accept("(");
        // Flags, names and look-around.
        if (this.#pattern[this.#position] === "?") return undefined;
        depth++;
        result += opening;
      } else if (char === ")") {
        depth--;
        this.#position++;
        if (/[*+?{]/.test(this.#pattern[this.#position] ?? "")) return undefined;
        result += ")";
      } else if (char === "|") {
        this.choices++;
        this.hasAlternatives = true;
        this.#position++;
        result += "|";
      } else if (char === "^" || char === "$") {
        this.#position++;
        if (/[*+?{]/.test(this.#pattern[this.#position] ?? "")) return undefined;
        result += char;
      } else {
        const atom = this.#atom();
        const repeat = atom === undefined ? undefined : this.#repeat();
        if (repeat === undefined) return undefined;
        result += `${atom}${repeat}`;
      }
    }
    return depth === 0 ? result : undefined;
  }

  #atom(): string | undefined {
    const char = this.#pattern[this.#position++] as string;
    if (plain.test(char)) return char;
    if (char === ".") return "[^\\n]";
    if (char === "[") return this.#class();
    if (char !== "\\") return undefined;
    const escaped = this.#pattern[this.#position++] ?? "";
    const set = classes[escaped.toLowerCase()];
    if (set !== undefined) return escaped === escaped.toLowerCase() ? `[${set}]` : `[^${set}]`;
    return /[.\\/+*?()[\]{}|^$]/.test(escaped) ? `\\${escaped}` : undefined;
  }

  #class(): string | undefined {
    let result = this.#accept("^") === undefined ? "[" : "[^";
    for (;;) {
      const char = this.#pattern[this.#position++];
      if (char === "]") return result.endsWith("[") || result === "[^" ? undefined : `${result}]`;
      if (char === "\\") {
        const set = classes[this.#pattern[this.#position++] ?? ""];
        if (set === undefined) return undefined;
        result += set;
      } else if (char === "-") {
        // A range of plain letters or digits; a dash anywhere else is left to RE2.
        const range = `${result.at(-1)}-${this.#pattern[this.#position++] ?? ""}`;
        if (!/^(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9])$/.test(range) || range[0]! > range[2]!)
          return undefined;
        result += `-${range[2]}`;
      } else if (char !== undefined && classItem.test(char)) {
        result += /[(){}|/]/.test(char) ? `\\${char}` : char;
      } else return undefined;
    }
  }

  #repeat(): string | undefined {
    const match = /^(?:[*+?]|\{(\d+)(?:,(\d+))?\})\??/.exec(this.#pattern.slice(this.#position));
    if (match === null) return this.#pattern[this.#position] === "{" ? undefined : "";
    const [text, from, to] = match;
    this.#position += text.length;
    if (/[*+?{]/.test(this.#pattern[this.#position] ?? "")) return undefined;
    if (text.startsWith("*") || text.startsWith("+")) this.unbounded++;
    else if (text.startsWith("?")) this.choices++;
    else if (Number(to ?? from) > MAX_REPEAT) return undefined;
    else if (to !== undefined) this.choices++;
    return text;
  }

  #accept(text: string): string | undefined {
    if (!this.#pattern.startsWith(text, this.#position)) return undefined;
    this.#position += text.length;
    return text;
  }
}
