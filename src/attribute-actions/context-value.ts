import { clientContext } from "../component/index.ts";

const ADDRESS = "client.address";

/**
 * What a `from_context` stands for now, several values joined by `;`; undefined when there is none. A name without
 * a prefix is that of a header, as in the Collector.
 */
export function contextValue(source: string): string | undefined {
  const client = clientContext.current();
  if (client === undefined) return undefined;
  if (source === ADDRESS) return client.address;
  const [, kind, name = ""] = /^(?:(auth|metadata)\.)?(.*)$/s.exec(source) ?? [];
  if (kind !== "auth") return textOf(client.metadata?.get(name.toLowerCase()));
  return client.auth !== undefined && Object.hasOwn(client.auth, name)
    ? textOf(client.auth[name])
    : undefined;
}

/** What an authenticator of the user's own says is whatever it is. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Array.isArray(value) && value.length > 0 ? value.join(";") : undefined;
}

/** @returns what is wrong with a `from_context`, undefined if nothing */
export function contextProblem(source: string): string | undefined {
  if (source === ADDRESS || !/^client\.|^(auth|metadata)?\.?$/.test(source)) return undefined;
  return `must be metadata.<header>, auth.<attribute> or ${ADDRESS}, not ${JSON.stringify(source)}`;
}
