import { nearestName } from "../../config/index.ts";
import { enums } from "../context/fields.ts";
import { ProblemSignal } from "../ottl-error.ts";
import type { List, Literal, MapLiteral, Name } from "../syntax/ast.ts";
import { typeOf } from "../values/value-type.ts";
import type { Compilation } from "./compilation.ts";
import { type Compiled, constant } from "./compiled.ts";

/** @throws ProblemSignal for an integer that is too large */
export function compileLiteral({ value, column }: Literal): Compiled {
  if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value) {
    throw new ProblemSignal(column, `${value} does not fit into 64 bits`);
  }
  return constant(typeOf(value), value);
}

/** @throws ProblemSignal for a name that is no enum */
export function compileEnum({ name, column }: Name, { options }: Compilation): Compiled {
  const value = enums.get(name);
  if (value !== undefined) return constant("int", value);
  if (options.functions.has(name)) {
    throw new ProblemSignal(column, `${name} is a converter`, `call it: ${name}(...)`);
  }
  const near = nearestName(name, enums.keys());
  throw new ProblemSignal(
    column,
    `unknown enum ${name}`,
    near === undefined ? `enums are ${[...enums.keys()].join(", ")}` : `did you mean ${near}?`,
  );
}

/** @throws ProblemSignal */
export function compileList(node: List, compilation: Compilation): Compiled {
  const items = node.items.map((item) => compilation.value(item));
  if (items.every((item) => item.constant !== undefined)) {
    return constant(
      "list",
      items.map((item) => item.constant?.value),
    );
  }
  const getters = items.map(({ get }) => get);
  return { type: "list", get: (frame) => getters.map((get) => get(frame)) };
}

/** @throws ProblemSignal */
export function compileMap(node: MapLiteral, compilation: Compilation): Compiled {
  const entries = node.entries.map(({ key, value }) => [key, compilation.value(value)] as const);
  if (entries.every(([, item]) => item.constant !== undefined)) {
    return constant("map", Object.fromEntries(entries.map(([key, item]) => [key, item.constant?.value])));
  }
  return {
    type: "map",
    get: (frame) => Object.fromEntries(entries.map(([key, { get }]) => [key, get(frame)])),
  };
}
