import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { HttpClient, ReusableBuffer, tlsClientSchema } from "../net/index.ts";
import { silentLogger } from "../telemetry/index.ts";
import type { Terminal } from "./terminal.ts";

export interface SourceFlags {
  readonly caFile: string | undefined;
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
  readonly timeoutMs: number;
}

/** The bytes of a file, of a URL's response, or of standard input for `-`. */
export async function readSource(
  source: string,
  flags: SourceFlags,
  terminal: Terminal,
): Promise<Uint8Array> {
  if (source === "-") return Buffer.concat(await Array.fromAsync(terminal.stdin()));
  if (/^https?:\/\//i.test(source)) return await fetchSource(source, flags, terminal);
  return await readFile(resolve(terminal.cwd, source));
}

async function fetchSource(url: string, flags: SourceFlags, terminal: Terminal): Promise<Uint8Array> {
  const tls = tlsClientSchema.parse({
    insecure_skip_verify: flags.skipVerify,
    ...(flags.caFile !== undefined && { ca_file: resolve(terminal.cwd, flags.caFile) }),
    ...(flags.serverName !== undefined && { server_name_override: flags.serverName }),
  });
  const client = await HttpClient.open({ config: { tls }, logger: silentLogger, environment: terminal.env });
  try {
    const into = new ReusableBuffer();
    const headers = { accept: "text/plain;version=0.0.4;q=0.3,*/*;q=0.2" };
    await client.fetchBody({ url, headers, timeoutMs: flags.timeoutMs, bodyLimitBytes: 0, into });
    return into.view();
  } finally {
    await client.close();
  }
}
