import { CollectorError } from "../errors/index.ts";

/** What is wrong with a statement, and where in it. */
export interface OttlProblem {
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
  /** What to write instead, or the nearest right name. */
  readonly hint?: string;
}

/** A statement or condition that cannot be used; thrown when it is loaded, never while data flows. */
export class OttlError extends CollectorError {
  readonly column: number;
  readonly problem: string;
  readonly hint: string | undefined;

  constructor(text: string, { column, message, hint }: OttlProblem) {
    super("CONFIG_INVALID", `${message} at column ${column}:\n${excerpt(text, column)}`);
    this.column = column;
    this.problem = message;
    this.hint = hint;
  }
}

/** Evaluating a statement for one item failed; `error_mode` decides what becomes of it. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}

/** Carries a problem from where it is found to where the text of the statement is known. */
export class ProblemSignal extends Error {
  readonly problem: OttlProblem;

  constructor(column: number, message: string, hint?: string) {
    super(message);
    this.problem = { column, message, ...(hint !== undefined && { hint }) };
  }
}

const before = 50;
const width = 100;

/** The line of the text with a caret below the column. */
function excerpt(text: string, column: number): string {
  const lineStart = text.lastIndexOf("\n", column - 2) + 1;
  const lineEnd = text.indexOf("\n", lineStart);
  const line = text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  const offset = column - 1 - lineStart;
  const start = offset > width - 20 ? offset - before : 0;
  const indent = line.slice(start, offset).replaceAll(/[^\t]/g, " ");
  return `  ${line.slice(start, start + width)}\n  ${indent}^`;
}
