import type { CompiledStatement, StatementGroup } from "../compile/compile-group.ts";
import type { Frame } from "../context/draft.ts";
import { Effects } from "../context/effects.ts";
import type { Expression } from "../syntax/ast.ts";
import type { OnError } from "./execute.ts";
import { LayoutStep } from "./layout-step.ts";
import { layoutRunner } from "./point-memo.ts";
import { isField, readsOnlyNumbers } from "./reads.ts";
import { type ValueRule, ValueStep } from "./value-step.ts";

/** Statements that are run together, with what becomes of their errors. */
export interface Step {
  readonly group: StatementGroup;
  readonly onError: OnError;
  readonly sharesCache: boolean;
}

/** Steps that run in one go: always able to work on drafts of plain objects, and where possible on columns. */
export interface Stage {
  readonly steps: readonly Step[];
  readonly layout?: LayoutStep;
  /** The layout step holds only where no point is missing from a batch. */
  readonly needsAllPresent?: boolean;
  readonly values?: ValueStep;
}

type Plan = Step & {
  readonly isLayoutOnly: boolean;
  readonly needsAllPresent: boolean;
  readonly rule: ValueRule | undefined;
};

/**
 * Decides how often statements have to run. What depends on names and attributes only is a function of the layout, and
 * neighbours of that kind are one function.
 */
export function planStages(steps: readonly Step[], frame: Frame): Stage[] {
  const stages: Stage[] = [];
  let joined: Plan[] = [];
  const close = () => {
    const [first] = joined;
    if (first !== undefined) stages.push(layoutStage(joined, first.needsAllPresent, frame));
    joined = [];
  };
  for (const plan of steps.flatMap((step) => planStep(step, frame))) {
    if (joined[0]?.needsAllPresent !== plan.needsAllPresent || !plan.isLayoutOnly) close();
    if (plan.isLayoutOnly) joined.push(plan);
    else
      stages.push({
        steps: [plan],
        ...(plan.rule !== undefined && { values: new ValueStep(plan.rule, frame) }),
      });
  }
  close();
  return stages;
}

function layoutStage(steps: readonly Step[], needsAllPresent: boolean, frame: Frame): Stage {
  const runs = steps.map(({ group, onError }) => ({ run: layoutRunner(group), onError }));
  const layout = new LayoutStep((drafts) => {
    for (const { run, onError } of runs) run(drafts, { frame, onError, sharesCache: false });
  });
  return { steps, layout, needsAllPresent };
}

/**
 * Statements that touch only what belongs to their item give the same result one after the other over all items as item
 * by item; such a group is cut into steps of their own kind.
 */
function planStep(step: Step, frame: Frame): Plan[] {
  const { group, sharesCache } = step;
  const all = new Effects();
  for (const { effects } of [...group.statements, ...group.conditions]) all.add(effects);
  const whole = {
    ...step,
    isLayoutOnly: all.isLayoutOnly && !(all.usesCache && sharesCache),
    needsAllPresent: all.dependsOnPresence(group.context),
    rule: undefined,
  };
  if (whole.isLayoutOnly || !isSeparable(group, all)) return [whole];
  return runsOf(group.statements).map((statements) => {
    const [first] = statements as [CompiledStatement, ...CompiledStatement[]];
    const part: StatementGroup = { ...group, statements };
    const { isLayoutOnly } = first.effects;
    // Statements that can be separated write to their own items only, whichever points there are.
    return {
      ...step,
      group: part,
      isLayoutOnly,
      needsAllPresent: false,
      rule: isLayoutOnly ? undefined : valueRule(first, part, frame),
    };
  });
}

function isSeparable({ context, conditions }: StatementGroup, all: Effects): boolean {
  const writesElsewhere = [...all.writes].some((written) => written !== context);
  return (
    conditions.length === 0 && !all.usesCache && !all.addsMetrics && !all.spansPoints && !writesElsewhere
  );
}

/** Neighbours that depend on names only stay together, others stand alone. */
function runsOf(statements: readonly CompiledStatement[]): CompiledStatement[][] {
  const runs: CompiledStatement[][] = [];
  for (const statement of statements) {
    const last = runs.at(-1);
    if (statement.effects.isLayoutOnly && last?.[0]?.effects.isLayoutOnly === true) last.push(statement);
    else runs.push([statement]);
  }
  return runs;
}

/** How to run a statement over a column; undefined for what needs the whole points. */
function valueRule(statement: CompiledStatement, group: StatementGroup, frame: Frame): ValueRule | undefined {
  const { editor } = statement.node;
  if (statement.effects.isImpure) return undefined;
  const { where, whereEffects } = statement;
  const base = { text: statement.text, context: group.context, statement };
  const byName = whereEffects.isLayoutOnly;
  if (editor.name === "set" && group.context === "datapoint") {
    const [target, value] = editor.args;
    if (target === undefined || !isField(target.value, ["value_double"]) || value === undefined)
      return undefined;
    if (!readsOnlyNumbers(statement.node.where) || !readsOnlyNumbers(value.value)) return undefined;
    const compute = statement.newValue;
    if (compute === undefined) return undefined;
    return {
      ...base,
      selects: byName ? (where ?? always) : always,
      where: byName ? undefined : where,
      compute,
      factor: factorOf(value.value),
      names: undefined,
      ignoresComposites: true,
    };
  }
  if (editor.name === "scale_metric" && byName) {
    const [factor, unit] = editor.args;
    const number = factor === undefined ? undefined : literalNumber(factor.value);
    if (number === undefined || editor.args.some(({ name }) => name !== undefined)) return undefined;
    if (unit !== undefined && (unit.value.kind !== "literal" || typeof unit.value.value !== "string"))
      return undefined;
    const unitText = unit?.value.kind === "literal" ? (unit.value.value as string) : undefined;
    return {
      ...base,
      selects: where ?? always,
      where: undefined,
      compute: never,
      factor: number,
      names: unitText === undefined ? undefined : unitStep(unitText, where ?? always, frame),
      ignoresComposites: false,
    };
  }
  return undefined;
}

const always = () => true;
const never = () => undefined;

function unitStep(unit: string, selects: (frame: Frame) => boolean, frame: Frame): LayoutStep {
  return new LayoutStep((drafts) => {
    for (const resource of drafts) {
      frame.resource = resource;
      for (const scope of resource.scopes) {
        frame.scope = scope;
        for (const metric of scope.metrics) {
          frame.metric = metric;
          if (selects(frame)) metric.descriptor = { ...metric.descriptor, unit };
        }
      }
    }
  });
}

/** Of `value_double * 2.0` and `2.0 * value_double`. */
function factorOf(node: Expression): number | undefined {
  if (node.kind !== "math") return undefined;
  const { operator, left, right } = node;
  if (operator === "*" && isField(left, ["value_double"])) return literalNumber(right);
  if (operator === "*" && isField(right, ["value_double"])) return literalNumber(left);
  return undefined;
}

function literalNumber(node: Expression): number | undefined {
  if (node.kind !== "literal") return undefined;
  return typeof node.value === "number" || typeof node.value === "bigint" ? Number(node.value) : undefined;
}
