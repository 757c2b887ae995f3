import { knownSecrets } from "./known-secrets.ts";

export const redacted = "[REDACTED]";

/** User name and password of URLs, also where the password has an `@`. */
const USER_INFO = /(\b[a-z][a-z0-9+.-]*:\/\/)[^/?#\s"']*@/gi;
const AUTHORIZATION = /\b(authorization["']?\s*[:=](?!:)\s*["']?(?:[a-z-]+ )?)[^\s"',;}]+/gi;
/** What servers quote of the header without naming it. */
const SCHEME = /\b(basic|bearer) +([a-z0-9+/=._~-]{6,})/gi;
const QUERY = /([?&][\w.-]*(?:token|secret|password|passwd|signature|credential|api[_-]?key)=)[^&#\s"'[]+/gi;

/**
 * What text passes on its way out of the process: log lines, answers to requests. Takes out the secrets that are known,
 * wherever they stand, and what {@link redactPatterns} does.
 */
export function redactText(text: string): string {
  return redactKnown(redactPatterns(text), () => redacted);
}

/** Takes out what looks like a secret by where it stands: in URLs, Authorization headers and what quotes them. */
export function redactPatterns(text: string): string {
  let clean = text;
  if (clean.includes("://")) clean = clean.replaceAll(USER_INFO, `$1${redacted}@`);
  if (clean.includes("=")) clean = clean.replaceAll(QUERY, `$1${redacted}`);
  if (/authorization/i.test(clean)) clean = clean.replaceAll(AUTHORIZATION, `$1${redacted}`);
  if (/basic|bearer/i.test(clean)) {
    clean = clean.replaceAll(SCHEME, (all, scheme: string, credentials: string) =>
      isCredentials(scheme, credentials) ? `${scheme} ${redacted}` : all,
    );
  }
  return clean;
}

/** Shorter ones are the names of options now and then, and diagnostics are about those. */
const MIN_DIAGNOSTIC_LENGTH = 8;

/** {@link redactText} for what diagnostics say. */
export function redactMessage(text: string): string {
  return redactKnown(redactPatterns(text), () => redacted, MIN_DIAGNOSTIC_LENGTH);
}

/** The same for a line that a caret stands below: each secret becomes as many asterisks as it has characters. */
export function maskLine(line: string): string {
  const mask = (secret: string) => "*".repeat(secret.length);
  const masked = line
    .replaceAll(USER_INFO, (all, scheme: string) => {
      const info = all.slice(scheme.length, -1);
      const user = info.slice(0, info.indexOf(":") + 1);
      return `${scheme}${user}${mask(info.slice(user.length))}@`;
    })
    .replaceAll(QUERY, (all, name: string) => name + mask(all.slice(name.length)));
  return redactKnown(masked, mask, MIN_DIAGNOSTIC_LENGTH);
}

function redactKnown(text: string, replace: (secret: string) => string, minLength = 0): string {
  let clean = text;
  for (const secret of knownSecrets.forms) {
    if (secret.length >= minLength && clean.includes(secret)) clean = clean.replaceAll(secret, replace);
  }
  return clean;
}

/** Tells them from a word that happens to follow, as in "bearer token". */
function isCredentials(scheme: string, text: string): boolean {
  if (/^basic$/i.test(scheme)) return Buffer.from(text, "base64").includes(":");
  return /\d/.test(text) || text.length > 20;
}
