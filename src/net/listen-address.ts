import { lookup } from "node:dns/promises";
import type { AddressInfo, Server } from "node:net";
import { z } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import { plainHost } from "./proxy.ts";

/** `host:port` to listen on; a host of nothing is every interface, port 0 any that is free. */
export function listenAddress(): z.ZodType<string, string> {
  return z.string().check((context) => {
    if (parseListenAddress(context.value) !== undefined) return;
    context.issues.push({
      code: "custom",
      input: context.value,
      message: `expected an address such as "localhost:4318", got ${JSON.stringify(context.value)}`,
      params: { hint: 'write it as "host:port", "[IPv6]:port" or ":port" for every interface' },
    });
  });
}

function parseListenAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(\[[0-9a-fA-F:.%\w]+\]|[^\s:/[\]]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? Number.NaN);
  return match === null || port > 65_535 ? undefined : { host: plainHost(match[1] ?? ""), port };
}

/**
 * Binds the server. Of a name's addresses the first IPv4 one is taken, as Go does.
 * @returns the address it is bound to, as `host:port`
 * @throws CollectorError COMPONENT_START naming the address
 */
export async function listen(server: Server, address: string): Promise<string> {
  const { host, port } = parseListenAddress(address) ?? { host: "", port: Number.NaN };
  try {
    const bindTo = host === "" ? undefined : (await lookup(host, { order: "ipv4first" })).address;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(bindTo === undefined ? { port } : { port, host: bindTo }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (cause) {
    throw new CollectorError("COMPONENT_START", `cannot listen on ${address}: ${errorText(cause)}`, {
      cause,
    });
  }
  const bound = server.address() as AddressInfo;
  return bound.family === "IPv6" ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}
