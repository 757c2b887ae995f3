import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { ClientMetadata } from "../../component/index.ts";

/**
 * What tells of the connection or of the body as it was sent, and nothing of who sent it: the hop-by-hop fields of RFC
 * 9110 section 7.6.1, and those that a request of the same data by another way has differently.
 */
const left: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export function httpMetadata({ headersDistinct }: IncomingMessage): ClientMetadata {
  const named = (headersDistinct["connection"] ?? []).flatMap((value) =>
    value.toLowerCase().split(/\s*,\s*/),
  );
  return metadataOf(Object.entries(headersDistinct), new Set(named));
}

/** Binary values, under names that end in `-bin`, are left out: no header of another protocol can carry them. */
export function metadataOf(
  entries: Iterable<readonly [string, readonly string[] | undefined]>,
  hopByHop: ReadonlySet<string> = new Set(),
): ClientMetadata {
  const metadata = new Map<string, readonly string[]>();
  for (const [name, values] of entries) {
    if (values === undefined || left.has(name) || hopByHop.has(name)) continue;
    if (/^(:|grpc-)|-bin$/.test(name)) continue;
    metadata.set(name, values);
  }
  return metadata;
}

/** An IPv4 address is written as such, also where a socket for both families has it in an IPv6 one. */
export function ipAddress(remote: string | undefined): string | undefined {
  const address = remote?.replace(/^::ffff:(?=[\d.]+$)/i, "");
  return address !== undefined && isIP(address) !== 0 ? address : undefined;
}
