import { type ObjectMeta, objectKey } from "./resource.ts";

interface Version {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Deleted objects to remember; far more than a server ever has in flight out of order. */
const MAX_DELETED = 1000;

/**
 * Which version of which object is known, to tell an event that comes late from news. Resource versions are compared as
 * whole numbers; where they are none, whatever comes last is the newest.
 */
export class VersionTable {
  readonly #versions = new Map<string, Version>();
  /** Uids never come back. */
  readonly #deleted = new Set<string>();

  get size(): number {
    return this.#versions.size;
  }

  has(key: string): boolean {
    return this.#versions.has(key);
  }

  keys(): readonly string[] {
    return [...this.#versions.keys()];
  }

  set(key: string, { uid = "", resourceVersion = "" }: ObjectMeta): void {
    this.#versions.set(key, { uid, resourceVersion });
  }

  remove(key: string): void {
    this.#versions.delete(key);
  }

  /** Whether an object that was added or modified is older than what is known, or deleted since. */
  outdated(metadata: ObjectMeta): boolean {
    const { uid = "", resourceVersion = "" } = metadata;
    if (this.#deleted.has(uid)) return true;
    const known = this.#versions.get(objectKey(metadata));
    return known !== undefined && isOlder(resourceVersion, known.resourceVersion);
  }

  /** Takes a deleted object out; false when it was another by the same name that has been replaced already. */
  delete(metadata: ObjectMeta): boolean {
    const { uid = "" } = metadata;
    if (uid !== "") {
      this.#deleted.add(uid);
      if (this.#deleted.size > MAX_DELETED)
        this.#deleted.delete(this.#deleted.values().next().value as string);
    }
    const key = objectKey(metadata);
    const known = this.#versions.get(key);
    if (known === undefined || known.uid !== uid) return false;
    return this.#versions.delete(key);
  }

  /** After a complete list nothing is on its way any more. */
  settle(): void {
    this.#deleted.clear();
  }
}

/** Whether `version` comes before `than`. Both without leading zeros, so the longer number is the greater. */
export function isOlder(version: string, than: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}
