import { nearestName } from "../../config/index.ts";
import type { ContextName } from "../context/context-name.ts";
import type { Frame } from "../context/draft.ts";
import { Effects } from "../context/effects.ts";
import { enums } from "../context/fields.ts";
import { takesArguments } from "../functions/arity.ts";
import type {
  Arg,
  FunctionDefinition,
  FunctionParameter,
  Lambda,
  LambdaParameter,
  Parameter,
  Target,
  TargetParameter,
  TextFunction,
  ValueParameter,
} from "../functions/parameter.ts";
import { EvaluationError, ProblemSignal } from "../ottl-error.ts";
import type { Call, Expression, Path } from "../syntax/ast.ts";
import { isUpperCase } from "../syntax/parse.ts";
import { printExpression } from "../syntax/print.ts";
import { fromAttribute, toAttribute } from "../values/attribute-values.ts";
import { typeOf, type ValueType } from "../values/value-type.ts";
import { readKey, writeKeys } from "./access.ts";
import { bindArguments } from "./bind-arguments.ts";
import { compileComparison } from "./comparison.ts";
import { type Compiled, constant } from "./compiled.ts";
import { findFunction } from "./find-function.ts";
import { compileMath, negate } from "./math.ts";
import { noteRead, noteWrite, resolvePath } from "./path.ts";

export interface CompilerOptions {
  readonly context: ContextName;
  /** Whether paths may leave out the context. */
  readonly isImplied: boolean;
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
}

/** Turns the tree of one statement into closures, checking every type that can be known. Throws ProblemSignal. */
export class Compiler {
  readonly #options: CompilerOptions;
  /** Names of the parameters of the lambdas around, with where their values lie in the frame. */
  #locals: readonly { readonly name: string; readonly slot: number }[] = [];
  #effects = new Effects();

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** What has been compiled since the last call depends on and does this. */
  takeEffects(): Effects {
    const effects = this.#effects;
    this.#effects = new Effects();
    return effects;
  }

  editor(call: Call): (frame: Frame) => void {
    return this.#call(call).get;
  }

  condition(node: Expression): (frame: Frame) => boolean {
    switch (node.kind) {
      case "logic": {
        const left = this.condition(node.left);
        const right = this.condition(node.right);
        return node.operator === "and"
          ? (frame) => left(frame) && right(frame)
          : (frame) => left(frame) || right(frame);
      }
      case "not": {
        const operand = this.condition(node.operand);
        return (frame) => !operand(frame);
      }
      case "compare":
        return compileComparison(node, this.value(node.left), this.value(node.right));
      case "literal":
        if (typeof node.value === "boolean") {
          const { value } = node;
          return () => value;
        }
        break;
      case "call": {
        const { get, type } = this.value(node);
        if (type === "bool") return get as (frame: Frame) => boolean;
        if (type !== "any") {
          throw new ProblemSignal(node.column, `${node.name} gives ${type}, a condition needs bool`);
        }
        return (frame) => {
          const result = get(frame);
          if (typeof result === "boolean") return result;
          throw new EvaluationError(`${node.name} gave ${typeOf(result)}, a condition needs bool`);
        };
      }
      default:
    }
    throw new ProblemSignal(
      node.column,
      `a condition is a comparison or a converter, got ${printExpression(node)}`,
      node.kind === "path" ? `write ${printExpression(node)} == true, or != nil` : undefined,
    );
  }

  value(node: Expression): Compiled {
    switch (node.kind) {
      case "literal":
        if (typeof node.value === "bigint" && BigInt.asIntN(64, node.value) !== node.value) {
          throw new ProblemSignal(node.column, `${node.value} does not fit into 64 bits`);
        }
        return constant(typeOf(node.value), node.value);
      case "name":
        return this.#enum(node.name, node.column);
      case "path":
        return this.#path(node);
      case "call":
        if (!isUpperCase(node.name)) {
          throw new ProblemSignal(
            node.column,
            `${node.name} is an editor and has no value`,
            "converters begin with a capital letter",
          );
        }
        return this.#call(node);
      case "list": {
        const items = node.items.map((item) => this.value(item));
        if (items.every((item) => item.constant !== undefined)) {
          return constant(
            "list",
            items.map((item) => item.constant?.value),
          );
        }
        const getters = items.map(({ get }) => get);
        return { type: "list", get: (frame) => getters.map((get) => get(frame)) };
      }
      case "map": {
        const entries = node.entries.map(({ key, value }) => [key, this.value(value)] as const);
        if (entries.every(([, item]) => item.constant !== undefined)) {
          return constant(
            "map",
            Object.fromEntries(entries.map(([key, item]) => [key, item.constant?.value])),
          );
        }
        return {
          type: "map",
          get: (frame) => Object.fromEntries(entries.map(([key, { get }]) => [key, get(frame)])),
        };
      }
      case "negate": {
        const { type, get } = this.value(node.operand);
        if (type !== "int" && type !== "float" && type !== "any") {
          throw new ProblemSignal(node.column, `cannot negate ${type}`);
        }
        return { type, get: (frame) => negate(get(frame)) };
      }
      case "math":
        return compileMath(node.operator, this.value(node.left), this.value(node.right), node.column);
      case "lambda":
        throw new ProblemSignal(node.column, "a lambda stands only where a function takes one");
      case "compare":
      case "logic":
      case "not":
        throw new ProblemSignal(
          node.column,
          "a condition is no value",
          "use When(() => condition, value, otherwise), or two statements with where",
        );
    }
  }

  #enum(name: string, column: number): Compiled {
    const value = enums.get(name);
    if (value !== undefined) return constant("int", value);
    if (this.#options.functions.has(name)) {
      throw new ProblemSignal(column, `${name} is a converter`, `call it: ${name}(...)`);
    }
    const near = nearestName(name, enums.keys());
    throw new ProblemSignal(
      column,
      `unknown enum ${name}`,
      near === undefined ? `enums are ${[...enums.keys()].join(", ")}` : `did you mean ${near}?`,
    );
  }

  #path(path: Path): Compiled {
    const local = this.#local(path);
    if (local !== undefined) return local;
    const resolved = resolvePath(path, this.#options.context, this.#options.isImplied);
    noteRead(resolved, this.#effects);
    const { field, segment } = resolved;
    const read = field.get;
    const keys = this.#keys(segment.keys, field.type);
    const [first, ...rest] = keys;
    if (field.isAttributes !== true) {
      if (first === undefined) return { type: field.type, get: read };
      return {
        type: "any",
        get: (frame) => keys.reduce((value, key) => readKey(value, key.get(frame)), read(frame)),
      };
    }
    if (first === undefined) return { type: "map", get: (frame) => fromAttribute(read(frame)) };
    const name = first.constant?.value;
    if (rest.length === 0 && typeof name === "string") {
      return {
        type: "any",
        get: (frame) => {
          const map = read(frame) as Readonly<Record<string, unknown>>;
          return Object.hasOwn(map, name) ? fromAttribute(map[name]) : undefined;
        },
      };
    }
    return {
      type: "any",
      get: (frame) => fromAttribute(keys.reduce((value, key) => readKey(value, key.get(frame)), read(frame))),
    };
  }

  #local({ segments: [{ name, keys }, ...rest] }: Path): Compiled | undefined {
    const local = this.#locals.findLast((candidate) => candidate.name === name);
    if (local === undefined || rest.length > 0) return undefined;
    const { slot } = local;
    const getters = this.#keys(keys, "any");
    return {
      type: "any",
      get: (frame) => getters.reduce((value, key) => readKey(value, key.get(frame)), frame.locals[slot]),
    };
  }

  #keys(nodes: readonly Expression[], container: ValueType): Compiled[] {
    return nodes.map((node, i) => {
      const key = this.value(node);
      // What lies under the first key has a type that only the data can say.
      checkKey(i === 0 ? container : "any", key.type, node.column);
      return key;
    });
  }

  #call(call: Call): Compiled {
    const definition = this.#findFunction(call.name, call.column);
    const args = this.#arguments(call, definition);
    this.#effects.addFunction(definition.effects ?? {});
    let get: Compiled["get"];
    try {
      get = definition.build(args);
    } catch (error) {
      if (error instanceof ProblemSignal) throw error;
      throw new ProblemSignal(call.column, `${call.name}: ${(error as Error).message}`);
    }
    if (call.keys.length === 0) return { type: definition.returns, get };
    const container = definition.returns;
    const keys = this.#keys(call.keys, container);
    return {
      type: "any",
      get: (frame) => keys.reduce((value, key) => readKey(value, key.get(frame)), get(frame)),
    };
  }

  #arguments(call: Call, definition: FunctionDefinition): Record<string, unknown> {
    const args: Record<string, unknown> = {};
    for (const [name, { value }] of bindArguments(call, definition)) {
      const parameter = definition.parameters[name] as Parameter;
      args[name] = this.#argument(parameter, value, `argument "${name}" of ${call.name}`);
    }
    return args;
  }

  #findFunction(name: string, column: number): FunctionDefinition {
    return findFunction(this.#options.functions, this.#options.context, name, column);
  }

  #argument(parameter: Parameter, node: Expression, what: string): unknown {
    switch (parameter.form) {
      case "value":
        return this.#valueArgument(parameter, node, what);
      case "literal": {
        const arg = this.#valueArgument(parameter.value, node, what);
        if (arg.constant === undefined) {
          throw new ProblemSignal(node.column, `${what} must be a literal, got ${printExpression(node)}`);
        }
        return arg.constant.value;
      }
      case "target":
        return this.#target(parameter, node, what);
      case "lambda":
        return this.#lambda(parameter, node, what);
      case "function":
        return this.#textFunction(parameter, node, what);
    }
  }

  #valueArgument(parameter: ValueParameter<unknown>, node: Expression, what: string): Arg<unknown> {
    const { types, convert, expected } = parameter;
    if (node.kind === "lambda")
      throw new ProblemSignal(node.column, `${what} must be ${expected}, got a lambda`);
    const { type, get, constant: known } = this.value(node);
    const takesAll = types.includes("any");
    if (!takesAll && type !== "any" && !types.includes(type)) {
      throw new ProblemSignal(node.column, `${what} must be ${expected}, got ${type}`);
    }
    // A path of a known type may still be unset.
    const needsCheck = !takesAll && (type === "any" || known === undefined);
    const checked = needsCheck
      ? (frame: Frame) => {
          const value = get(frame);
          const actual = typeOf(value);
          if (!types.includes(actual))
            throw new EvaluationError(`${what} must be ${expected}, got ${actual}`);
          return convert(value);
        }
      : (frame: Frame) => convert(get(frame));
    if (known === undefined) return { get: checked, constant: undefined };
    try {
      const value = convert(known.value);
      return { get: () => value, constant: { value } };
    } catch (error) {
      throw new ProblemSignal(node.column, `${what}: ${(error as Error).message}`);
    }
  }

  #target(parameter: TargetParameter, node: Expression, what: string): Target {
    if (node.kind !== "path" || this.#local(node) !== undefined) {
      throw new ProblemSignal(
        node.column,
        `${what} must be ${parameter.expected}, got ${printExpression(node)}`,
      );
    }
    const resolved = resolvePath(node, this.#options.context, this.#options.isImplied);
    const { field, segment } = resolved;
    const text = printExpression(node);
    const write = field.set;
    if (write === undefined)
      throw new ProblemSignal(node.column, `${text} cannot be set`, field.readOnlyHint);
    noteWrite(resolved, this.#effects);
    const reader = this.#path(node);
    if (!parameter.types.includes("any") && reader.type !== "any" && !parameter.types.includes(reader.type)) {
      throw new ProblemSignal(node.column, `${what} must be ${parameter.expected}, got ${reader.type}`);
    }
    const keys = this.#keys(segment.keys, field.type);
    const read = field.get;
    const getRaw =
      keys.length === 0
        ? read
        : (frame: Frame) => keys.reduce((value, key) => readKey(value, key.get(frame)), read(frame));
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

  #lambda({ arity }: LambdaParameter, node: Expression, what: string): Lambda {
    if (node.kind !== "lambda") {
      const names = ["a", "b", "c"].slice(0, arity).join(", ");
      throw new ProblemSignal(node.column, `${what} must be a lambda`, `write (${names}) => ...`);
    }
    if (node.parameters.length !== arity) {
      throw new ProblemSignal(
        node.column,
        `${what} must be a lambda of ${arity} parameters, got ${node.parameters.length}`,
      );
    }
    const outer = this.#locals;
    const base = outer.length === 0 ? 0 : (outer.at(-1)?.slot ?? 0) + 1;
    this.#locals = [...outer, ...node.parameters.map((name, i) => ({ name, slot: base + i }))];
    try {
      const isCondition = ["compare", "logic", "not"].includes(node.body.kind);
      const body = isCondition ? this.condition(node.body) : this.value(node.body).get;
      return (frame, ...args) => {
        for (const [i, arg] of args.entries()) frame.locals[base + i] = arg;
        return body(frame);
      };
    } finally {
      this.#locals = outer;
    }
  }

  #textFunction(_: FunctionParameter, node: Expression, what: string): TextFunction {
    if (node.kind !== "name") {
      throw new ProblemSignal(node.column, `${what} must be the name of a converter, such as SHA256`);
    }
    const definition = this.#findFunction(node.name, node.column);
    const [first] = Object.entries(definition.parameters);
    const [, parameter] = first ?? [];
    if (first === undefined || parameter?.form !== "value" || !takesArguments(definition, 1)) {
      throw new ProblemSignal(node.column, `${what} must be a converter of one string, ${node.name} is none`);
    }
    if (!parameter.types.includes("any") && !parameter.types.includes("string")) {
      throw new ProblemSignal(
        node.column,
        `${what} must be a converter of a string, ${node.name} takes ${parameter.expected}`,
      );
    }
    let current = "";
    const convert = parameter.convert;
    const get = definition.build({ [first[0]]: { get: () => convert(current), constant: undefined } });
    return (frame, text) => {
      current = text;
      const result = get(frame);
      if (typeof result === "string") return result;
      throw new EvaluationError(`${node.name} gave ${typeOf(result)}, a replacement must be a string`);
    };
  }
}

/** @throws ProblemSignal for a key that a container of the type cannot have */
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
