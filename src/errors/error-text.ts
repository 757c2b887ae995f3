/**
 * The message of anything that was thrown, its causes appended after ": " (outermost first). A cause whose text
 * the outer message already contains is not repeated.
 */
export function errorText(thrown: unknown): string {
  const seen = new Set<unknown>();
  let text = "";
  let current: unknown = thrown;
  while (current !== undefined && current !== null && !seen.has(current)) {
    seen.add(current);
    const part = ownText(current);
    if (text === "") text = part;
    else if (part !== "" && !text.includes(part)) text += `: ${part}`;
    current = current instanceof Error ? current.cause : undefined;
  }
  return text;
}

function ownText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.message !== "") return thrown.message;
  // Node's connection errors to several addresses come as an AggregateError without a message of its own.
  if (thrown instanceof AggregateError) return thrown.errors.map(ownText).join("; ");
  return thrown.name;
}
