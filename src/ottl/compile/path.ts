import { nearestName } from "../../config/index.ts";
import { type ContextName, contextAliases, contextNames, depthOf } from "../context/context-name.ts";
import type { Effects } from "../context/effects.ts";
import type { Field } from "../context/field.ts";
import { cacheField, fieldsOf } from "../context/fields.ts";
import { ProblemSignal } from "../ottl-error.ts";
import type { Path, Segment } from "../syntax/ast.ts";

/** What a path means. */
export interface ResolvedPath {
  /** Undefined for the cache. */
  readonly context: ContextName | undefined;
  readonly field: Field;
  /** The segment that names the field; its keys index into it. */
  readonly segment: Segment;
}

/** The context a path names, and how many segments that takes. */
export function contextOf({ segments: [first, ...rest] }: Path): ContextName | undefined {
  if (rest.length === 0 || first.keys.length > 0) return undefined;
  const name = contextAliases[first.name] ?? first.name;
  return (contextNames as readonly string[]).includes(name) ? (name as ContextName) : undefined;
}

/** Contexts of other signals and of what this collector does not look into. */
const foreign: ReadonlySet<string> = new Set([
  "log",
  "span",
  "spanevent",
  "profile",
  "profilesample",
  "exemplar",
  "otelcol",
]);

/**
 * @param context of the group of statements
 * @param isImplied whether paths without a context are meant for the group's, as in groups that name theirs
 * @throws ProblemSignal
 */
export function resolvePath(path: Path, context: ContextName, isImplied: boolean): ResolvedPath {
  const named = contextOf(path);
  const [first, ...rest] = path.segments;
  if (named === undefined && first.name === "cache" && rest.length === 0 && isImplied) {
    return { context: undefined, field: cacheField, segment: first };
  }
  if (named === undefined && !isImplied) {
    const text = path.segments.map(({ name }) => name).join(".");
    if (foreign.has(first.name) && rest.length > 0) {
      throw new ProblemSignal(
        path.column,
        `context "${first.name}" is not there for metrics`,
        allowedContexts(),
      );
    }
    const owners = contextNames.filter((name) => Object.hasOwn(fieldsOf[name], first.name));
    const near =
      rest.length > 0
        ? nearestName(first.name, [...contextNames, ...Object.keys(contextAliases)])
        : undefined;
    throw new ProblemSignal(
      path.column,
      `path "${text}" names no context`,
      near !== undefined
        ? `did you mean "${near}"?`
        : owners.length > 0
          ? `write ${owners.map((name) => `${name}.${text}`).join(" or ")}`
          : allowedContexts(),
    );
  }
  const owner = named ?? context;
  if (depthOf(owner) > depthOf(context)) {
    throw new ProblemSignal(
      path.column,
      `"${owner}" is not visible in the ${context} context`,
      `a context sees itself and what is around it: use the ${owner} context`,
    );
  }
  const [segment, ...inner] = (named === undefined ? path.segments : rest) as [Segment, ...Segment[]];
  // `metric.cache` is the cache of the group, whatever its context.
  if (segment.name === "cache" && inner.length === 0 && owner === context) {
    return { context: undefined, field: cacheField, segment };
  }
  return { context: owner, ...descend(owner, fieldsOf[owner], segment, inner) };
}

function descend(
  owner: string,
  fields: Readonly<Record<string, Field>>,
  segment: Segment,
  inner: readonly Segment[],
): { readonly field: Field; readonly segment: Segment } {
  const field = Object.hasOwn(fields, segment.name) ? fields[segment.name] : undefined;
  if (field === undefined) {
    const near = nearestName(segment.name, Object.keys(fields));
    throw new ProblemSignal(
      segment.column,
      `${owner} has no field "${segment.name}"`,
      near !== undefined
        ? `did you mean "${near}"?`
        : `fields are ${Object.keys(fields).join(", ")}; an attribute is written attributes["${segment.name}"]`,
    );
  }
  const [next, ...rest] = inner;
  if (next === undefined) return { field, segment };
  if (field.fields === undefined || segment.keys.length > 0) {
    throw new ProblemSignal(
      next.column,
      `${owner}.${segment.name} has no fields`,
      field.type === "map"
        ? `write ${segment.name}["${inner.map(({ name }) => name).join(".")}"]`
        : undefined,
    );
  }
  return descend(`${owner}.${segment.name}`, field.fields, next, rest);
}

function allowedContexts(): string {
  return `contexts are ${contextNames.join(", ")}`;
}

/** Notes what reading a path depends on. */
export function noteRead({ context, field }: ResolvedPath, effects: Effects): void {
  if (context === undefined) effects.usesCache = true;
  else if (field.isPointData === true) effects.readsPoints = true;
  else effects.reads.add(context);
  if (field.spansPoints === true) effects.spansPoints = true;
}

export function noteWrite({ context, field }: ResolvedPath, effects: Effects): void {
  if (context === undefined) effects.usesCache = true;
  else if (field.isPointData === true) effects.writesPoints = true;
  else effects.writes.add(context);
}
