import { validateHeaderName, validateHeaderValue } from "node:http";
import { type Headers, reveal } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";

/** Plain header values by name, as code passes them. */
export type HeaderValues = Readonly<Record<string, string>>;

/** These describe the connection or the message and are the client's business. */
const reserved: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-authorization",
  "transfer-encoding",
  "upgrade",
]);

const credentialNames: ReadonlySet<string> = new Set(["authorization", "cookie", "host"]);

/**
 * The configured headers as plain text.
 * @throws CollectorError COMPONENT_START for one that cannot be sent
 */
export function configuredHeaders(headers: Headers | undefined): HeaderValues {
  const values: Record<string, string> = {};
  for (const [name, secret] of Object.entries(headers ?? {})) {
    const value = reveal(secret);
    if (reserved.has(name.toLowerCase())) {
      throw new CollectorError(
        "COMPONENT_START",
        `header ${JSON.stringify(name)} is set by the client itself`,
      );
    }
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (cause) {
      throw new CollectorError("COMPONENT_START", `header ${JSON.stringify(name)}: ${errorText(cause)}`, {
        cause,
      });
    }
    values[name] = value;
  }
  return values;
}

/** All headers under lower-case names; of several with one name the last one counts. */
export function mergeHeaders(...sources: readonly (HeaderValues | undefined)[]): HeaderValues {
  const merged: Record<string, string> = {};
  for (const source of sources) {
    for (const [name, value] of Object.entries(source ?? {})) merged[name.toLowerCase()] = value;
  }
  return merged;
}

/** What may go to a host that is not the configured one. */
export function withoutCredentials(headers: HeaderValues): HeaderValues {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !credentialNames.has(name.toLowerCase())),
  );
}
