import { ProblemSignal } from "../ottl-error.ts";
import type { Token, TokenKind } from "./token.ts";
import { unquote } from "./unquote.ts";

const space = /\s*/y;
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ["bytes", /0x[0-9A-Fa-f]*/y],
  ["float", /(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+/y],
  ["int", /\d+/y],
  ["name", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["symbol", /==|!=|>=|<=|=>|[<>=+\-*/()[\]{},.:]/y],
];
const quoted = /"(?:\\.|[^"\\])*"/sy;

/** @throws ProblemSignal */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  for (;;) {
    offset = matchAt(space, text, offset)?.end ?? offset;
    if (offset >= text.length) break;
    const token = nextToken(text, offset);
    tokens.push(token);
    offset = token.end;
  }
  tokens.push({ kind: "end", text: "", column: text.length + 1, end: text.length });
  return tokens;
}

function nextToken(text: string, offset: number): Token {
  const column = offset + 1;
  if (text[offset] === '"') {
    const match = matchAt(quoted, text, offset);
    if (match === undefined) throw new ProblemSignal(column, "string is not closed", 'add a closing "');
    return { kind: "string", text: unquote(match.text, column), column, end: match.end };
  }
  for (const [kind, pattern] of patterns) {
    const match = matchAt(pattern, text, offset);
    if (match === undefined) continue;
    if (kind === "bytes" && (match.text.length % 2 !== 0 || match.text.length === 2)) {
      throw new ProblemSignal(column, `bytes ${match.text} need an even number of hex digits`);
    }
    // `1x` is neither a number nor a name.
    if (/^(?:bytes|int|float)$/.test(kind) && /[A-Za-z0-9_]/.test(text[match.end] ?? "")) {
      throw new ProblemSignal(
        column,
        `malformed number ${JSON.stringify(text.slice(offset, match.end + 1))}`,
      );
    }
    return { kind, text: match.text, column, end: match.end };
  }
  const char = String.fromCodePoint(text.codePointAt(offset) as number);
  const hint = "'`“”".includes(char) ? 'strings are written in double quotes ("...")' : undefined;
  throw new ProblemSignal(column, `unexpected character ${JSON.stringify(char)}`, hint);
}

function matchAt(pattern: RegExp, text: string, offset: number): { text: string; end: number } | undefined {
  pattern.lastIndex = offset;
  const match = pattern.exec(text);
  return match === null ? undefined : { text: match[0], end: offset + match[0].length };
}
