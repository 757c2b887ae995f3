export {
  type CompiledStatement,
  type Condition,
  type ConditionGroup,
  compileConditions,
  compileStatements,
  type GroupProblem,
  type GroupSource,
  type Outcome,
  type StatementGroup,
} from "./compile/compile-group.ts";
export { type ContextName, contextNames } from "./context/context-name.ts";
export { EvaluationError, OttlError, type OttlProblem } from "./ottl-error.ts";
export { type ProblemIssue, problemIssue } from "./problem-issue.ts";
export {
  type ErrorMode,
  ErrorReporter,
  type ErrorReporterOptions,
  errorModes,
  StatementError,
} from "./run/error-report.ts";
export type { OnError } from "./run/execute.ts";
export { FilterEngine, type FilterGroup, type FilterOptions } from "./run/filter-engine.ts";
export { handwrittenCondition, type ItemView } from "./run/handwritten-condition.ts";
export { type EngineGroup, type EngineOptions, StatementEngine } from "./run/statement-engine.ts";
export { type StatementTrace, Tracer } from "./run/tracer.ts";
export { parseCondition, parseStatement } from "./syntax/parse.ts";
export { printExpression, printStatement } from "./syntax/print.ts";
