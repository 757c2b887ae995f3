const lineWidth = 110;

/** JSON as the project's formatter leaves it: objects open, lists of scalars on one line where they fit. */
export function formatJson(value: unknown): string {
  return `${print(value, 0, 0)}\n`;
}

function print(value: unknown, indent: number, used: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pad = " ".repeat(indent + 2);
  const close = `\n${" ".repeat(indent)}`;
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
    const scalars = value.every((item) => typeof item !== "object" || item === null);
    // One more column for the comma that may follow.
    if (scalars && used + flat.length < lineWidth) return flat;
    return `[${value.map((item) => `\n${pad}${print(item, indent + 2, indent + 2)}`).join(",")}${close}]`;
  }
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([key, inner]) => {
    const name = `${pad}${JSON.stringify(key)}: `;
    return `\n${name}${print(inner, indent + 2, name.length)}`;
  });
  return `{${lines.join(",")}${close}}`;
}
