import { Informer, type InformerContext, type InformerSettings } from "./informer.ts";
import { ObjectStore, type ReadonlyObjectStore } from "./object-store.ts";
import { resourceName } from "./resource.ts";

export type WatchedObjectsSettings<T> = InformerContext &
  Pick<InformerSettings<T>, "resource" | "labelSelector" | "fieldSelector" | "metadataOnly" | "project"> & {
    /** None: the whole cluster. */
    readonly namespaces: readonly string[];
    /** Watches nothing before the first {@link WatchedObjects.setNamespaces}. */
    readonly idle?: boolean;
  };

/** The objects of one kind in some namespaces or all of them, in one store; the namespaces may change. */
export class WatchedObjects<T> {
  readonly #settings: WatchedObjectsSettings<T>;
  readonly #store = new ObjectStore<T>();
  readonly #informers = new Map<string | undefined, Informer<T>>();
  readonly #closing = new Set<Promise<void>>();

  constructor(settings: WatchedObjectsSettings<T>) {
    this.#settings = settings;
    if (settings.idle !== true) this.setNamespaces(settings.namespaces);
  }

  /** As people and RBAC rules call it. */
  get name(): string {
    return resourceName(this.#settings.resource);
  }

  get store(): ReadonlyObjectStore<T> {
    return this.#store;
  }

  /** Whether every namespace was listed once. */
  get synced(): boolean {
    return this.#informers.size > 0 && [...this.#informers.values()].every((informer) => informer.synced);
  }

  /** Resolved when every namespace was listed or refused, as far as the namespaces of now go. */
  async ready(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.ready));
  }

  /** Watches these from now on; the objects of namespaces that are not among them leave the store. */
  setNamespaces(namespaces: readonly string[]): void {
    const { resource } = this.#settings;
    const wanted = new Set(resource.namespaced && namespaces.length > 0 ? namespaces : [undefined]);
    const leaving = [...this.#informers].filter(([namespace]) => !wanted.has(namespace));
    for (const [namespace] of leaving) this.#informers.delete(namespace);
    for (const namespace of wanted) {
      if (this.#informers.has(namespace)) continue;
      const informer = new Informer<T>({ ...this.#settings, namespace, store: this.#store });
      this.#informers.set(namespace, informer);
      informer.start();
    }
    for (const [, informer] of leaving) {
      const left = this.#leave(informer).finally(() => this.#closing.delete(left));
      this.#closing.add(left);
    }
  }

  /** Only when the others know their objects, so that what both have does not vanish in between. */
  async #leave(informer: Informer<T>): Promise<void> {
    await this.ready();
    await informer.close();
    informer.forget((key) => [...this.#informers.values()].some((other) => other.knows(key)));
  }

  async close(): Promise<void> {
    await Promise.all([
      ...[...this.#informers.values()].map((informer) => informer.close()),
      ...this.#closing,
    ]);
  }
}
