import { objectKey } from "../resource.ts";
import { containerLabels, hostPort, type Labels, META, objectLabels, podLabels } from "./sd-labels.ts";
import type {
  SdEndpoint,
  SdEndpointSlice,
  SdEndpoints,
  SdIngress,
  SdMeta,
  SdNode,
  SdPod,
  SdPort,
  SdReference,
  SdService,
} from "./sd-objects.ts";

/** Targets that come from one object, as Prometheus' target groups. */
export interface TargetGroup {
  /** `pod/<namespace>/<name>` and the like. */
  readonly source: string;
  /** Of all its targets. */
  readonly labels: Labels;
  /** Each with its `__address__`. */
  readonly targets: readonly Labels[];
}

/** Other objects by their key; undefined when there is none, or when it was not asked for. */
export interface Lookup {
  pod(key: string): SdPod | undefined;
  node(name: string): SdNode | undefined;
  service(key: string): SdService | undefined;
  /** Labels of the namespace, if they are to be attached. */
  namespace(name: string): Labels;
  /** Names of the deployment, job and cron job of a pod, as far as they are to be attached. */
  workload(pod: SdPod): Labels;
}

export function nodeGroup(node: SdNode): TargetGroup {
  const addresses: Record<string, string> = {};
  for (const { type = "", address = "" } of node.addresses) addresses[type] ??= address;
  // In the order of preference of Prometheus.
  const types = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];
  const address = types.map((type) => addresses[type]).find((value) => value !== undefined);
  const target: Record<string, string> = {
    __address__: hostPort(address ?? "", node.kubeletPort),
    instance: node.meta.name,
  };
  for (const [type, value] of Object.entries(addresses)) {
    target[`${META}node_address_${type.replace(/[^a-zA-Z0-9_]/g, "_")}`] = value;
  }
  return {
    source: `node/${node.meta.name}`,
    labels: { ...objectLabels("node", node.meta), [`${META}node_provider_id`]: node.providerId },
    targets: address === undefined ? [] : [target],
  };
}

export function podGroup(pod: SdPod, lookup: Lookup): TargetGroup {
  const source = `pod/${keyOf(pod.meta)}`;
  // A pod that starts or was evicted.
  if (pod.ip === "") return { source, labels: {}, targets: [] };
  return {
    source,
    labels: {
      ...podLabels(pod),
      ...lookup.workload(pod),
      ...inNamespace(pod.meta, lookup),
      ...nodeLabels(lookup.node(pod.nodeName)),
    },
    targets: pod.containers.flatMap((container) => {
      const ports = container.ports.length === 0 ? [undefined] : container.ports;
      return ports.map((port) => ({
        __address__: hostPort(pod.ip, port?.port),
        ...containerLabels(container, port),
        [`${META}pod_container_id`]: container.id,
      }));
    }),
  };
}

export function serviceGroup(service: SdService, lookup: Lookup): TargetGroup {
  const { meta, type } = service;
  return {
    source: `svc/${keyOf(meta)}`,
    labels: { ...objectLabels("service", meta), ...inNamespace(meta, lookup) },
    targets: service.ports.map((port) => ({
      __address__: hostPort(`${meta.name}.${meta.namespace}.svc`, port.port),
      [`${META}service_port_name`]: port.name ?? "",
      [`${META}service_port_number`]: String(port.port ?? ""),
      [`${META}service_port_protocol`]: port.protocol ?? "",
      [`${META}service_type`]: type,
      ...(type === "ExternalName"
        ? { [`${META}service_external_name`]: service.externalName }
        : { [`${META}service_cluster_ip`]: service.clusterIp }),
      ...(type === "LoadBalancer" && { [`${META}service_loadbalancer_ip`]: service.loadBalancerIp }),
    })),
  };
}

export function endpointsGroup(endpoints: SdEndpoints, lookup: Lookup): TargetGroup {
  const { meta } = endpoints;
  const pods = new PodTargets(lookup);
  for (const { ports, ready, notReady } of endpoints.subsets) {
    for (const port of ports) {
      for (const [addresses, isReady] of [
        [ready, true],
        [notReady, false],
      ] as const) {
        for (const { ip, hostname, nodeName, targetRef } of addresses) {
          const labels = {
            __address__: hostPort(ip, port.port),
            [`${META}endpoint_port_name`]: port.name ?? "",
            [`${META}endpoint_port_protocol`]: port.protocol ?? "",
            [`${META}endpoint_ready`]: String(isReady),
            ...reference("endpoint", targetRef),
            ...(nodeName !== undefined && { [`${META}endpoint_node_name`]: nodeName }),
            ...(hostname && { [`${META}endpoint_hostname`]: hostname }),
            ...nodeLabels(lookup.node(nodeName ?? "")),
          };
          pods.add(labels, port, targetRef);
        }
      }
    }
  }
  return {
    source: `endpoints/${keyOf(meta)}`,
    labels: {
      ...objectLabels("endpoints", meta),
      ...serviceLabels(lookup.service(keyOf(meta))),
      ...inNamespace(meta, lookup),
    },
    targets: pods.finish(),
  };
}

export function endpointSliceGroup(slice: SdEndpointSlice, lookup: Lookup): TargetGroup {
  const { meta } = slice;
  const pods = new PodTargets(lookup);
  for (const endpoint of slice.endpoints) {
    for (const port of slice.ports) {
      for (const address of endpoint.addresses ?? []) {
        pods.add(
          { __address__: hostPort(address, port.port), ...sliceLabels(endpoint, port, lookup) },
          port,
          endpoint.targetRef,
        );
      }
    }
  }
  const service = meta.labels["kubernetes.io/service-name"];
  return {
    source: `endpointslice/${keyOf(meta)}`,
    labels: {
      ...objectLabels("endpointslice", meta),
      [`${META}endpointslice_address_type`]: slice.addressType,
      ...(service !== undefined && serviceLabels(lookup.service(`${meta.namespace}/${service}`))),
      ...inNamespace(meta, lookup),
    },
    targets: pods.finish(),
  };
}

export function ingressGroup(ingress: SdIngress, lookup: Lookup): TargetGroup {
  const { meta, className } = ingress;
  return {
    source: `ingress/${keyOf(meta)}`,
    labels: {
      ...objectLabels("ingress", meta),
      ...(className !== undefined && { [`${META}ingress_class_name`]: className }),
      ...inNamespace(meta, lookup),
    },
    targets: ingress.rules.flatMap(({ host, paths }) => {
      const secure = ingress.tlsHosts.some((pattern) => matchesHost(pattern, host));
      return paths.map((path) => ({
        __address__: host,
        [`${META}ingress_scheme`]: secure ? "https" : "http",
        [`${META}ingress_host`]: host,
        [`${META}ingress_path`]: path,
      }));
    }),
  };
}

/** The targets of endpoints: those behind them that are pods get the pods' labels, and their other ports targets too. */
class PodTargets {
  readonly #lookup: Lookup;
  readonly #targets: Labels[] = [];
  readonly #seen = new Map<SdPod, Set<number | undefined>>();

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  add(labels: Labels, port: SdPort, target: SdReference | undefined): void {
    const { kind, name, namespace } = target ?? {};
    const pod =
      kind === "Pod" && name !== undefined
        ? this.#lookup.pod(objectKey({ name, ...(namespace && { namespace }) }))
        : undefined;
    if (pod === undefined) {
      this.#targets.push(labels);
      return;
    }
    const ports = this.#seen.get(pod) ?? new Set();
    ports.add(port.port);
    this.#seen.set(pod, ports);
    const match = pod.containers
      .flatMap((container) => container.ports.map((own) => ({ container, own })))
      .find(({ own }) => port.port !== undefined && own.port === port.port);
    this.#targets.push({
      ...labels,
      ...podLabels(pod),
      ...this.#lookup.workload(pod),
      ...(match && containerLabels(match.container, match.own)),
    });
  }

  finish(): readonly Labels[] {
    for (const [pod, covered] of this.#seen) {
      if (pod.ip === "") continue;
      for (const container of pod.containers) {
        for (const port of container.ports) {
          if (covered.has(port.port)) continue;
          this.#targets.push({
            __address__: hostPort(pod.ip, port.port),
            ...containerLabels(container, port),
            ...podLabels(pod),
            ...this.#lookup.workload(pod),
          });
        }
      }
    }
    return this.#targets;
  }
}

function sliceLabels(endpoint: SdEndpoint, port: SdPort, lookup: Lookup): Labels {
  const prefix = `${META}endpointslice_`;
  const { conditions = {}, hostname, nodeName, zone, targetRef, deprecatedTopology = {} } = endpoint;
  const labels: Record<string, string> = {
    ...(port.name !== undefined && { [`${prefix}port_name`]: port.name }),
    ...(port.protocol !== undefined && { [`${prefix}port_protocol`]: port.protocol }),
    ...(port.port !== undefined && { [`${prefix}port`]: String(port.port) }),
    ...(port.appProtocol !== undefined && { [`${prefix}port_app_protocol`]: port.appProtocol }),
    ...(hostname !== undefined && { [`${prefix}endpoint_hostname`]: hostname }),
    ...(nodeName !== undefined && { [`${prefix}endpoint_node_name`]: nodeName }),
    ...(zone !== undefined && { [`${prefix}endpoint_zone`]: zone }),
    ...reference("endpointslice", targetRef),
  };
  for (const condition of ["ready", "serving", "terminating"]) {
    const value = conditions[condition];
    if (value !== undefined) labels[`${prefix}endpoint_conditions_${condition}`] = String(value);
  }
  for (const [key, value] of Object.entries(deprecatedTopology)) {
    const name = key.replace(/[^a-zA-Z0-9_]/g, "_");
    labels[`${prefix}endpoint_topology_${name}`] = value;
    labels[`${prefix}endpoint_topology_present_${name}`] = "true";
  }
  const node = targetRef?.kind === "Node" ? targetRef.name : nodeName;
  return { ...labels, ...nodeLabels(lookup.node(node ?? "")) };
}

function reference(role: string, target: SdReference | undefined): Labels {
  if (target === undefined) return {};
  return {
    [`${META}${role}_address_target_kind`]: target.kind ?? "",
    [`${META}${role}_address_target_name`]: target.name ?? "",
  };
}

function serviceLabels(service: SdService | undefined): Labels {
  return service === undefined ? {} : objectLabels("service", service.meta);
}

function nodeLabels(node: SdNode | undefined): Labels {
  return node === undefined ? {} : objectLabels("node", node.meta);
}

function inNamespace({ namespace }: SdMeta, lookup: Lookup): Labels {
  return { [`${META}namespace`]: namespace, ...lookup.namespace(namespace) };
}

function keyOf({ namespace, name }: SdMeta): string {
  return `${namespace}/${name}`;
}

/** `*.example.org` stands for one more part. */
function matchesHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  if (!pattern.startsWith("*.")) return false;
  const dot = host.indexOf(".");
  return dot >= 0 && host.slice(dot) === pattern.slice(1);
}
