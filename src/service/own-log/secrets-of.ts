import { reveal, Secret } from "../../config/index.ts";

/** The text of every secret that a configuration holds, however deep. */
export function secretsOf(config: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Secret) found.add(reveal(value));
    else if (value instanceof Map) value.forEach(visit);
    else Object.values(value).forEach(visit);
  };
  visit(config);
  return found;
}
