import type { MemoryLimiterConfig } from "./config.ts";

/** In bytes. */
export interface Limits {
  /** At which data is refused. */
  readonly soft: number;
  readonly hard: number;
}

const MIB = 1024 * 1024;

/** @param totalBytes the memory that there is */
export function limitsOf(config: MemoryLimiterConfig, totalBytes: number): Limits {
  const { limit_mib, limit_percentage, spike_limit_mib, spike_limit_percentage } = config;
  const inMib = limit_mib > 0;
  const hard = inMib ? limit_mib * MIB : (totalBytes * limit_percentage) / 100;
  const spike = inMib ? spike_limit_mib * MIB : (totalBytes * spike_limit_percentage) / 100;
  return { hard, soft: hard - (spike === 0 ? hard / 5 : spike) };
}
