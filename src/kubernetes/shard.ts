import { createHash } from "node:crypto";

/** The shard of a target: the same everywhere and for good, as long as the key and the total stay. */
export function shardOf(key: string, total: number): number {
  return createHash("sha256").update(key).digest().readUInt32BE(0) % total;
}
