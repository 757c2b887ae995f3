import type { Frame } from "../context/draft.ts";
import { EvaluationError } from "../ottl-error.ts";
import { compareText, compareValues } from "../values/compare.ts";
import { toText } from "../values/text.ts";
import { isMap, type MapValue, typeOf } from "../values/value-type.ts";
import {
  any,
  defineConverter,
  defineFunction,
  type FunctionDefinition,
  type Lambda,
  lambda,
  list,
  listOrMap,
  literal,
  map,
  optional,
  string,
  stringOrList,
  strings,
} from "./parameter.ts";

type Source = readonly unknown[] | MapValue;

/** Keys with values, or indices with items. */
function entriesOf(source: Source): readonly (readonly [string | bigint, unknown])[] {
  return Array.isArray(source)
    ? source.map((item, i) => [BigInt(i), item] as const)
    : Object.entries(source as MapValue);
}

function test(predicate: Lambda, frame: Frame, key: unknown, value: unknown): boolean {
  const result = predicate(frame, key, value);
  if (typeof result === "boolean") return result;
  throw new EvaluationError(`a predicate must give a bool, got ${typeOf(result)}`);
}

const all = defineFunction({
  name: "All",
  parameters: { source: listOrMap(), predicate: lambda(2) },
  returns: "bool",
  build: ({ source, predicate }) => {
    return (frame) =>
      entriesOf(source.get(frame)).every(([key, value]) => test(predicate, frame, key, value));
  },
});

const anyFunction = defineFunction({
  name: "Any",
  parameters: { source: listOrMap(), predicate: lambda(2) },
  returns: "bool",
  build: ({ source, predicate }) => {
    return (frame) => entriesOf(source.get(frame)).some(([key, value]) => test(predicate, frame, key, value));
  },
});

const filter = defineFunction({
  name: "Filter",
  parameters: { source: listOrMap(), predicate: lambda(2) },
  returns: "any",
  build: ({ source, predicate }) => {
    return (frame) => {
      const from = source.get(frame);
      const kept = entriesOf(from).filter(([key, value]) => test(predicate, frame, key, value));
      return Array.isArray(from)
        ? kept.map(([, value]) => value)
        : Object.fromEntries(kept as [string, unknown][]);
    };
  },
});

const find = defineFunction({
  name: "Find",
  parameters: { source: listOrMap(), predicate: lambda(2), mapper: optional(lambda(2)) },
  returns: "any",
  build: ({ source, predicate, mapper }) => {
    return (frame) => {
      const found = entriesOf(source.get(frame)).find(([key, value]) => test(predicate, frame, key, value));
      if (found === undefined) return undefined;
      return mapper === undefined ? found[1] : mapper(frame, ...found);
    };
  },
});

const mapEach = defineFunction({
  name: "MapEach",
  parameters: { source: listOrMap(), mapper: lambda(2) },
  returns: "any",
  build: ({ source, mapper }) => {
    return (frame) => {
      const from = source.get(frame);
      const mapped = entriesOf(from).map(([key, value]) => [key, mapper(frame, key, value)] as const);
      return Array.isArray(from)
        ? mapped.map(([, value]) => value)
        : Object.fromEntries(mapped as [string, unknown][]);
    };
  },
});

const mapKeys = defineFunction({
  name: "MapKeys",
  parameters: { source: map(), key_mapper: lambda(2) },
  returns: "map",
  build: ({ source, key_mapper }) => {
    return (frame) =>
      Object.fromEntries(
        Object.entries(source.get(frame)).map(([key, value]) => {
          const name = key_mapper(frame, key, value);
          if (typeof name === "string") return [name, value];
          throw new EvaluationError(`a key mapper must give a string, got ${typeOf(name)}`);
        }),
      );
  },
});

const reduce = defineFunction({
  name: "Reduce",
  parameters: { source: listOrMap(), seed: any(), accumulator: lambda(3) },
  returns: "any",
  build: ({ source, seed, accumulator }) => {
    return (frame) =>
      entriesOf(source.get(frame)).reduce<unknown>(
        (result, [key, value]) => accumulator(frame, result, key, value),
        seed.get(frame),
      );
  },
});

const when = defineFunction({
  name: "When",
  parameters: { condition: lambda(0), true_value: any(), false_value: any() },
  returns: "any",
  build: ({ condition, true_value, false_value }) => {
    return (frame) => {
      const result = condition(frame);
      if (typeof result !== "boolean")
        throw new EvaluationError(`a condition must give a bool, got ${typeOf(result)}`);
      return (result ? true_value : false_value).get(frame);
    };
  },
});

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isMap(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}

function sliceToMap(
  items: readonly unknown[],
  keyPath: readonly string[] | undefined,
  valuePath: readonly string[] | undefined,
): MapValue {
  const entries = items.map((item, i) => {
    if (!isMap(item) && (keyPath ?? valuePath) !== undefined)
      throw new EvaluationError(`SliceToMap needs a list of maps, found ${typeOf(item)} in it`);
    const key = keyPath === undefined ? String(i) : at(item, keyPath);
    if (typeof key !== "string") {
      throw new EvaluationError(`key_path ${keyPath?.join(".")} must lead to a string, got ${typeOf(key)}`);
    }
    const value = valuePath === undefined ? item : at(item, valuePath);
    if (value === undefined) throw new EvaluationError(`value_path ${valuePath?.join(".")} leads to nothing`);
    return [key, value] as const;
  });
  return Object.fromEntries(entries);
}

const sort = defineFunction({
  name: "Sort",
  parameters: { target: list(), order: optional(literal(string())) },
  returns: "list",
  build({ target, order = "asc" }) {
    if (order !== "asc" && order !== "desc") {
      throw new Error(`order must be "asc" or "desc", got ${JSON.stringify(order)}`);
    }
    const sign = order === "asc" ? 1 : -1;
    return (frame) => {
      const items = target.get(frame);
      const types = new Set(items.map(typeOf));
      for (const type of types) {
        if (!["int", "float", "string", "bool"].includes(type))
          throw new EvaluationError(`cannot sort a list with ${type} in it`);
      }
      const isNumeric = [...types].every((type) => type === "int" || type === "float");
      return items.toSorted((a, b) => {
        if (isNumeric) return compareValues(a, "<", b) ? -sign : compareValues(a, ">", b) ? sign : 0;
        return sign * compareText(toText(a) ?? "", toText(b) ?? "");
      });
    };
  },
});

function lengthOf(value: unknown): bigint {
  if (typeof value === "string") return BigInt(Buffer.byteLength(value));
  if (Array.isArray(value) || value instanceof Uint8Array) return BigInt(value.length);
  if (isMap(value)) return BigInt(Object.keys(value).length);
  throw new EvaluationError(`${typeOf(value)} has no length`);
}

export const collectionFunctions: readonly FunctionDefinition[] = [
  all,
  anyFunction,
  filter,
  find,
  mapEach,
  mapKeys,
  reduce,
  when,
  sort,
  defineConverter("Coalesce", { values: list() }, "any", ({ values }) =>
    values.find((value) => value !== undefined),
  ),
  defineConverter("ContainsValue", { target: list(), item: any() }, "bool", ({ target, item }) =>
    target.some((value) => compareValues(value, "==", item)),
  ),
  defineConverter("Index", { target: stringOrList(), value: any() }, "int", ({ target, value }) => {
    if (typeof target !== "string")
      return BigInt(target.findIndex((item) => compareValues(item, "==", value)));
    if (typeof value !== "string")
      throw new EvaluationError(`only a string is found in a string, got ${typeOf(value)}`);
    const index = target.indexOf(value);
    return index < 0 ? -1n : BigInt(Buffer.byteLength(target.slice(0, index)));
  }),
  defineConverter("Keys", { target: map() }, "list", ({ target }) => Object.keys(target)),
  defineConverter("Values", { target: map() }, "list", ({ target }) => Object.values(target)),
  defineConverter("Len", { target: any() }, "int", ({ target }) => lengthOf(target)),
  defineConverter(
    "SliceToMap",
    { target: list(), key_path: optional(strings()), value_path: optional(strings()) },
    "map",
    ({ target, key_path, value_path }) => sliceToMap(target, key_path, value_path),
  ),
];
