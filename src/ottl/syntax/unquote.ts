import { ProblemSignal } from "../ottl-error.ts";

const simple: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

const escapeSequence = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})|(.))/gs;

/**
 * What a quoted string stands for, by the rules of Go's strconv.Unquote.
 * @param column of the opening quote
 * @throws ProblemSignal for an escape that Go does not know
 */
export function unquote(quoted: string, column: number): string {
  const body = quoted.slice(1, -1);
  if (!body.includes("\\")) return body;
  return body.replace(escapeSequence, (whole, ...rest: (string | number | undefined)[]) => {
    const [x, u, U, octal, char, offset] = rest as [string?, string?, string?, string?, string?, number?];
    const hex = x ?? u ?? U;
    if (hex !== undefined || octal !== undefined) {
      const code = hex === undefined ? Number.parseInt(octal as string, 8) : Number.parseInt(hex, 16);
      if (code <= 0x10ffff) return String.fromCodePoint(code);
    }
    const value = char === undefined ? undefined : simple[char];
    if (value !== undefined) return value;
    throw new ProblemSignal(
      column + 1 + (offset ?? 0),
      `unknown escape ${whole}`,
      `write \\\\${whole.slice(1)} for a backslash that is meant for a regular expression`,
    );
  });
}

/** The inverse of {@link unquote}. */
export function quote(text: string): string {
  const escaped = text.replaceAll(/["\\\n\r\t\u007f-\u009f\p{Cs}\u0000-\u001f]/gu, (char) => {
    if (char === '"' || char === "\\") return `\\${char}`;
    if (char === "\n") return "\\n";
    if (char === "\r") return "\\r";
    if (char === "\t") return "\\t";
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}
