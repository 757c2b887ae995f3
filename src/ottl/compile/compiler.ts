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
import { unsupported } from "../functions/unsupported.ts";
import { EvaluationError, ProblemSignal } from "../ottl-error.ts";
import type { Argument, Call, Comparison, Expression, Path } from "../syntax/ast.ts";
import { isUpperCase } from "../syntax/parse.ts";
import { printExpression } from "../syntax/print.ts";
import { fromAttribute, toAttribute } from "../values/attribute-values.ts";
import { compareValues } from "../values/compare.ts";
import { typeOf, type ValueType } from "../values/value-type.ts";
import { readKey, writeKeys } from "./access.ts";
import { type Compiled, constant } from "./compiled.ts";
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
        return this.#comparison(node);
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

  #comparison({ left, right, operator, column }: Comparison): (frame: Frame) => boolean {
    const a = this.value(left);
    const b = this.value(right);
    if (neverEqual(a.type, b.type)) {
      throw new ProblemSignal(
        column,
        `cannot compare ${a.type} ${operator} ${b.type}`,
        enumHint(left, a, b) ?? enumHint(right, b, a) ?? "values of different types are never equal",
      );
    }
    if (b.constant !== undefined) {
      const { value } = b.constant;
      const { get } = a;
      // The most common comparisons need no look at the types.
      if (typeof value === "string" && operator === "==") return (frame) => get(frame) === value;
      if (typeof value === "string" && operator === "!=") return (frame) => get(frame) !== value;
      return (frame) => compareValues(get(frame), operator, value);
    }
    return (frame) => compareValues(a.get(frame), operator, b.get(frame));
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
      const allowed: readonly ValueType[] =
        i > 0 || container === "any"
          ? ["string", "int", "any"]
          : container === "map"
            ? ["string", "any"]
            : ["int", "any"];
      if (i === 0 && container !== "map" && container !== "list" && container !== "any") {
        throw new ProblemSignal(node.column, `${container} cannot be indexed`);
      }
      if (!allowed.includes(key.type)) {
        throw new ProblemSignal(
          node.column,
          `a key of a ${i === 0 && container !== "any" ? container : "map or list"} is ${container === "map" && i === 0 ? "a string" : container === "list" && i === 0 ? "an int" : "a string or an int"}, got ${key.type}`,
        );
      }
      return key;
    });
  }

  #call(call: Call): Compiled {
    const definition = this.#definition(call);
    const args = this.#arguments(call, definition);
    const effects = definition.effects ?? {};
    this.#effects.isImpure ||= effects.isImpure ?? false;
    this.#effects.readsPoints ||= effects.readsPoints ?? false;
    this.#effects.writesPoints ||= effects.writesPoints ?? false;
    this.#effects.spansPoints ||= effects.spansPoints ?? false;
    this.#effects.addsMetrics ||= effects.addsMetrics ?? false;
    for (const context of effects.writes ?? []) this.#effects.writes.add(context);
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

  #definition({ name, column }: Call): FunctionDefinition {
    const { functions, context } = this.#options;
    const definition = functions.get(name);
    if (definition === undefined) {
      const reason = unsupported.get(name);
      if (reason !== undefined) throw new ProblemSignal(column, `${name} is not supported`, reason);
      const near = nearestName(name, functions.keys());
      throw new ProblemSignal(
        column,
        `unknown function ${name}`,
        near === undefined ? undefined : `did you mean ${near}?`,
      );
    }
    if (definition.contexts !== undefined && !definition.contexts.includes(context)) {
      throw new ProblemSignal(
        column,
        `${name} is not there in the ${context} context`,
        `put it into a group of its own in the ${definition.contexts.join(" or ")} context`,
      );
    }
    return definition;
  }

  #arguments(call: Call, definition: FunctionDefinition): Record<string, unknown> {
    const names = Object.keys(definition.parameters);
    const given = new Map<string, Argument>();
    let seenNamed = false;
    for (const [i, argument] of call.args.entries()) {
      if (argument.name === undefined) {
        if (seenNamed)
          throw new ProblemSignal(
            argument.column,
            "an argument without a name stands behind one with a name",
          );
        const name = names[i];
        if (name === undefined) {
          throw new ProblemSignal(
            argument.column,
            `${call.name} takes ${countText(names.length)}, got ${call.args.length}`,
            signature(definition),
          );
        }
        given.set(name, argument);
        continue;
      }
      seenNamed = true;
      const name = names.find((candidate) => fold(candidate) === fold(argument.name as string));
      if (name === undefined) {
        const near = nearestName(argument.name, names);
        throw new ProblemSignal(
          argument.column,
          `${call.name} has no argument "${argument.name}"`,
          near === undefined ? signature(definition) : `did you mean "${near}"?`,
        );
      }
      if (given.has(name)) throw new ProblemSignal(argument.column, `argument "${name}" is given twice`);
      given.set(name, argument);
    }
    const args: Record<string, unknown> = {};
    for (const name of names) {
      const parameter = definition.parameters[name] as Parameter;
      const argument = given.get(name);
      if (argument === undefined) {
        if (parameter.optional) continue;
        throw new ProblemSignal(
          call.column,
          `${call.name} lacks its argument "${name}"`,
          signature(definition),
        );
      }
      args[name] = this.#argument(parameter, argument.value, `argument "${name}" of ${call.name}`);
    }
    return args;
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
    const definition = this.#definition({
      kind: "call",
      name: node.name,
      args: [],
      keys: [],
      column: node.column,
    });
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

function neverEqual(left: ValueType, right: ValueType): boolean {
  if (left === right || [left, right].some((type) => type === "any" || type === "nil")) return false;
  return !(["int", "float"].includes(left) && ["int", "float"].includes(right));
}

/** `metric.type == "Sum"` is what people write and can never be true. */
function enumHint(node: Expression, self: Compiled, other: Compiled): string | undefined {
  if (node.kind !== "path" || self.type !== "int" || other.type !== "string") return undefined;
  const field = node.segments.at(-1)?.name;
  const prefix =
    field === "type"
      ? "METRIC_DATA_TYPE_"
      : field === "aggregation_temporality"
        ? "AGGREGATION_TEMPORALITY_"
        : "";
  return prefix === ""
    ? undefined
    : `compare with an enum such as ${[...enums.keys()].filter((name) => name.startsWith(prefix))[1]}`;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

function countText(count: number): string {
  return count === 0 ? "no arguments" : count === 1 ? "1 argument" : `at most ${count} arguments`;
}

function signature({ name, parameters }: FunctionDefinition): string {
  const list = Object.entries(parameters).map(([key, { optional }]) => (optional ? `${key}?` : key));
  return `it is ${name}(${list.join(", ")})`;
}
