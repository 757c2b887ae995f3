import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Terminal } from "./terminal.ts";

/** The flags of every command that reads a configuration, in the form of `node:util` parseArgs. */
export const configFlags = {
  config: { type: "string", multiple: true },
  set: { type: "string", multiple: true },
} as const;

export const configUsage = `  --config URI     a file, or file:, env:, yaml: URI; may be repeated, later ones win
                   (default: otel-config.yaml in the working directory)
  --set a.b=value  override one value; may be repeated`;

const DEFAULT_CONFIG = "otel-config.yaml";

/** A mistake in the command line: printed with the usage, exit code 1. */
export class UsageError extends Error {}

/** @throws UsageError when there is no configuration to read */
export function configUris(
  flags: { readonly config?: readonly string[] | undefined },
  terminal: Terminal,
): readonly string[] {
  if (flags.config !== undefined && flags.config.length > 0) return flags.config;
  if (existsSync(join(terminal.cwd, DEFAULT_CONFIG))) return [DEFAULT_CONFIG];
  throw new UsageError(
    `at least one --config flag must be provided (there is no ${DEFAULT_CONFIG} in ${terminal.cwd})`,
  );
}
