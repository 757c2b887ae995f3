/** Label selectors: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas. */
export function matchesLabels(selector: string, labels: Readonly<Record<string, string>>): boolean {
  // A comma inside parentheses separates values, not requirements.
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .every((part) => {
      const set = /^(\S+)\s+(in|notin)\s+\((.*)\)$/.exec(part);
      if (set !== null) {
        const values = (set[3] ?? "").split(",").map((value) => value.trim());
        return values.includes(labels[set[1] ?? ""] ?? "\0") === (set[2] === "in");
      }
      const pair = /^([^!=]+)(!=|==?)(.*)$/.exec(part);
      if (pair !== null) return (labels[pair[1] ?? ""] === pair[3]) === (pair[2] !== "!=");
      return part.startsWith("!") ? !(part.slice(1) in labels) : part in labels;
    });
}

/** Field selectors: `metadata.name=x`, `spec.nodeName!=y`, joined by commas. */
export function matchesFields(selector: string, object: object): boolean {
  return selector
    .split(",")
    .filter((part) => part !== "")
    .every((part) => {
      const [, path = "", operator, value] = /^([^!=]+)(!=|==?)(.*)$/.exec(part) ?? [];
      const found = path
        .split(".")
        .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], object);
      return (String(found ?? "") === value) === (operator !== "!=");
    });
}
