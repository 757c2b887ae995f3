import { formatDiagnostics } from "../config/index.ts";
import { components } from "../distribution/index.ts";
import { type CollectorConfig, type LoadedConfig, loadConfig } from "../service/index.ts";
import { configUris } from "./config-options.ts";
import type { Terminal } from "./terminal.ts";

export interface ConfigFlags {
  readonly config?: readonly string[] | undefined;
  readonly set?: readonly string[] | undefined;
}

/** @throws UsageError when no configuration is named */
export function load(flags: ConfigFlags, terminal: Terminal): Promise<LoadedConfig> {
  return loadConfig(
    { uris: configUris(flags, terminal), sets: flags.set ?? [], env: terminal.env, cwd: terminal.cwd },
    components,
  );
}

/** Loads and prints what there is to say; undefined after errors. */
export async function loadOrReport(
  flags: ConfigFlags,
  terminal: Terminal,
): Promise<CollectorConfig | undefined> {
  const { config, diagnostics } = await load(flags, terminal);
  if (diagnostics.items.length > 0) terminal.err(`${formatDiagnostics(diagnostics.items)}\n`);
  return config;
}
