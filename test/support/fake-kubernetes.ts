import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateAuthority, type Cleanup, createCertificateAuthority } from "./certificates.ts";
import { matchesFields, matchesLabels } from "./kubernetes-selectors.ts";

export interface FakeObject {
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

/** One request as RBAC sees it. */
export interface Call {
  readonly verb: "list" | "watch";
  readonly group: string;
  readonly resource: string;
  /** "" for the whole cluster. */
  readonly namespace: string;
  readonly query: Readonly<Record<string, string>>;
}

/** What goes wrong with a request: return true when the response was dealt with. */
export type Fault = (call: Call, response: ServerResponse) => boolean;

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: FakeObject;
  readonly previous: FakeObject | undefined;
}

interface Collection {
  readonly objects: Map<string, FakeObject>;
  readonly history: Change[];
}

interface Watch {
  readonly call: Call;
  readonly response: ServerResponse;
  readonly bookmarks: boolean;
}

/**
 * An API server in this process, over real HTTPS: collections with resource versions, lists in pages with continue
 * tokens, watches from a version with history that can be compacted, bookmarks, selectors, RBAC, tokens. Tests make
 * it fail with `faults`, `closeWatches` and by writing to the watches themselves.
 */
export class FakeKubernetes {
  readonly authority: CertificateAuthority;
  /** Tokens that are let in; empty: everybody is. */
  readonly tokens = new Set<string>();
  readonly calls: Call[] = [];
  /** Asked in order for each request; the first that deals with it ends the matter. */
  readonly faults: Fault[] = [];
  readonly #collections = new Map<string, Collection>();
  readonly #denied = new Set<string>();
  readonly #watches = new Set<Watch>();
  readonly #sockets = new Set<Socket>();
  readonly #waiters = new Set<() => void>();
  readonly #server: Server;
  #version = 100;
  #compacted = 0;

  private constructor(authority: CertificateAuthority, days: number) {
    this.authority = authority;
    const { certPem, keyPem } = authority.issue({
      commonName: "kube-apiserver",
      dnsNames: ["kubernetes.default.svc"],
      ipAddresses: ["127.0.0.1"],
      days,
    });
    this.#server = createServer(
      { cert: certPem, key: keyPem, ca: authority.certPem, requestCert: true, rejectUnauthorized: false },
      (request, response) => this.#handle(request, response),
    );
    this.#server.on("tlsClientError", () => {});
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** @param options.certificateDays negative: expired */
  static async start(
    cleanup: Cleanup,
    options: { readonly certificateDays?: number; readonly port?: number } = {},
  ): Promise<FakeKubernetes> {
    const fake = new FakeKubernetes(createCertificateAuthority(), options.certificateDays ?? 1);
    await fake.listen(options.port ?? 0);
    cleanup.after(() => fake.stop());
    return fake;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** An outage: nothing listens any more. `listen(port)` ends it. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  /** What a pod has: environment variables and a directory with token, CA and namespace. */
  async serviceAccount(
    cleanup: Cleanup,
    token = "token-1",
  ): Promise<{ environment: Record<string, string>; directory: string }> {
    const directory = await mkdtemp(join(tmpdir(), "otelcol-kubevirt-sa-"));
    cleanup.after(() => rm(directory, { recursive: true, force: true }));
    await writeFile(join(directory, "token"), token);
    await writeFile(join(directory, "ca.crt"), this.authority.certPem);
    await writeFile(join(directory, "namespace"), "monitoring");
    const environment = {
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String(this.port),
    };
    return { environment, directory };
  }

  /** Creates or replaces an object of `resource` ("pods", "virtualmachines.kubevirt.io"). */
  apply(resource: string, object: FakeObject): FakeObject {
    const { objects } = this.#collection(resource);
    const key = keyOf(object);
    const previous = objects.get(key);
    this.#version++;
    const stored: FakeObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? previous?.metadata.uid ?? `uid-${this.#version}`,
        resourceVersion: String(this.#version),
      },
    };
    objects.set(key, stored);
    this.#changed(resource, {
      version: this.#version,
      type: previous === undefined ? "ADDED" : "MODIFIED",
      object: stored,
      previous,
    });
    return stored;
  }

  delete(resource: string, name: string, namespace?: string): void {
    const { objects } = this.#collection(resource);
    const key = keyOf({ metadata: { name, ...(namespace !== undefined && { namespace }) } });
    const previous = objects.get(key);
    if (previous === undefined) throw new Error(`${resource} ${key} does not exist`);
    objects.delete(key);
    this.#version++;
    const object = {
      ...previous,
      metadata: { ...previous.metadata, resourceVersion: String(this.#version) },
    };
    this.#changed(resource, { version: this.#version, type: "DELETED", object, previous });
  }

  /** Forgets the history: older resource versions and continue tokens are gone. */
  compact(): void {
    this.#compacted = this.#version;
    for (const { history } of this.#collections.values()) history.length = 0;
  }

  /** RBAC: that verb on that resource is not allowed, in one namespace or ("") anywhere at once. */
  deny(verb: Call["verb"], resource: string, namespace = ""): void {
    this.#denied.add(`${verb} ${resource} ${namespace}`);
  }

  allow(verb: Call["verb"], resource: string, namespace = ""): void {
    this.#denied.delete(`${verb} ${resource} ${namespace}`);
  }

  /** Ends the watches of a resource, in good order or by cutting the connection after `last`, half a line perhaps. */
  closeWatches(resource: string, last?: string): void {
    for (const { response, call } of this.#watchesOf(resource)) {
      if (last === undefined) response.end();
      else response.write(last, () => response.destroy());
      this.#forget(call);
    }
  }

  /** Sends a line to the watches of a resource as it stands. */
  write(resource: string, line: string): void {
    for (const { response } of this.#watchesOf(resource)) response.write(`${line}\n`);
  }

  /** Tells watches that asked for it how far they are. */
  bookmark(resource: string): void {
    const line = JSON.stringify({
      type: "BOOKMARK",
      object: { metadata: { resourceVersion: String(this.#version) } },
    });
    for (const { response, bookmarks } of this.#watchesOf(resource))
      if (bookmarks) response.write(`${line}\n`);
  }

  /** Resolves when the condition holds; looked at after each request and each end of a watch. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiters.add(resolve);
      });
    }
  }

  /** Resolves when so many watches of a resource are open. */
  watching(resource: string, count = 1): Promise<void> {
    return this.until(() => this.#watchesOf(resource).length >= count);
  }

  #collection(resource: string): Collection {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = { objects: new Map(), history: [] };
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  #watchesOf(resource: string): Watch[] {
    return [...this.#watches].filter(({ call }) => fullName(call) === resource);
  }

  #forget(call: Call): void {
    for (const watch of this.#watches) if (watch.call === call) this.#watches.delete(watch);
    this.#wake();
  }

  #wake(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }

  #changed(resource: string, change: Change): void {
    this.#collection(resource).history.push(change);
    for (const watch of this.#watchesOf(resource)) send(watch, change);
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    response.on("error", () => {});
    const call = parseCall(request.url ?? "");
    if (call === undefined) {
      status(response, 404, "NotFound", "the server could not find the requested resource");
      return;
    }
    this.calls.push(call);
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1];
    if (this.tokens.size > 0 && !this.tokens.has(token ?? "")) {
      status(response, 401, "Unauthorized", "Unauthorized");
    } else if (!this.faults.some((fault) => fault(call, response))) {
      this.#serve(call, response);
    }
    this.#wake();
  }

  #serve(call: Call, response: ServerResponse): void {
    const resource = fullName(call);
    const rule = `${call.verb} ${resource}`;
    if (this.#denied.has(`${rule} `) || this.#denied.has(`${rule} ${call.namespace}`)) {
      const scope = call.namespace === "" ? "at the cluster scope" : `in the namespace "${call.namespace}"`;
      status(
        response,
        403,
        "Forbidden",
        `${resource} is forbidden: User "system:serviceaccount:monitoring:collector" cannot ${call.verb} resource "${call.resource}" in API group "${call.group}" ${scope}`,
      );
    } else if (call.verb === "list") this.#list(call, response);
    else this.#watch(call, response);
  }

  #list(call: Call, response: ServerResponse): void {
    const { objects } = this.#collection(fullName(call));
    const { limit, continue: token } = call.query;
    const { version, after } =
      token === undefined
        ? { version: this.#version, after: "" }
        : (JSON.parse(Buffer.from(token, "base64").toString()) as { version: number; after: string });
    if (version < this.#compacted) {
      status(response, 410, "Expired", "The provided continue parameter is too old");
      return;
    }
    const all = [...objects]
      .filter(([key, object]) => key > after && matches(call, object))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const page = limit === undefined ? all : all.slice(0, Number(limit));
    const next =
      page.length < all.length
        ? Buffer.from(JSON.stringify({ version, after: page.at(-1)?.[0] })).toString("base64")
        : undefined;
    const body = {
      kind: "List",
      apiVersion: "v1",
      metadata: { resourceVersion: String(version), ...(next !== undefined && { continue: next }) },
      items: page.map(([, object]) => object),
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  #watch(call: Call, response: ServerResponse): void {
    const from = Number(call.query["resourceVersion"]);
    if (from < this.#compacted) {
      status(response, 410, "Expired", `too old resource version: ${from} (${this.#compacted})`);
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const watch = { call, response, bookmarks: call.query["allowWatchBookmarks"] === "true" };
    this.#watches.add(watch);
    response.once("close", () => this.#forget(call));
    for (const change of this.#collection(fullName(call)).history)
      if (change.version > from) send(watch, change);
  }
}

/** Sends a change as the watch's selectors let it look: what leaves them is deleted, what enters is added. */
function send({ call, response }: Watch, { type, object, previous }: Change): void {
  const before = previous !== undefined && matches(call, previous);
  const now = type !== "DELETED" && matches(call, object);
  if (!before && !now) return;
  const seen = !now ? "DELETED" : before ? "MODIFIED" : "ADDED";
  response.write(`${JSON.stringify({ type: seen, object })}\n`);
}

function matches({ namespace, query }: Call, object: FakeObject): boolean {
  if (namespace !== "" && object.metadata.namespace !== namespace) return false;
  return (
    matchesLabels(query["labelSelector"] ?? "", object.metadata.labels ?? {}) &&
    matchesFields(query["fieldSelector"] ?? "", object)
  );
}

export function status(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): true {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", message, reason, code };
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  return true;
}

/** "pods" or "virtualmachines.kubevirt.io". */
export function fullName({ group, resource }: Pick<Call, "group" | "resource">): string {
  return group === "" ? resource : `${resource}.${group}`;
}

function parseCall(url: string): Call | undefined {
  const { pathname, searchParams } = new URL(url, "https://host");
  const match =
    /^\/(?:api|apis\/(?<group>[^/]+))\/v1(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[^/]+)$/.exec(
      pathname,
    );
  const { group = "", namespace = "", resource } = match?.groups ?? {};
  if (resource === undefined) return undefined;
  const query = Object.fromEntries(searchParams);
  return { verb: query["watch"] === "true" ? "watch" : "list", group, resource, namespace, query };
}

function keyOf({ metadata: { name, namespace } }: FakeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
