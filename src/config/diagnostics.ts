import { CollectorError } from "../errors/index.ts";
import { nearestName } from "./nearest-name.ts";
import { ConfigNode } from "./node.ts";
import { maskLine, redactMessage, redactPatterns } from "./redact/redact-text.ts";
import type { Position } from "./source.ts";
import { shownLine } from "./source-line.ts";

/** One problem of a configuration. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  /** Empty when the problem has no file, such as a wrong flag. */
  readonly file: string;
  /** From 1; 0 when the problem is not at a place in the file. */
  readonly line: number;
  /** From 1, in UTF-16 units; 0 when the problem is not at a place. */
  readonly column: number;
  /** The place in the configuration: `receivers::kubevirt_handler::timeout`; empty for the whole. */
  readonly path: string;
  readonly message: string;
  readonly allowed?: readonly string[];
  readonly hint?: string;
  readonly sourceLine?: string;
}

/** Where a problem is: a value, a key, or a source that has no inner place. */
export type Place = ConfigNode | Position | { readonly file: string } | undefined;

export interface Problem {
  /** Path segments; list indices are numbers. */
  readonly path?: readonly PropertyKey[];
  readonly message: string;
  /** What may stand there instead, to be printed in full. */
  readonly allowed?: readonly string[];
  readonly hint?: string;
  /** A name that is not known, and the names it may have been meant as: gives the hint "did you mean …". */
  readonly name?: string;
  readonly candidates?: Iterable<string>;
  /** Whether what stands there is a secret, which is then not shown. Not given: whoever found the problem cannot tell. */
  readonly secret?: boolean;
}

/** Collects problems, so that all of them are reported at once. */
export class Diagnostics {
  readonly #items: Diagnostic[] = [];

  get items(): readonly Diagnostic[] {
    return this.#items;
  }

  get hasErrors(): boolean {
    return this.#items.some(({ severity }) => severity === "error");
  }

  error(place: Place, problem: Problem): void {
    this.#items.push(createDiagnostic("error", place, problem));
  }

  warning(place: Place, problem: Problem): void {
    this.#items.push(createDiagnostic("warning", place, problem));
  }

  /** @throws ConfigError with everything collected, if any of it is an error */
  throwIfErrors(): void {
    if (this.hasErrors) throw new ConfigError(this.#items);
  }
}

/** A configuration that cannot be used; the message is the formatted diagnostics. */
export class ConfigError extends CollectorError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super("CONFIG_INVALID", formatDiagnostics(diagnostics));
    this.diagnostics = diagnostics;
  }
}

/** `receivers::x::targets::0`; a path is what people search for in their YAML, so list indices are plain numbers. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.map(String).join("::");
}

function createDiagnostic(severity: Diagnostic["severity"], place: Place, problem: Problem): Diagnostic {
  const position = place instanceof ConfigNode ? place.position : place;
  const at = position !== undefined && "source" in position ? position : undefined;
  const file = at?.source.name ?? (position !== undefined && "file" in position ? position.file : "");
  const near =
    problem.name !== undefined && problem.candidates !== undefined
      ? nearestName(problem.name, problem.candidates)
      : undefined;
  const hint = problem.hint ?? (near === undefined ? undefined : `did you mean ${JSON.stringify(near)}?`);
  const sourceLine = at === undefined ? undefined : shownLine(at, problem.secret);
  return {
    severity,
    file,
    line: at?.line ?? 0,
    column: at?.column ?? 0,
    path: formatPath(problem.path ?? []),
    message: redactPatterns(problem.message),
    ...(problem.allowed === undefined ? {} : { allowed: problem.allowed }),
    ...(hint === undefined ? {} : { hint }),
    ...(sourceLine === undefined ? {} : { sourceLine }),
  };
}

const longestLine = 160;

/**
 * One block per problem, in the order of the files and of the lines within them:
 *
 *     otel.yaml:4:5: error: receivers::x: unknown option "timeot"
 *         timeot: 5s
 *         ^
 *       hint: did you mean "timeout"?
 */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const files = [...new Set(diagnostics.map(({ file }) => file))];
  return diagnostics
    .toSorted(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    )
    .map(formatDiagnostic)
    .join("\n");
}

function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, file, line, column, path, message, allowed, hint, sourceLine } = diagnostic;
  const place = file === "" ? "" : line === 0 ? `${file}: ` : `${file}:${line}:${column}: `;
  const lines = [`${place}${severity}: ${path === "" ? "" : `${path}: `}${redactMessage(message)}`];
  if (sourceLine !== undefined && line > 0) {
    // A window around the place keeps minified configs readable; tabs stay tabs so that the caret lines up.
    const start = column > longestLine - 40 ? column - 80 : 0;
    // Once more: what other parts of the configuration have as secrets was not known when the problem was found.
    lines.push(`    ${maskLine(sourceLine).slice(start, start + longestLine)}`);
    lines.push(`    ${sourceLine.slice(start, column - 1).replaceAll(/[^\t]/g, " ")}^`);
  }
  if (allowed !== undefined) lines.push(`  allowed: ${allowed.join(", ")}`);
  if (hint !== undefined) lines.push(`  hint: ${hint}`);
  return lines.join("\n");
}
