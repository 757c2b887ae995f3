import type { KeyPattern } from "../../kubernetes/index.ts";
import { compileRegex, expandTemplate } from "../../regex/index.ts";

/** A pattern over whole keys whose groups a template may name. */
export function keyPattern(pattern: string): KeyPattern {
  const regex = compileRegex(pattern, { anchored: true });
  return (key, template) => {
    const match = regex.match(key);
    if (match === undefined) return undefined;
    return {
      name: template === undefined ? undefined : expandTemplate(template, match.groups, regex.groupNames),
    };
  };
}
