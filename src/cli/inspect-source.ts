import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ExpositionFormat } from "../exposition/index.ts";
import { HttpClient, ReusableBuffer, tlsClientSchema } from "../net/index.ts";
import { silentLogger } from "../telemetry/index.ts";
import type { Terminal } from "./terminal.ts";

const accepted: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5",
  openmetrics: "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6",
  protobuf:
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6",
};

export interface SourceFlags {
  readonly caFile: string | undefined;
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
  readonly timeoutMs: number;
  /** What a URL is asked for; by default what virt-handler's scrape asks for. */
  readonly format: ExpositionFormat | undefined;
}

export interface Source {
  readonly bytes: Uint8Array;
  /** Of a response. */
  readonly contentType?: string;
}

/** The bytes of a file, of a URL's response, or of standard input for `-`. */
export async function readSource(source: string, flags: SourceFlags, terminal: Terminal): Promise<Source> {
  if (source === "-") return { bytes: Buffer.concat(await Array.fromAsync(terminal.stdin())) };
  if (/^https?:\/\//i.test(source)) return await fetchSource(source, flags, terminal);
  return { bytes: await readFile(resolve(terminal.cwd, source)) };
}

async function fetchSource(url: string, flags: SourceFlags, terminal: Terminal): Promise<Source> {
  const tls = tlsClientSchema.parse({
    insecure_skip_verify: flags.skipVerify,
    ...(flags.caFile !== undefined && { ca_file: resolve(terminal.cwd, flags.caFile) }),
    ...(flags.serverName !== undefined && { server_name_override: flags.serverName }),
  });
  const client = await HttpClient.open({ config: { tls }, logger: silentLogger, environment: terminal.env });
  try {
    const into = new ReusableBuffer();
    const headers = {
      accept: `${accepted[flags.format ?? "text"]},*/*;q=0.1`,
      "accept-encoding": "zstd,gzip",
    };
    const { contentType } = await client.fetchBody({
      url,
      headers,
      timeoutMs: flags.timeoutMs,
      bodyLimitBytes: 0,
      into,
    });
    return { bytes: into.view(), contentType };
  } finally {
    await client.close();
  }
}
