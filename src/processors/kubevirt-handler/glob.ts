/** A test for names against patterns in which `*` stands for any text and `?` for one character. */
export function globs(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.includes("*")) return () => true;
  if (patterns.length === 0) return () => false;
  const expression = new RegExp(`^(?:${patterns.map(source).join("|")})$`, "su");
  return (name) => expression.test(name);
}

function source(pattern: string): string {
  return pattern
    .replace(/[.+^${}()|[\]\\/]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
}
