import type { ContextName } from "../context/context-name.ts";
import type { Frame } from "../context/draft.ts";
import { Effects } from "../context/effects.ts";
import { conditionFunctions, statementFunctions } from "../functions/registry.ts";
import { OttlError, ProblemSignal } from "../ottl-error.ts";
import type { Expression, Statement } from "../syntax/ast.ts";
import { parseCondition, parseStatement } from "../syntax/parse.ts";
import { Compiler } from "./compiler.ts";
import { inferContext } from "./infer-context.ts";

/** A condition ready to run. */
export interface Condition {
  readonly text: string;
  readonly test: (frame: Frame) => boolean;
  readonly effects: Effects;
}

/** A statement ready to run. */
export interface CompiledStatement {
  readonly text: string;
  readonly node: Statement;
  readonly where: ((frame: Frame) => boolean) | undefined;
  readonly run: (frame: Frame) => void;
  readonly whereEffects: Effects;
  readonly runEffects: Effects;
  /** Of both. */
  readonly effects: Effects;
  /** Of a `set` without argument names: what it would set. */
  readonly newValue: ((frame: Frame) => unknown) | undefined;
}

export interface StatementGroup {
  readonly context: ContextName;
  /** Items for which none of these holds are left alone; all are taken when there is none. */
  readonly conditions: readonly Condition[];
  readonly statements: readonly CompiledStatement[];
}

export interface ConditionGroup {
  readonly context: ContextName;
  readonly conditions: readonly Condition[];
}

export interface GroupSource {
  /** Inferred when it is left out. */
  readonly context?: ContextName | undefined;
  readonly conditions?: readonly string[];
}

export interface GroupProblem {
  readonly list: "statements" | "conditions";
  readonly index: number;
  readonly error: OttlError;
}

/** What was compiled, or everything that is wrong with it. */
export type Outcome<Group> =
  | { readonly group: Group; readonly problems: readonly [] }
  | { readonly group: undefined; readonly problems: readonly GroupProblem[] };

export function compileStatements(
  source: GroupSource & { readonly statements: readonly string[] },
): Outcome<StatementGroup> {
  const problems: GroupProblem[] = [];
  const statements = parseAll(source.statements, "statements", parseStatement, problems);
  const conditions = parseAll(source.conditions ?? [], "conditions", parseCondition, problems);
  if (problems.length > 0) return { group: undefined, problems };
  const context =
    source.context ??
    inferContext(statements, conditions, statementFunctions) ??
    // Nothing names a context: the compiler says so for each path, with what to write.
    "resource";
  const isImplied = source.context !== undefined;
  const compiler = new Compiler({ context, isImplied, functions: statementFunctions });
  const group: StatementGroup = {
    context,
    conditions: compileAll(source.conditions ?? [], "conditions", problems, (text, i) =>
      compileCondition(compiler, text, conditions[i] as Expression),
    ),
    statements: compileAll(source.statements, "statements", problems, (text, i) =>
      compileStatement(compiler, text, statements[i] as Statement),
    ),
  };
  return problems.length > 0 ? { group: undefined, problems } : { group, problems: [] };
}

export function compileConditions(
  source: GroupSource & { readonly conditions: readonly string[] },
): Outcome<ConditionGroup> {
  const problems: GroupProblem[] = [];
  const nodes = parseAll(source.conditions, "conditions", parseCondition, problems);
  if (problems.length > 0) return { group: undefined, problems };
  const context = source.context ?? inferContext([], nodes, conditionFunctions) ?? "resource";
  const compiler = new Compiler({
    context,
    isImplied: source.context !== undefined,
    functions: conditionFunctions,
  });
  const conditions = compileAll(source.conditions, "conditions", problems, (text, i) =>
    compileCondition(compiler, text, nodes[i] as Expression),
  );
  return problems.length > 0
    ? { group: undefined, problems }
    : { group: { context, conditions }, problems: [] };
}

function compileCondition(compiler: Compiler, text: string, node: Expression): Condition {
  const test = compiler.condition(node);
  return { text, test, effects: compiler.takeEffects() };
}

function compileStatement(compiler: Compiler, text: string, node: Statement): CompiledStatement {
  const where = node.where === undefined ? undefined : compiler.condition(node.where);
  const whereEffects = compiler.takeEffects();
  const run = compiler.editor(node.editor);
  const runEffects = compiler.takeEffects();
  const effects = new Effects();
  effects.add(whereEffects);
  effects.add(runEffects);
  const { name, args } = node.editor;
  const isPlainSet = name === "set" && args.every((argument) => argument.name === undefined);
  const value = isPlainSet ? args[1]?.value : undefined;
  const newValue = value === undefined ? undefined : compiler.value(value).get;
  compiler.takeEffects();
  return { text, node, where, run, whereEffects, runEffects, effects, newValue };
}

function parseAll<Node>(
  texts: readonly string[],
  list: GroupProblem["list"],
  parse: (text: string) => Node,
  problems: GroupProblem[],
): Node[] {
  return compileAll(texts, list, problems, parse);
}

/** Collects the problems of all texts instead of stopping at the first. */
function compileAll<Result>(
  texts: readonly string[],
  list: GroupProblem["list"],
  problems: GroupProblem[],
  compile: (text: string, index: number) => Result,
): Result[] {
  return texts.flatMap((text, index) => {
    try {
      return [compile(text, index)];
    } catch (error) {
      if (!(error instanceof ProblemSignal)) throw error;
      problems.push({ list, index, error: new OttlError(text, error.problem) });
      return [];
    }
  });
}
