import type { Frame } from "../context/draft.ts";
import { EvaluationError } from "../ottl-error.ts";
import { fromAttribute } from "../values/attribute-values.ts";
import { attributeString } from "../values/text.ts";
import { isMap, type MapValue, typeOf, type ValueType } from "../values/value-type.ts";
import { flattenMap } from "./flatten.ts";
import {
  any,
  bool,
  defineFunction,
  type FunctionDefinition,
  int,
  list,
  literal,
  map,
  mapTarget,
  optional,
  string,
  strings,
  type Target,
  target,
} from "./parameter.ts";
import { type Pattern, pattern } from "./pattern.ts";
import { truncateUtf8 } from "./utf8.ts";

const set = defineFunction({
  name: "set",
  parameters: { target: target(), value: any() },
  returns: "nil",
  build({ target: to, value }) {
    if (value.constant !== undefined && to.type !== "any") {
      const type = typeOf(value.constant.value);
      if (type !== to.type && type !== "nil") {
        const hint = to.type === "float" && type === "int" ? `: write ${value.constant.value}.0` : "";
        throw new Error(`${to.text} is ${to.type} and cannot be set to ${type}${hint}`);
      }
    }
    return (frame) => {
      const result = value.get(frame);
      // Nil means that there is nothing to set.
      if (result !== undefined) to.set(frame, result);
    };
  },
});

/** By type; a time has no empty value. */
const emptyValues: Partial<Record<ValueType, unknown>> = {
  bool: false,
  int: 0n,
  float: 0,
  string: "",
  bytes: new Uint8Array(),
  list: [],
  map: {},
};

const clear = defineFunction({
  name: "clear",
  parameters: { target: target() },
  returns: "nil",
  build: ({ target: to }) => {
    return (frame) => {
      const type = typeOf(to.get(frame));
      // Where there is nothing, nothing is cleared.
      if (type === "nil") return;
      const empty = emptyValues[type];
      if (empty === undefined) throw new EvaluationError(`${to.text} is a ${type} and cannot be cleared`);
      to.set(frame, empty);
    };
  },
});

/** The raw map under a target; undefined when there is none. */
function rawMap(to: Target, frame: Frame): MapValue | undefined {
  const raw = to.getRaw(frame);
  if (raw === undefined || raw === null) return undefined;
  if (!isMap(raw)) throw new EvaluationError(`${to.text} is ${typeOf(raw)}, not a map`);
  return raw;
}

/** Keeps the entries that `keep` says; the map stays the same object when that is all of them. */
function filterMap(to: Target, frame: Frame, keep: (key: string, index: number) => boolean): void {
  const raw = rawMap(to, frame);
  if (raw === undefined) return;
  const entries = Object.entries(raw);
  const kept = entries.filter(([key], index) => keep(key, index));
  if (kept.length < entries.length) to.setRaw(frame, Object.fromEntries(kept));
}

/** Gives every entry a new value; the map stays the same object when nothing changes. */
function mapValues(to: Target, frame: Frame, change: (value: unknown) => unknown): void {
  const raw = rawMap(to, frame);
  if (raw === undefined) return;
  let changed = false;
  const entries = Object.entries(raw).map(([key, value]) => {
    const next = change(value);
    changed ||= !Object.is(next, value);
    return [key, next] as const;
  });
  if (changed) to.setRaw(frame, Object.fromEntries(entries));
}

const deleteKey = defineFunction({
  name: "delete_key",
  parameters: { target: mapTarget(), key: string() },
  returns: "nil",
  build: ({ target: to, key }) => {
    return (frame) => {
      const name = key.get(frame);
      const raw = rawMap(to, frame);
      if (raw === undefined || !Object.hasOwn(raw, name)) return;
      const { [name]: _, ...rest } = raw;
      to.setRaw(frame, rest);
    };
  },
});

const deleteMatchingKeys = defineFunction({
  name: "delete_matching_keys",
  parameters: { target: mapTarget(), pattern: pattern() },
  returns: "nil",
  build: ({ target: to, pattern: matching }) => {
    return (frame) => {
      const regex = matching.get(frame);
      filterMap(to, frame, (key) => !regex.test(key));
    };
  },
});

const keepMatchingKeys = defineFunction({
  name: "keep_matching_keys",
  parameters: { target: mapTarget(), pattern: pattern() },
  returns: "nil",
  build: ({ target: to, pattern: matching }) => {
    return (frame) => {
      const regex: Pattern = matching.get(frame);
      filterMap(to, frame, (key) => regex.test(key));
    };
  },
});

const keepKeys = defineFunction({
  name: "keep_keys",
  parameters: { target: mapTarget(), keys: strings() },
  returns: "nil",
  build: ({ target: to, keys }) => {
    return (frame) => {
      const names = new Set(keys.get(frame));
      filterMap(to, frame, (key) => names.has(key));
    };
  },
});

const limit = defineFunction({
  name: "limit",
  parameters: { target: mapTarget(), limit: literal(int()), priority_keys: literal(strings()) },
  returns: "nil",
  build({ target: to, limit: most, priority_keys: first }) {
    if (most < 0n) throw new Error(`limit must be at least 0, got ${most}`);
    if (BigInt(first.length) > most) {
      throw new Error(`limit ${most} is less than the number of priority keys (${first.length})`);
    }
    return (frame) => {
      const raw = rawMap(to, frame);
      if (raw === undefined) return;
      // The Collector drops any; here the first ones stay, so that series keep their identity.
      let others = Number(most) - first.filter((key) => Object.hasOwn(raw, key)).length;
      filterMap(to, frame, (key) => first.includes(key) || others-- > 0);
    };
  },
});

const strategies = ["insert", "update", "upsert"];

const mergeMaps = defineFunction({
  name: "merge_maps",
  parameters: { target: mapTarget(), source: map(), strategy: literal(string()) },
  returns: "nil",
  build({ target: to, source, strategy }) {
    if (!strategies.includes(strategy)) {
      throw new Error(`strategy must be one of ${strategies.join(", ")}, got ${JSON.stringify(strategy)}`);
    }
    return (frame) => {
      const from = Object.entries(source.get(frame));
      const raw = rawMap(to, frame) ?? {};
      const merged = new Map(Object.entries(raw));
      for (const [key, value] of from) {
        const exists = merged.has(key);
        if (strategy === "insert" ? exists : strategy === "update" && !exists) continue;
        merged.set(key, to.toRaw(value));
      }
      to.setRaw(frame, Object.fromEntries(merged));
    };
  },
});

const append = defineFunction({
  name: "append",
  parameters: { target: target(), value: optional(any()), values: optional(list()) },
  returns: "nil",
  build({ target: to, value, values }) {
    if (value === undefined && values === undefined)
      throw new Error("at least one of value and values is needed");
    return (frame) => {
      const current = to.getRaw(frame);
      const start = Array.isArray(current)
        ? current
        : current === undefined || current === null
          ? []
          : [current];
      if (isMap(current)) throw new EvaluationError(`${to.text} is a map and cannot be appended to`);
      const added = [...(value === undefined ? [] : [value.get(frame)]), ...(values?.get(frame) ?? [])];
      // A list given as the value is taken item by item, as the Collector does.
      to.setRaw(frame, [...start, ...added.flat().map((item) => to.toRaw(item))]);
    };
  },
});

const deleteIndex = defineFunction({
  name: "delete_index",
  parameters: { target: target(), start_index: int(), end_index: optional(int()) },
  returns: "nil",
  build: ({ target: to, start_index, end_index }) => {
    return (frame) => {
      const items = to.getRaw(frame);
      if (!Array.isArray(items)) throw new EvaluationError(`${to.text} is ${typeOf(items)}, not a list`);
      const start = start_index.get(frame);
      const end = end_index?.get(frame) ?? start + 1n;
      if (start < 0n || end < start || end > BigInt(items.length)) {
        throw new EvaluationError(`[${start}, ${end}) is no range in a list of ${items.length}`);
      }
      if (end > start) to.setRaw(frame, items.toSpliced(Number(start), Number(end - start)));
    };
  },
});

const flatten = defineFunction({
  name: "flatten",
  parameters: {
    target: mapTarget(),
    prefix: optional(literal(string())),
    depth: optional(literal(int())),
    resolve_conflicts: optional(literal(bool())),
  },
  returns: "nil",
  build({ target: to, prefix = "", depth, resolve_conflicts: resolve = false }) {
    if (depth !== undefined && depth < 0n) throw new Error(`depth must be at least 0, got ${depth}`);
    const levels = depth === undefined ? Number.MAX_SAFE_INTEGER : Number(depth);
    return (frame) => {
      const raw = rawMap(to, frame);
      if (raw !== undefined) to.setRaw(frame, flattenMap(raw, prefix, levels, resolve));
    };
  },
});

const stringifyAll = defineFunction({
  name: "stringify_all",
  parameters: { target: mapTarget() },
  returns: "nil",
  build: ({ target: to }) => {
    return (frame) =>
      mapValues(to, frame, (raw) => {
        return attributeString(fromAttribute(raw));
      });
  },
});

const truncateAll = defineFunction({
  name: "truncate_all",
  parameters: {
    target: mapTarget(),
    limit: literal(int()),
    utf8_safe: optional(literal(bool())),
    truncation_marker: optional(literal(string())),
  },
  returns: "nil",
  build({ target: to, limit: most, truncation_marker: marker = "" }) {
    if (most < 0n) throw new Error(`limit must be at least 0, got ${most}`);
    const room = Number(most) - Buffer.byteLength(marker);
    if (room < 0) throw new Error(`truncation_marker is longer than the limit of ${most} bytes`);
    return (frame) =>
      mapValues(to, frame, (value) => {
        // Strings of JavaScript cannot hold half a character, so the cut is always safe.
        if (typeof value !== "string" || Buffer.byteLength(value) <= Number(most)) return value;
        return truncateUtf8(value, room) + marker;
      });
  },
});

export const editors: readonly FunctionDefinition[] = [
  set,
  clear,
  deleteKey,
  deleteMatchingKeys,
  keepMatchingKeys,
  keepKeys,
  limit,
  mergeMaps,
  append,
  deleteIndex,
  flatten,
  stringifyAll,
  truncateAll,
];
