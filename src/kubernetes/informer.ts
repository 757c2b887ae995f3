import { type Clock, sleep } from "../component/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError, statusError } from "./api-error.ts";
import type { ApiHealth } from "./api-health.ts";
import { Backoff } from "./backoff.ts";
import { JsonLines, type ListEnvelope, ListReader } from "./json-stream.ts";
import type { ObjectStore } from "./object-store.ts";
import { RequestProblems } from "./request-problems.ts";
import {
  actionOn,
  collectionPath,
  isKubernetesObject,
  type KubernetesObject,
  objectKey,
  type Resource,
  resourceName,
} from "./resource.ts";
import type { KubernetesTelemetry } from "./telemetry.ts";
import { isOlder, VersionTable } from "./version-table.ts";

export interface Selection {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** What all informers of a component share. */
export interface InformerContext {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: KubernetesTelemetry;
  readonly health: ApiHealth;
  /** Numbers from 0 to 1, for jitter. */
  readonly random: () => number;
}

export interface InformerSettings<T> extends InformerContext, Selection {
  readonly resource: Resource;
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined;
  /** Labels, annotations and owners are all that is wanted: the server then sends nothing else. */
  readonly metadataOnly?: boolean | undefined;
  /** What to keep of an object. Must not hold on to the object itself. */
  readonly project: (object: KubernetesObject) => T;
  /** Takes the objects; several informers may share one as long as their namespaces differ. */
  readonly store: ObjectStore<T>;
}

const PAGE_SIZE = 500;
const MIN_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 30_000;
/** How soon to ask again after 403 or 404: somebody has to change something in the cluster first. */
const REFUSED_RETRY_MS = 30_000;
const LIST_SILENCE_MS = 60_000;
/** A watch ends by itself after one to two times this, so that connections spread over the API servers anew. */
const WATCH_SECONDS = 300;
const WATCH_GRACE_MS = 30_000;
/** A watch that ends sooner is as good as a failed one. */
const SHORT_WATCH_MS = 1000;

/**
 * Keeps a store equal to a collection of the API: lists it in pages, then watches from there. Whatever fails, the last
 * known objects stay until the server says otherwise.
 */
export class Informer<T> {
  /** Resolved as soon as the first list is complete or was refused for good (403, 404). */
  readonly ready: Promise<void>;
  readonly #settings: InformerSettings<T>;
  readonly #name: string;
  readonly #versions = new VersionTable();
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  #announceReady: () => void = () => {};
  #running: Promise<void> | undefined;
  /** Where the next watch starts; undefined: a list comes first. */
  #version: string | undefined;
  #listReason = "initial";
  #listed = false;
  /** Without pages, after a continue token expired in the middle of a list. */
  #whole = false;
  /** Failures of watches since the last that was of use. */
  #brokenWatches = 0;
  /** Whether the last watch broke as soon as it was answered: then the next answer alone means nothing. */
  #watchBreaks = false;
  /** Whether an object was reported that could not be read. */
  #unreadable = false;
  readonly #problems: RequestProblems;

  constructor(settings: InformerSettings<T>) {
    this.#settings = settings;
    this.#name = resourceName(settings.resource);
    this.#problems = new RequestProblems(settings);
    this.#backoff = new Backoff(MIN_BACKOFF_MS, MAX_BACKOFF_MS, settings.random);
    this.ready = new Promise((resolve) => {
      this.#announceReady = resolve;
    });
  }

  /** Whether the store had a complete list once. */
  get synced(): boolean {
    return this.#listed;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Whether the informer has an object by that key. */
  knows(key: string): boolean {
    return this.#versions.has(key);
  }

  /** Ends the watch; the store stays as it is. */
  async close(): Promise<void> {
    this.#abort.abort(new Error("the informer was closed"));
    await this.#running;
    this.#problems.close();
    this.#announceReady();
  }

  /** Deletes what the closed informer knew from the store, but for what another one has. */
  forget(unless: (key: string) => boolean): void {
    for (const key of this.#versions.keys()) if (!unless(key)) this.#settings.store.delete(key);
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      let delayMs = 0;
      try {
        if (this.#version === undefined) await this.#list();
        delayMs = await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        delayMs = this.#failed(error);
      }
      if (delayMs > 0) await sleep(this.#settings.clock, delayMs, signal);
    }
  }

  /** All pages, then the deletion of what is not in them. */
  async #list(): Promise<void> {
    const { resource, namespace, store, telemetry } = this.#settings;
    const action = actionOn("list", resource, namespace);
    const seen = new Set<string>();
    let next: string | undefined;
    let envelope: ListEnvelope;
    do {
      const reader = new ListReader((item) => {
        if (!isKubernetesObject(item)) throw new ApiError("garbage", "an object of the list has no name");
        seen.add(this.#put(item));
      });
      const query = {
        ...(!this.#whole && { limit: String(PAGE_SIZE) }),
        ...(next !== undefined && { continue: next }),
      };
      await this.#get(action, query, LIST_SILENCE_MS, (chunk) => reader.push(chunk));
      envelope = reader.end();
      next = envelope.continue;
    } while (next !== undefined);
    for (const key of this.#versions.keys()) {
      if (seen.has(key)) continue;
      this.#versions.remove(key);
      store.delete(key);
    }
    this.#versions.settle();
    this.#whole = false;
    this.#version = envelope.resourceVersion;
    this.#listed = true;
    telemetry.listed(this.#name, this.#listReason);
    this.#problems.recovered("list");
    this.#announceReady();
  }

  /** Returns how long to wait before the next one. */
  async #watch(): Promise<number> {
    const { resource, namespace, clock, random } = this.#settings;
    const action = actionOn("watch", resource, namespace);
    const started = clock.monotonic();
    let events = 0;
    const lines = new JsonLines((value) => {
      this.#event(value as WatchEvent);
      events++;
    });
    const seconds = Math.round(WATCH_SECONDS * (1 + random()));
    const query = {
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: this.#version ?? "",
      timeoutSeconds: String(seconds),
    };
    const isShort = () => clock.monotonic() - started < SHORT_WATCH_MS;
    let isAnswered = false;
    let cancel = () => {};
    const onAnswer = () => {
      isAnswered = true;
      // There may be nothing to tell for a long time.
      if (!this.#watchBreaks) this.#problems.recovered("watch");
      else cancel = clock.schedule(SHORT_WATCH_MS, () => this.#problems.recovered("watch"));
    };
    const onData = (chunk: Buffer) => {
      lines.push(chunk);
      this.#problems.recovered("watch");
    };
    try {
      await this.#get(action, query, seconds * 1000 + WATCH_GRACE_MS, onData, onAnswer);
    } finally {
      cancel();
      // An attempt that takes long to fail is no watch that lasted.
      const isOfUse = isAnswered && (events > 0 || !isShort());
      this.#watchBreaks = isAnswered && !isOfUse;
      // Not for a list: one that can only be watched to be told to list again must not be asked for without end.
      if (isOfUse) {
        this.#backoff.reset();
        this.#brokenWatches = 0;
      }
    }
    // Its end came in good order, perhaps in the middle of a line: what was lost comes again in the next one.
    if (isShort()) return this.#backoff.next();
    this.#problems.recovered("watch");
    return 0;
  }

  async #get(
    action: Parameters<typeof statusError>[0],
    query: Readonly<Record<string, string>>,
    silenceMs: number,
    onData: (chunk: Buffer) => void,
    onAnswer?: () => void,
  ): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector, metadataOnly } = this.#settings;
    const list = action.verb === "list";
    await client.stream(
      {
        action,
        path: collectionPath(resource, namespace),
        query: {
          ...query,
          ...(labelSelector && { labelSelector }),
          ...(fieldSelector && { fieldSelector }),
        },
        accept: metadataOnly === true ? metadataType(list) : undefined,
        silenceMs,
        signal: this.#abort.signal,
        onAnswer,
      },
      onData,
    );
  }

  #event(event: WatchEvent): void {
    const { resource, namespace, telemetry, store } = this.#settings;
    const { type, object } = event;
    telemetry.event(this.#name, String(type));
    if (type === "ERROR") {
      const { code, message } = object as { code?: number; message?: string };
      throw statusError(actionOn("watch", resource, namespace), code ?? 500, message ?? "", undefined);
    }
    const version = (object as Partial<KubernetesObject> | undefined)?.metadata?.resourceVersion;
    if (type === "BOOKMARK") {
      this.#advance(version);
      return;
    }
    if (!isKubernetesObject(object)) throw new ApiError("garbage", "an object of the watch has no name");
    if (type === "ADDED" || type === "MODIFIED") {
      if (!this.#versions.outdated(object.metadata)) this.#put(object);
    } else if (type === "DELETED") {
      const key = objectKey(object.metadata);
      if (this.#versions.delete(object.metadata)) {
        store.delete(key);
        this.#count();
      }
    } else {
      throw new ApiError(
        "garbage",
        `a watch has events ADDED, MODIFIED, DELETED, BOOKMARK and ERROR, got ${String(type)}`,
      );
    }
    this.#advance(version);
  }

  /** Events may come out of order; the next watch starts after the latest. */
  #advance(version: string | undefined): void {
    if (version === undefined || this.#version === undefined) return;
    if (!isOlder(version, this.#version)) this.#version = version;
  }

  #put(object: KubernetesObject): string {
    const key = objectKey(object.metadata);
    this.#versions.set(key, object.metadata);
    const { project, store } = this.#settings;
    try {
      store.set(key, project(object));
    } catch (error) {
      // One object that is not what its kind should be must not cost all the others.
      store.delete(key);
      this.#reportUnreadable(key, error);
    }
    this.#count();
    return key;
  }

  #reportUnreadable(key: string, error: unknown): void {
    if (this.#unreadable) return;
    this.#unreadable = true;
    this.#settings.logger.warn("An object of the Kubernetes API cannot be read, such objects are left out.", {
      resource: this.#name,
      object: key,
      error,
    });
  }

  #count(): void {
    this.#settings.telemetry.objects(this.#name, this.#settings.namespace ?? "", this.#versions.size);
  }

  /** Takes note of a failure and returns how long to wait. */
  #failed(error: unknown): number {
    const { telemetry } = this.#settings;
    const listing = this.#version === undefined;
    const verb = listing ? "list" : "watch";
    const known = error instanceof ApiError ? error : undefined;
    telemetry.failed(this.#name, verb, failureReason(known));
    if (known?.expired === true) {
      // In the middle of a list the pages cannot be finished; a second time the list is asked for in one piece.
      this.#whole = listing;
      this.#listReason = "expired";
      this.#version = undefined;
      return this.#backoff.next();
    }
    // A watch that breaks once is everyday life.
    if (listing || known?.refused === true || ++this.#brokenWatches > 1) this.#problems.failed(verb, error);
    if (known?.refused === true) {
      this.#announceReady();
      // The permission to watch may be missing while the one to list is there: then listing is the way to follow.
      if (!listing) {
        this.#listReason = "refused";
        this.#version = undefined;
      }
      return Math.max(this.#backoff.spread(REFUSED_RETRY_MS), known.retryAfterMs ?? 0);
    }
    return Math.max(this.#backoff.next(), known?.retryAfterMs ?? 0);
  }
}

interface WatchEvent {
  readonly type?: unknown;
  readonly object?: unknown;
}

/** Objects reduced to their metadata, from servers that can; others send them whole. */
function metadataType(list: boolean): string {
  const kind = list ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  return `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
}

function failureReason(error: ApiError | undefined): string {
  if (error === undefined) return "other";
  return error.status === undefined ? error.reason : String(error.status);
}
