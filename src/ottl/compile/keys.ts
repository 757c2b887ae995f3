import type { Frame } from "../context/draft.ts";
import { ProblemSignal } from "../ottl-error.ts";
import type { Expression } from "../syntax/ast.ts";
import type { ValueType } from "../values/value-type.ts";
import { readKey } from "./access.ts";
import type { Compilation } from "./compilation.ts";
import type { Compiled } from "./compiled.ts";

/**
 * The keys and indices behind something of type `container`.
 * @throws ProblemSignal for a key that it cannot have
 */
export function compileKeys(
  nodes: readonly Expression[],
  container: ValueType,
  compilation: Compilation,
): readonly Compiled[] {
  return nodes.map((node, i) => {
    const key = compilation.value(node);
    // What lies under the first key has a type that only the data can say.
    checkKey(i === 0 ? container : "any", key.type, node.column);
    return key;
  });
}

/** What lies under the keys. @throws EvaluationError */
export function readKeys(container: unknown, keys: readonly Compiled[], frame: Frame): unknown {
  return keys.reduce((value, key) => readKey(value, key.get(frame)), container);
}

function checkKey(container: ValueType, key: ValueType, column: number): void {
  const keys: Partial<Record<ValueType, readonly [what: string, types: readonly ValueType[]]>> = {
    map: ["a map is a string", ["string", "any"]],
    list: ["a list is an int", ["int", "any"]],
    any: ["a map or list is a string or an int", ["string", "int", "any"]],
  };
  const allowed = keys[container];
  if (allowed === undefined) throw new ProblemSignal(column, `${container} cannot be indexed`);
  const [what, types] = allowed;
  if (!types.includes(key)) throw new ProblemSignal(column, `a key of ${what}, got ${key}`);
}
