import type { Frame } from "../context/draft.ts";
import type { Target, TargetParameter } from "../functions/parameter.ts";
import { EvaluationError, ProblemSignal } from "../ottl-error.ts";
import type { Expression } from "../syntax/ast.ts";
import { printExpression } from "../syntax/print.ts";
import { toAttribute } from "../values/attribute-values.ts";
import { typeOf } from "../values/value-type.ts";
import { writeKeys } from "./access.ts";
import type { Compilation } from "./compilation.ts";
import { compileKeys, readKeys } from "./keys.ts";
import { noteWrite, resolvePath } from "./path.ts";
import { compileLocal, compilePath } from "./path-value.ts";

/**
 * What an editor writes to.
 * @param what the argument, for messages
 * @throws ProblemSignal for what is no path, or one that cannot be set
 */
export function compileTarget(
  { expected, types }: TargetParameter,
  node: Expression,
  what: string,
  compilation: Compilation,
): Target {
  const text = printExpression(node);
  if (node.kind !== "path" || compileLocal(node, compilation) !== undefined) {
    throw new ProblemSignal(node.column, `${what} must be ${expected}, got ${text}`);
  }
  const resolved = resolvePath(node, compilation.options.context, compilation.options.isImplied);
  const { field, segment } = resolved;
  const write = field.set;
  if (write === undefined) throw new ProblemSignal(node.column, `${text} cannot be set`, field.readOnlyHint);
  noteWrite(resolved, compilation.effects);
  const reader = compilePath(node, compilation);
  if (!types.includes("any") && reader.type !== "any" && !types.includes(reader.type)) {
    throw new ProblemSignal(node.column, `${what} must be ${expected}, got ${reader.type}`);
  }
  const keys = compileKeys(segment.keys, field.type, compilation);
  const read = field.get;
  const getRaw = keys.length === 0 ? read : (frame: Frame) => readKeys(read(frame), keys, frame);
  const setRaw =
    keys.length === 0
      ? write
      : (frame: Frame, raw: unknown) => {
          const path = keys.map((key) => key.get(frame));
          write(frame, writeKeys(read(frame), path, raw));
        };
  const toRaw = field.isAttributes === true ? toAttribute : (value: unknown) => value;
  const type = keys.length === 0 ? field.type : "any";
  return {
    text,
    type,
    get: reader.get,
    getRaw,
    setRaw,
    toRaw,
    set(frame, value) {
      if (type !== "any" && typeOf(value) !== type) {
        throw new EvaluationError(`${text} is ${type} and cannot be set to ${typeOf(value)}`);
      }
      setRaw(frame, toRaw(value));
    },
  };
}
