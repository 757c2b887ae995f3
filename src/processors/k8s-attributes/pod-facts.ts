import type { FieldExtractor, KubernetesObject } from "../../kubernetes/index.ts";

export interface ContainerFacts {
  readonly name: string;
  /** Without the runtime's prefix; "" while it is not running. */
  readonly id: string;
  readonly image: string;
  readonly tag: string;
  readonly digest: string;
}

export interface OwnerFacts {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** What is kept of a pod. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly nodeName: string;
  readonly hostname: string;
  /** "" for pods on the host's network: that address is not theirs alone. */
  readonly ip: string;
  readonly owners: readonly OwnerFacts[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly containers: readonly ContainerFacts[];
}

/** Labels that attributes are made of beside the configured ones. */
export const POD_LABELS = {
  templateHash: "pod-template-hash",
  name: "app.kubernetes.io/name",
  instance: "app.kubernetes.io/instance",
  version: "app.kubernetes.io/version",
} as const;

export const OTEL_ANNOTATION = "resource.opentelemetry.io/";
/** An annotation by which a pod stays out, as in the Collector. */
const IGNORE_ANNOTATION = "opentelemetry.io/k8s-processor/ignore";

export interface PodProjection {
  readonly labels: FieldExtractor;
  readonly annotations: FieldExtractor;
  readonly otelAnnotations: boolean;
  readonly containers: boolean;
  readonly excluded: (name: string) => boolean;
}

interface RawStatus {
  readonly name?: string;
  readonly containerID?: string;
  readonly imageID?: string;
}

interface RawPod {
  readonly spec?: {
    readonly nodeName?: string;
    readonly hostname?: string;
    readonly hostNetwork?: boolean;
    readonly containers?: readonly { readonly name?: string; readonly image?: string }[];
  };
  readonly status?: { readonly podIP?: string; readonly containerStatuses?: readonly RawStatus[] };
}

/** Returns undefined for pods that are to be left out. */
export function podFacts(object: KubernetesObject, want: PodProjection): PodFacts | undefined {
  const { metadata } = object;
  const { spec, status } = object as RawPod;
  const { labels, annotations } = metadata;
  if (want.excluded(metadata.name) || annotations?.[IGNORE_ANNOTATION] === "true") return undefined;
  const own: Record<string, string> = {};
  for (const key of Object.values(POD_LABELS)) if (labels?.[key] !== undefined) own[key] = labels[key];
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid ?? "",
    createdAt: metadata.creationTimestamp ?? "",
    nodeName: spec?.nodeName ?? "",
    hostname: spec?.hostname ?? metadata.name,
    ip: spec?.hostNetwork === true ? "" : (status?.podIP ?? ""),
    owners: (metadata.ownerReferences ?? []).map(({ kind = "", name = "", uid = "" }) => ({
      kind,
      name,
      uid,
    })),
    labels: { ...own, ...want.labels.keep("pod", labels) },
    annotations: {
      ...want.annotations.keep("pod", annotations),
      ...(want.otelAnnotations && withPrefix(annotations, OTEL_ANNOTATION)),
    },
    containers: want.containers ? containerFacts({ spec, status } as RawPod) : [],
  };
}

function containerFacts({ spec, status }: RawPod): readonly ContainerFacts[] {
  return (spec?.containers ?? []).map(({ name = "", image = "" }) => {
    const running = status?.containerStatuses?.find((candidate) => candidate.name === name);
    return {
      name,
      id: running?.containerID?.replace(/^.*:\/\//, "") ?? "",
      digest: running?.imageID?.replace(/^.*:\/\//, "") ?? "",
      ...imageParts(image),
    };
  });
}

/** A tag is what follows the last colon, unless that is the port of a registry. */
function imageParts(reference: string): { readonly image: string; readonly tag: string } {
  const [name = ""] = reference.split("@");
  const colon = name.lastIndexOf(":");
  if (colon < 0 || name.indexOf("/", colon) >= 0) return { image: name, tag: "latest" };
  return { image: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function withPrefix(
  values: Readonly<Record<string, string>> | undefined,
  prefix: string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([key]) => key.startsWith(prefix)));
}
