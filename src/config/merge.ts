import { type ConfigEntry, ConfigNode } from "./node.ts";

/** Deep merge: maps join, everything else (lists and null too) is replaced by `over`. */
export function mergeNodes(base: ConfigNode, over: ConfigNode): ConfigNode {
  if (base.kind !== "map" || over.kind !== "map") return over;
  const entries = new Map<string, ConfigEntry>();
  for (const entry of base.entries()) entries.set(entry.key, entry);
  for (const entry of over.entries()) {
    const before = entries.get(entry.key);
    const bothMaps = before?.node.kind === "map" && entry.node.kind === "map";
    // A joined section stays at the place where it was first written: that is where what it lacks is looked for.
    if (before !== undefined && bothMaps) {
      entries.set(entry.key, { ...before, node: mergeNodes(before.node, entry.node) });
    } else entries.set(entry.key, entry);
  }
  return ConfigNode.map(base.position, entries.values());
}
