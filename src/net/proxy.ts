import { BlockList, isIP, isIPv6 } from "node:net";

/** Environment variables by name, such as process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for a request to `url`; undefined: connect directly. */
export type ProxySelector = (url: URL) => URL | undefined;

/**
 * A configured proxy serves every request. Without one the environment decides as for Go programs: HTTPS_PROXY or
 * HTTP_PROXY by the scheme of the URL, not for localhost, loopback addresses and what NO_PROXY names; the
 * lower-case names count too.
 */
export function createProxySelector(proxyUrl: string | undefined, environment: Environment): ProxySelector {
  if (proxyUrl !== undefined) {
    const proxy = new URL(proxyUrl);
    return () => proxy;
  }
  const variable = (name: string): string => environment[name] || environment[name.toLowerCase()] || "";
  const proxies = {
    "https:": parseProxy(variable("HTTPS_PROXY")),
    "http:": parseProxy(variable("HTTP_PROXY")),
  };
  if (proxies["https:"] === undefined && proxies["http:"] === undefined) return () => undefined;
  const exempt = parseNoProxy(variable("NO_PROXY"));
  return (url) => {
    const proxy = proxies[url.protocol as keyof typeof proxies];
    return proxy === undefined || exempt(url) ? undefined : proxy;
  };
}

/** A value without scheme is an http proxy; what is no proxy URL at all is ignored, as Go does. */
function parseProxy(value: string): URL | undefined {
  if (value === "") return undefined;
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

type Rule = (host: string, port: string) => boolean;

/** The rules of golang.org/x/net/http/httpproxy: `*`, address, CIDR block, domain, `.domain`; `:port` but for blocks. */
function parseNoProxy(list: string): (url: URL) => boolean {
  const rules = list
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "")
    .map(parseRule);
  return (url) => {
    const host = plainHost(url.hostname);
    const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
    return host === "localhost" || loopback(host) || rules.some((rule) => rule(host, port));
  };
}

function parseRule(entry: string): Rule {
  if (entry === "*") return () => true;
  const [address = "", bits] = entry.split("/");
  if (bits !== undefined) return block(address, bits);
  const { name, port: wanted } = splitPort(entry);
  const portFits = (port: string): boolean => wanted === undefined || wanted === port;
  const host = plainHost(name);
  if (isIP(host) !== 0) {
    const same = block(host, isIPv6(host) ? "128" : "32");
    return (candidate, port) => portFits(port) && same(candidate, port);
  }
  const subdomainsOnly = name.startsWith(".") || name.startsWith("*.");
  const domain = name.replace(/^\*?\./, "");
  return (candidate, port) =>
    portFits(port) && ((!subdomainsOnly && candidate === domain) || candidate.endsWith(`.${domain}`));
}

function block(address: string, bits: string): Rule {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  const size = Number(bits);
  if (isIP(address) === 0 || !/^\d+$/.test(bits) || size > (family === "ipv6" ? 128 : 32)) return () => false;
  const list = new BlockList();
  list.addSubnet(address, size, family);
  return (host) => {
    const version = isIP(host);
    return version !== 0 && list.check(host, version === 6 ? "ipv6" : "ipv4");
  };
}

function splitPort(entry: string): { readonly name: string; readonly port: string | undefined } {
  if (isIPv6(entry)) return { name: entry, port: undefined };
  const match = /^(.*):(\d+)$/.exec(entry);
  return match === null ? { name: entry, port: undefined } : { name: match[1] ?? "", port: match[2] };
}

function loopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** A host name without the brackets of an IPv6 address and without the dot of a full domain name. */
export function plainHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1").replace(/(.)\.$/, "$1");
}
