import { lookup, resolveCname, reverse } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { arch, hostname, networkInterfaces, platform, release, type } from "node:os";
import type { Attributes } from "../../metrics/index.ts";
import type { Config, HostnameSource } from "./config.ts";

type AttributeName = keyof Config["system"]["resource_attributes"];

/** What the machine (or the container) says about itself. */
export async function detectSystem({
  hostname_sources,
  resource_attributes,
}: Config["system"]): Promise<Attributes> {
  const values: Readonly<Record<AttributeName, () => unknown>> = {
    "host.name": () => hostName(hostname_sources),
    "host.id": machineId,
    "host.arch": () => architectures[arch()] ?? arch(),
    "host.ip": () => addresses().map(({ address }) => address),
    "host.mac": () => [...new Set(addresses().map(({ mac }) => mac.toUpperCase().replaceAll(":", "-")))],
    "os.type": () => systems[platform()] ?? platform(),
    "os.description": () => `${type()} ${release()}`,
    "os.version": release,
  };
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(values) as AttributeName[]) {
    if (!resource_attributes[name].enabled) continue;
    const value = await values[name]();
    if (value !== undefined) result[name] = value;
  }
  return result;
}

/** Names of the OpenTelemetry semantic conventions, where Node.js has others. */
const architectures: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "x86",
  arm: "arm32",
  ppc64: "ppc64",
};
const systems: Readonly<Record<string, string>> = { win32: "windows", sunos: "solaris" };

async function hostName(sources: readonly HostnameSource[]): Promise<string> {
  const failures: unknown[] = [];
  for (const source of sources) {
    try {
      const name = await namesBy[source]();
      if (name) return name.replace(/\.$/, "");
    } catch (error) {
      failures.push(error);
    }
  }
  throw new Error(`no hostname from ${sources.join(", ")}`, { cause: failures[0] });
}

const namesBy: Readonly<Record<HostnameSource, () => Promise<string | undefined>>> = {
  os: async () => hostname(),
  cname: async () => (await resolveCname(hostname()))[0],
  dns: async () => await reverseName(),
  lookup: async () => await reverseName(),
};

/** The first name by which one of the host's addresses is known. */
async function reverseName(): Promise<string | undefined> {
  for (const { address } of await lookup(hostname(), { all: true })) {
    const names = await reverse(address).catch(() => []);
    // A loopback address only knows "localhost".
    const name = names.find((candidate) => !/^localhost\b/.test(candidate));
    if (name !== undefined) return name;
  }
  return undefined;
}

async function machineId(): Promise<string | undefined> {
  for (const file of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text.trim() !== "") return text.trim();
  }
  return undefined;
}

function addresses(): readonly { readonly address: string; readonly mac: string }[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal }) => !internal);
}
