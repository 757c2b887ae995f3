import type { Attributes } from "../../metrics/index.ts";
import type { Config } from "./config.ts";
import type { PodFacts } from "./pod-facts.ts";

/** A pod with the attributes that come from itself alone. */
export interface PodEntry {
  readonly pod: PodFacts;
  readonly attributes: Attributes;
  /** When it was deleted, in milliseconds of the clock; undefined: it lives. */
  deletedAt: number | undefined;
}

type Association = Config["pod_association"][number];

/**
 * Finds pods by the values of the association rules. Deleted pods stay for a while, behind the living ones that have
 * the same address or name.
 */
export class PodIndex {
  readonly #associations: readonly Association[];
  readonly #graceMs: number;
  readonly #now: () => number;
  /** By the number of the rule and the values. */
  readonly #byValues = new Map<string, Set<PodEntry>>();
  readonly #byPod = new Map<PodFacts, PodEntry>();
  /** In the order of their deletion. */
  readonly #deleted = new Set<PodEntry>();

  /** @param now milliseconds that never jump */
  constructor(associations: readonly Association[], graceMs: number, now: () => number) {
    // What is scraped has no connection that could tell.
    this.#associations = associations.filter(({ sources }) =>
      sources.every(({ from }) => from === "resource_attribute"),
    );
    this.#graceMs = graceMs;
    this.#now = now;
  }

  add(pod: PodFacts, attributes: Attributes): void {
    this.#expire();
    const entry: PodEntry = { pod, attributes, deletedAt: undefined };
    this.#byPod.set(pod, entry);
    for (const key of this.#keysOf(entry)) {
      const entries = this.#byValues.get(key);
      if (entries === undefined) this.#byValues.set(key, new Set([entry]));
      else entries.add(entry);
    }
  }

  /** The pod says something else now. */
  replace(previous: PodFacts, pod: PodFacts, attributes: Attributes): void {
    this.#drop(previous);
    this.add(pod, attributes);
  }

  delete(pod: PodFacts): void {
    this.#expire();
    const entry = this.#byPod.get(pod);
    if (entry === undefined) return;
    if (this.#graceMs === 0) {
      this.#drop(pod);
      return;
    }
    entry.deletedAt = this.#now();
    this.#deleted.add(entry);
  }

  /** The values by which a resource could be found, one key for each rule that it has everything for. */
  keysOf(resource: Attributes): readonly string[] {
    return this.#associations.flatMap(({ sources }, rule) => {
      const values = sources.map(({ name = "" }) => resource[name]);
      return values.every((value) => typeof value === "string" && value !== "")
        ? [keyOf(rule, values as string[])]
        : [];
    });
  }

  find(keys: readonly string[]): PodEntry | undefined {
    this.#expire();
    for (const key of keys) {
      let best: PodEntry | undefined;
      for (const entry of this.#byValues.get(key) ?? []) {
        if (best === undefined || isBetter(entry, best)) best = entry;
      }
      if (best !== undefined) return best;
    }
    return undefined;
  }

  #keysOf({ pod, attributes }: PodEntry): readonly string[] {
    return this.#associations.flatMap(({ sources }, rule) => {
      const values = sources.map(({ name = "" }) => podValue(pod, attributes, name));
      return values.every((value) => value !== "") ? [keyOf(rule, values)] : [];
    });
  }

  #expire(): void {
    for (const entry of this.#deleted) {
      if (this.#now() - (entry.deletedAt as number) < this.#graceMs) return;
      this.#drop(entry.pod);
    }
  }

  #drop(pod: PodFacts): void {
    const entry = this.#byPod.get(pod);
    if (entry === undefined) return;
    this.#byPod.delete(pod);
    this.#deleted.delete(entry);
    for (const key of this.#keysOf(entry)) {
      const entries = this.#byValues.get(key);
      entries?.delete(entry);
      if (entries?.size === 0) this.#byValues.delete(key);
    }
  }
}

function keyOf(rule: number, values: readonly string[]): string {
  return `${rule}\0${values.join("\0")}`;
}

function podValue(pod: PodFacts, attributes: Attributes, name: string): string {
  switch (name) {
    case "k8s.pod.uid":
      return pod.uid;
    case "k8s.pod.name":
      return pod.name;
    case "k8s.namespace.name":
      return pod.namespace;
    case "k8s.pod.ip":
    case "ip":
    // The Collector compares a host name with the address too.
    case "host.name":
      return pod.ip;
    case "k8s.pod.hostname":
      return pod.hostname;
    case "k8s.node.name":
      return pod.nodeName;
    default:
      return String(attributes[name] ?? "");
  }
}

function isBetter(a: PodEntry, b: PodEntry): boolean {
  if ((a.deletedAt === undefined) !== (b.deletedAt === undefined)) return a.deletedAt === undefined;
  return a.pod.createdAt > b.pod.createdAt;
}
