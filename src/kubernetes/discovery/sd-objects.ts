import { controllerOf, type KubernetesObject, type OwnerReference } from "../resource.ts";

/** What target labels say of any object. */
export interface SdMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly controller: Pick<OwnerReference, "kind" | "name"> | undefined;
}

export interface SdPort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

export interface SdContainer {
  readonly name: string;
  readonly image: string;
  readonly id: string;
  readonly init: boolean;
  readonly ports: readonly SdPort[];
}

export interface SdPod {
  readonly meta: SdMeta;
  readonly ip: string;
  readonly hostIp: string;
  readonly nodeName: string;
  readonly phase: string;
  /** `true`, `false` or `unknown`. */
  readonly ready: string;
  readonly containers: readonly SdContainer[];
}

export interface SdNode {
  readonly meta: SdMeta;
  readonly providerId: string;
  readonly kubeletPort: number;
  readonly addresses: readonly { readonly type?: string; readonly address?: string }[];
}

export interface SdService {
  readonly meta: SdMeta;
  readonly type: string;
  readonly clusterIp: string;
  readonly externalName: string;
  readonly loadBalancerIp: string;
  readonly ports: readonly SdPort[];
}

export interface SdReference {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

export interface SdAddress {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: SdReference;
}

export interface SdEndpoints {
  readonly meta: SdMeta;
  readonly subsets: readonly {
    readonly ports: readonly SdPort[];
    readonly ready: readonly SdAddress[];
    readonly notReady: readonly SdAddress[];
  }[];
}

export interface SdEndpoint {
  readonly addresses?: readonly string[];
  readonly conditions?: Readonly<Record<string, boolean | undefined>>;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: SdReference;
  readonly deprecatedTopology?: Readonly<Record<string, string>>;
}

export interface SdEndpointSlice {
  readonly meta: SdMeta;
  readonly addressType: string;
  readonly ports: readonly SdPort[];
  readonly endpoints: readonly SdEndpoint[];
}

export interface SdIngress {
  readonly meta: SdMeta;
  readonly className: string | undefined;
  readonly tlsHosts: readonly string[];
  readonly rules: readonly { readonly host: string; readonly paths: readonly string[] }[];
}

export function projectMeta({ metadata }: KubernetesObject): SdMeta {
  const controller = controllerOf(metadata);
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid ?? "",
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    controller: controller && {
      ...(controller.kind && { kind: controller.kind }),
      ...(controller.name && { name: controller.name }),
    },
  };
}

/** Objects come from outside: their parts are looked at as if any could be missing. */
type Loose = Readonly<Record<string, unknown>> | undefined;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const list = <T>(value: unknown): readonly T[] => (Array.isArray(value) ? (value as T[]) : []);

interface RawContainer {
  readonly name?: string;
  readonly image?: string;
  readonly ports?: readonly { name?: string; containerPort?: number; protocol?: string }[];
}

export function projectPod(object: KubernetesObject): SdPod {
  const spec = object.spec as Loose;
  const status = object.status as Loose;
  const conditions = list<{ type?: string; status?: string }>(status?.["conditions"]);
  const containers = (raw: unknown, statuses: unknown, init: boolean) =>
    list<RawContainer>(raw).map(
      ({ name = "", image = "", ports = [] }): SdContainer => ({
        name,
        image,
        init,
        id: list<Record<string, string>>(statuses).find((s) => s["name"] === name)?.["containerID"] ?? "",
        ports: ports.map((p) => ({
          name: p.name ?? "",
          protocol: p.protocol ?? "",
          ...(p.containerPort !== undefined && { port: p.containerPort }),
        })),
      }),
    );
  return {
    meta: projectMeta(object),
    ip: text(status?.["podIP"]),
    hostIp: text(status?.["hostIP"]),
    nodeName: text(spec?.["nodeName"]),
    phase: text(status?.["phase"]),
    ready: (conditions.find(({ type }) => type === "Ready")?.status ?? "unknown").toLowerCase(),
    containers: [
      ...containers(spec?.["containers"], status?.["containerStatuses"], false),
      ...containers(spec?.["initContainers"], status?.["initContainerStatuses"], true),
    ],
  };
}

export function projectNode(object: KubernetesObject): SdNode {
  const status = object.status as Loose;
  const endpoints = status?.["daemonEndpoints"] as { kubeletEndpoint?: { Port?: number } } | undefined;
  return {
    meta: projectMeta(object),
    providerId: text((object.spec as Loose)?.["providerID"]),
    kubeletPort: endpoints?.kubeletEndpoint?.Port ?? 0,
    addresses: list(status?.["addresses"]),
  };
}

export function projectService(object: KubernetesObject): SdService {
  const spec = object.spec as Loose;
  return {
    meta: projectMeta(object),
    type: text(spec?.["type"]),
    clusterIp: text(spec?.["clusterIP"]),
    externalName: text(spec?.["externalName"]),
    loadBalancerIp: text(spec?.["loadBalancerIP"]),
    ports: list<SdPort>(spec?.["ports"]),
  };
}

export function projectEndpoints(object: KubernetesObject): SdEndpoints {
  const subsets = list<Record<string, unknown>>(object["subsets"]);
  return {
    meta: projectMeta(object),
    subsets: subsets.map((subset) => ({
      ports: list(subset["ports"]),
      ready: list(subset["addresses"]),
      notReady: list(subset["notReadyAddresses"]),
    })),
  };
}

export function projectEndpointSlice(object: KubernetesObject): SdEndpointSlice {
  return {
    meta: projectMeta(object),
    addressType: text(object["addressType"]),
    ports: list(object["ports"]),
    endpoints: list(object["endpoints"]),
  };
}

export function projectIngress(object: KubernetesObject): SdIngress {
  const spec = object.spec as Loose;
  const className = spec?.["ingressClassName"];
  return {
    meta: projectMeta(object),
    className: typeof className === "string" ? className : undefined,
    tlsHosts: list<{ hosts?: string[] }>(spec?.["tls"]).flatMap(({ hosts }) => hosts ?? []),
    rules: list<{ host?: string; http?: { paths?: { path?: string }[] } }>(spec?.["rules"]).map(
      ({ host, http }) => ({ host: host ?? "", paths: (http?.paths ?? [{}]).map(({ path }) => path || "/") }),
    ),
  };
}
