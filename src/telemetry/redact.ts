const REDACTED = "[REDACTED]";

/** `user:password@` of URLs, also where the password has an `@`. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s"'@:]*:[^/?#\s"']*@/gi;
const AUTHORIZATION = /\b(authorization["']?\s*[:=]\s*["']?(?:[a-z-]+ )?)[^\s"',;}]+/gi;
/** What servers quote of the header without naming it. */
const SCHEME = /\b(basic|bearer) +([a-z0-9+/=._~-]{6,})/gi;

/** The text without passwords in URLs and what Authorization headers carry. */
export function redactUrls(text: string): string {
  let clean = text;
  if (clean.includes("://")) clean = clean.replaceAll(URL_PASSWORD, `$1${REDACTED}@`);
  if (/authorization/i.test(clean)) clean = clean.replaceAll(AUTHORIZATION, `$1${REDACTED}`);
  if (/basic|bearer/i.test(clean)) {
    clean = clean.replaceAll(SCHEME, (all, scheme: string, credentials: string) =>
      isCredentials(scheme, credentials) ? `${scheme} ${REDACTED}` : all,
    );
  }
  return clean;
}

/** Tells them from a word that happens to follow, as in "bearer token". */
function isCredentials(scheme: string, text: string): boolean {
  if (/^basic$/i.test(scheme)) return Buffer.from(text, "base64").includes(":");
  return /\d/.test(text) || text.length > 20;
}

/** Shorter ones would be found in words that have nothing to do with them. */
const MIN_SECRET_LENGTH = 4;

/** Replaces the given texts wherever they stand in a line, also as JSON, URLs and forms write them. */
export function secretRedactor(secrets: Iterable<string>): (text: string) => string {
  const texts = new Set<string>();
  for (const secret of secrets) {
    const trimmed = secret.trim();
    if (trimmed.length < MIN_SECRET_LENGTH) continue;
    texts.add(trimmed);
    texts.add(JSON.stringify(trimmed).slice(1, -1));
    const form = new URLSearchParams({ "": trimmed }).toString().slice(1);
    texts.add(form);
    texts.add(form.replaceAll("+", "%20"));
  }
  // A secret that holds another is replaced as a whole.
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of longestFirst) if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
    return clean;
  };
}
