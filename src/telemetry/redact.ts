const REDACTED = "[REDACTED]";

/** `user:password@` of URLs, and what follows an authentication scheme. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s"'@:]*:[^/\s"'@]*@/gi;
const AUTHORIZATION = /\b(authorization["']?\s*[:=]\s*["']?(?:[a-z-]+ )?)[^\s"',;}]+/gi;

/** The text without passwords in URLs and the values of Authorization headers. */
export function redactUrls(text: string): string {
  let clean = text;
  if (clean.includes("://")) clean = clean.replaceAll(URL_PASSWORD, `$1${REDACTED}@`);
  if (/authorization/i.test(clean)) clean = clean.replaceAll(AUTHORIZATION, `$1${REDACTED}`);
  return clean;
}

/** Shorter ones would be found in words that have nothing to do with them. */
const MIN_SECRET_LENGTH = 4;

/** Replaces the given texts wherever they stand in a line, also as JSON writes them. */
export function secretRedactor(secrets: Iterable<string>): (text: string) => string {
  const texts = new Set<string>();
  for (const secret of secrets) {
    const trimmed = secret.trim();
    if (trimmed.length < MIN_SECRET_LENGTH) continue;
    texts.add(trimmed);
    texts.add(JSON.stringify(trimmed).slice(1, -1));
  }
  // A secret that holds another is replaced as a whole.
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of longestFirst) if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
    return clean;
  };
}
