import type { Attributes, Resource } from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";
import type { TargetAttributes, VmSeries } from "./target-attributes.ts";

/**
 * One resource for each virtual machine of a target. Series that have only part of the machine's attributes (those of a
 * migration have no labels) belong to the resource that has them all; where there are several, because the machine's
 * labels changed, to the one that came last.
 */
export class VmResources {
  readonly #target: TargetAttributes;
  /** By the key of the whole identity; kept from layout to layout, for those machines that the last one had. */
  #resources = new Map<string, Resource>();
  #previous = new Map<string, Resource>();
  /** Of the layout at hand: every series with its resource, undefined until asked for. */
  #series = new Map<VmSeries, Resource | undefined>();
  /** Of the layout at hand, by machine: its identities by their key. */
  #identities = new Map<string, Map<string, Attributes>>();

  constructor(target: TargetAttributes) {
    this.#target = target;
  }

  /** Begins a layout; every series has to be announced with {@link add} before the first {@link of}. */
  begin(): void {
    this.#previous = this.#resources;
    this.#resources = new Map();
    this.#series = new Map();
    this.#identities = new Map();
  }

  add(series: VmSeries): void {
    if (this.#series.has(series)) return;
    this.#series.set(series, undefined);
    let identities = this.#identities.get(series.vm);
    if (identities === undefined) {
      identities = new Map();
      this.#identities.set(series.vm, identities);
    }
    identities.set(seriesKey(series.identity), series.identity);
  }

  of(series: VmSeries): Resource {
    let resource = this.#series.get(series);
    if (resource === undefined) {
      const whole = this.#whole(series.vm, series.identity);
      const key = seriesKey(whole);
      resource = this.#resources.get(key) ?? this.#previous.get(key) ?? this.#create(series.vm, whole);
      this.#resources.set(key, resource);
      this.#series.set(series, resource);
    }
    return resource;
  }

  #whole(vm: string, identity: Attributes): Attributes {
    const others = [...(this.#identities.get(vm)?.values() ?? [])];
    const size = Object.keys(identity).length;
    const whole = others.findLast(
      (other) =>
        Object.keys(other).length > size &&
        Object.entries(identity).every(([name, value]) => other[name] === value),
    );
    return whole ?? identity;
  }

  /**
   * The handler's service.*, server.* and k8s.pod.* describe the handler and stay with it. What a machine has in their
   * place is unique for each machine: backends that know a series by service.name and service.instance.id (Prometheus
   * makes job and instance of them) would else take all machines for one.
   */
  #create(vm: string, identity: Attributes): Resource {
    const { attributes, schemaUrl } = this.#target.resource;
    const namespace = identity["vm_namespace"] ?? identity["namespace"];
    const cluster = attributes["k8s.cluster.name"];
    return Object.freeze({
      attributes: Object.freeze({
        "service.name": "kubevirt-vmi",
        "service.instance.id": cluster === undefined ? vm : `${String(cluster)}/${vm}`,
        ...(cluster !== undefined && { "k8s.cluster.name": cluster }),
        "k8s.namespace.name": namespace,
        ...(identity["node"] !== undefined && { "k8s.node.name": identity["node"] }),
        ...this.#target.integration,
        ...identity,
      }),
      ...(schemaUrl !== undefined && { schemaUrl }),
    });
  }
}
