import type { Path } from "../syntax/ast.ts";
import { fromAttribute } from "../values/attribute-values.ts";
import type { Compilation } from "./compilation.ts";
import type { Compiled } from "./compiled.ts";
import { compileKeys, readKeys } from "./keys.ts";
import { noteRead, resolvePath } from "./path.ts";

/** @throws ProblemSignal for a path that there is not */
export function compilePath(path: Path, compilation: Compilation): Compiled {
  const local = compileLocal(path, compilation);
  if (local !== undefined) return local;
  const { context, isImplied } = compilation.options;
  const resolved = resolvePath(path, context, isImplied);
  noteRead(resolved, compilation.effects);
  const { field, segment } = resolved;
  const read = field.get;
  const keys = compileKeys(segment.keys, field.type, compilation);
  const [first, ...rest] = keys;
  if (field.isAttributes !== true) {
    if (first === undefined) return { type: field.type, get: read };
    return { type: "any", get: (frame) => readKeys(read(frame), keys, frame) };
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
  return { type: "any", get: (frame) => fromAttribute(readKeys(read(frame), keys, frame)) };
}

/** The parameter of a lambda around that the path names; undefined when it names none. */
export function compileLocal(
  { segments: [{ name, keys }, ...rest] }: Path,
  compilation: Compilation,
): Compiled | undefined {
  const local = compilation.locals.findLast((candidate) => candidate.name === name);
  if (local === undefined || rest.length > 0) return undefined;
  const { slot } = local;
  const compiled = compileKeys(keys, "any", compilation);
  return { type: "any", get: (frame) => readKeys(frame.locals[slot], compiled, frame) };
}
