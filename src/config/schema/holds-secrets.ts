import { type PeeledSchema, peel } from "./peel.ts";

/** Deeper than any schema of a component; schemas may refer to themselves. */
const MAX_DEPTH = 6;

/** Whether what the schema takes is a secret, or has secrets somewhere in it. */
export function holdsSecrets({ kind, schema }: PeeledSchema, depth = 0): boolean {
  if (kind === "secret" || kind === "headers") return true;
  if (depth === MAX_DEPTH) return false;
  const holds = (inner: Parameters<typeof peel>[0]) => holdsSecrets(peel(inner), depth + 1);
  const { def } = schema._zod;
  switch (def.type) {
    case "object":
      return Object.values(def.shape).some(holds);
    case "array":
      return holds(def.element);
    case "record":
      return holds(def.valueType);
    case "union":
      return def.options.some(holds);
    default:
      return false;
  }
}
