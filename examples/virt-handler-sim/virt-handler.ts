import type { IncomingMessage, ServerResponse } from "node:http";
import { createCertificateAuthority } from "./certificates.ts";
import { Exposition } from "./exposition.ts";
import { serveHealthz } from "./healthz-endpoint.ts";
import { MetricsEndpoint } from "./metrics-endpoint.ts";
import { TlsListener } from "./tls-listener.ts";
import { World } from "./world.ts";

export interface VirtHandlerSettings {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default "127.0.0.1". */
  readonly host?: string;
  /** VMs to begin with; default 3. */
  readonly vms?: number;
  /** Name of the node; default "node01". */
  readonly node?: string;
  /** Default: a certificate for KubeVirt's names (no IP address), from an authority made for this run. */
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
  /** The same seed, clock and calls make the same numbers; default 1. */
  readonly seed?: number;
  /** Milliseconds since 1970; default the system's clock. */
  readonly clock?: () => number;
  /** How long a scrape collects before it answers; default 0, a real virt-handler takes one to two seconds. */
  readonly collectionDelayMs?: number;
  /** True: VMs come, go and migrate and vCPUs change state by themselves; default false. */
  readonly lively?: boolean;
}

export interface VirtHandler {
  /** Origin, with the port listened on. */
  readonly url: string;
  readonly metricsUrl: string;
  readonly healthzUrl: string;
  /** What a client has to trust. Verify against the name `virt-handler.kubevirt.svc`: the certificate has no IP. */
  readonly caPem: string;
  readonly world: World;
  /** False: the Kubernetes API cannot be reached, `/healthz` answers 500; `/metrics` goes on. */
  setHealthy(healthy: boolean): void;
  setCollectionDelay(milliseconds: number): void;
  /** Cuts all connections and stops listening. */
  close(): Promise<void>;
}

const SERVICE = "virt-handler";
const NAMESPACE = "kubevirt";

/** Starts a simulated virt-handler; rejects when the address cannot be listened on. */
export async function startVirtHandler(settings: VirtHandlerSettings = {}): Promise<VirtHandler> {
  const { host = "127.0.0.1", port = 0, tls } = settings;
  const { certPem, keyPem, caPem } = tls === undefined ? issueCertificate() : { ...tls, caPem: tls.certPem };
  const world = new World({
    vms: settings.vms ?? 3,
    node: settings.node ?? "node01",
    seed: settings.seed ?? 1,
    clock: settings.clock ?? Date.now,
    lively: settings.lively ?? false,
  });
  const metrics = new MetricsEndpoint(world, new Exposition(world), settings.collectionDelayMs ?? 0);
  const listener = await TlsListener.listen({
    port,
    host,
    certPem,
    keyPem,
    serve: (request, response) => route(request, response, world, metrics),
  });
  const url = `https://${host.includes(":") ? `[${host}]` : host}:${listener.port}`;
  return {
    url,
    metricsUrl: `${url}/metrics`,
    healthzUrl: `${url}/healthz`,
    caPem,
    world,
    setHealthy: (healthy) => world.setApiReachable(healthy),
    setCollectionDelay: (milliseconds) => metrics.setCollectionDelay(milliseconds),
    close: () => listener.close(),
  };
}

function route(
  request: IncomingMessage,
  response: ServerResponse,
  world: World,
  metrics: MetricsEndpoint,
): void {
  const [path] = (request.url ?? "").split("?", 1);
  if (path === "/metrics") {
    metrics.serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  } else if (path === "/healthz") {
    serveHealthz(request, response, world.apiReachable);
  } else {
    response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" }).end("404: Page Not Found");
  }
}

/** The names of KubeVirt's own certificate: no Service of this name exists, but clients verify against it. */
function issueCertificate(): { certPem: string; keyPem: string; caPem: string } {
  const authority = createCertificateAuthority({ commonName: "kubevirt.io@simulated" });
  const domain = `${SERVICE}.${NAMESPACE}`;
  const issued = authority.issue({
    commonName: `kubevirt.io:system:node:${SERVICE}`,
    dnsNames: [SERVICE, domain, `${domain}.svc`, `${domain}.svc.cluster.local`],
  });
  return { ...issued, caPem: authority.certPem };
}
