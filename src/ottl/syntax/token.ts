export type TokenKind = "name" | "string" | "int" | "float" | "bytes" | "symbol" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; of a string what it stands for. */
  readonly text: string;
  /** From 1. */
  readonly column: number;
  /** Offset behind the token. */
  readonly end: number;
}
