import { Secret, type z } from "../config/index.ts";

/**
 * A component's schema that also refuses what cannot be handed to another thread: secrets, functions and objects of
 * classes would arrive empty or not at all.
 */
export function crossable<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.check(({ value, issues }) => {
    const found = uncrossable(value, []);
    if (found === undefined) return;
    const way = "use isolate: none, or let the module read it from a file or the environment itself";
    issues.push({
      code: "custom",
      // Not the value itself, which may be a secret.
      input: undefined,
      path: [...found.path],
      message: `${found.what} cannot be handed to a thread of its own (isolate: worker); ${way}`,
    });
  });
}

interface Found {
  readonly what: string;
  readonly path: readonly PropertyKey[];
}

function uncrossable(value: unknown, path: readonly PropertyKey[]): Found | undefined {
  if (typeof value === "function" || typeof value === "symbol") return { what: `a ${typeof value}`, path };
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof Secret) return { what: "a secret", path };
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null)
    return isCloned(value) ? undefined : { what: `an object of class ${prototype.constructor?.name}`, path };
  for (const [key, inner] of Object.entries(value)) {
    const found = uncrossable(inner, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Objects of classes that structured cloning knows. */
function isCloned(value: object): boolean {
  return (
    [Date, RegExp, Map, Set, ArrayBuffer].some((kind) => value instanceof kind) || ArrayBuffer.isView(value)
  );
}
