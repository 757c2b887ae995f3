import { type Attributes, memoise, type Resource } from "../../metrics/index.ts";
import { seriesKey } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { integrationAttributes } from "./integration-attributes.ts";
import type { LabelNames } from "./label-names.ts";
import { upperBound } from "./upper-bound.ts";
import { VMI_LABEL_PREFIX } from "./vmi-labels.ts";

/** Labels that say which virtual machine a series is about, beside its own labels. */
const IDENTITY = new Set(["name", "namespace", "node"]);

/** A series of a virtual machine, split into who it is about and what of the machine it is. */
export interface VmSeries {
  /** The same for all series of a machine. */
  readonly vm: string;
  /** name, namespace, node and the labels of the machine, as far as the series has them. */
  readonly identity: Attributes;
  /** The other attributes. */
  readonly point: Attributes;
}

/**
 * The attributes of everything that comes from one target. Each result is a frozen object, the same one for the same
 * source object, so that it stays the same from layout to layout.
 */
export class TargetAttributes {
  readonly resource: Resource;
  /** Tells targets apart. */
  readonly key: string;
  /** What the integration adds. */
  readonly integration: Readonly<Record<string, string>>;
  /** For points on the handler's resource. */
  readonly ofPoint: (source: Attributes) => Attributes;
  /** For points that get a resource for their virtual machine; undefined when the series names no machine. */
  readonly ofVm: (source: Attributes) => VmSeries | undefined;
  readonly #names: LabelNames;
  readonly #originOf: (attributes: Attributes) => Attributes;
  readonly #identities = memoise((_: Attributes) => new Map<string | undefined, string>());
  readonly #buckets = memoise((_: Attributes) => new Map<number, Attributes>());
  readonly #quantiles = memoise((_: Attributes) => new Map<number, Attributes>());

  /** @param originOf see `LabelSharing.originOf` */
  constructor(
    resource: Resource,
    config: Config,
    names: LabelNames,
    originOf: (attributes: Attributes) => Attributes,
  ) {
    this.resource = resource;
    this.#names = names;
    this.#originOf = originOf;
    this.key = seriesKey(resource.attributes);
    this.integration = config.integration_attributes ? integrationAttributes(resource.attributes) : {};
    this.ofPoint = memoise((source) => {
      const { identity, rest } = this.#split(source);
      // The series' own attributes win: the health check's endpoint is not the scrape's.
      return Object.freeze({ ...this.integration, ...identity, ...rest });
    });
    this.ofVm = memoise((source) => {
      const { namespace, name } = source as { namespace?: unknown; name?: unknown };
      if (typeof namespace !== "string" || typeof name !== "string") return undefined;
      const { identity, rest } = this.#split(source);
      return { vm: `${namespace}/${name}`, identity: Object.freeze(identity), point: Object.freeze(rest) };
    });
  }

  /**
   * What makes the series the stream it is: its labels but for those of the virtual machine, which may change while
   * the machine's totals run on, and but for the `wandering` one.
   */
  streamKey(attributes: Attributes, wandering: string | undefined): string {
    const source = this.#originOf(attributes);
    const known = this.#identities(source);
    let key = known.get(wandering);
    if (key === undefined) {
      const kept = Object.entries(source).filter(
        ([name]) => name !== wandering && !name.startsWith(VMI_LABEL_PREFIX),
      );
      key = seriesKey(Object.fromEntries(kept));
      known.set(wandering, key);
    }
    return key;
  }

  /** The attributes of a bucket, given those of its histogram. */
  ofBucket(histogram: Attributes, bound: number): Attributes {
    return part(this.#buckets(histogram), histogram, "upper_bound", bound);
  }

  /** The attributes of a quantile, given those of its summary. */
  ofQuantile(summary: Attributes, quantile: number): Attributes {
    return part(this.#quantiles(summary), summary, "quantile", quantile);
  }

  #split(source: Attributes): { identity: Record<string, unknown>; rest: Record<string, unknown> } {
    const identity: Record<string, unknown> = {};
    const rest: Record<string, unknown> = {};
    const names = this.#names(source);
    for (const [label, value] of Object.entries(source)) {
      const name = names.get(label);
      if (name === undefined) continue;
      const isIdentity = IDENTITY.has(label) || label.startsWith(VMI_LABEL_PREFIX);
      (isIdentity ? identity : rest)[name] = value;
    }
    return { identity, rest };
  }
}

function part(known: Map<number, Attributes>, whole: Attributes, name: string, value: number): Attributes {
  let attributes = known.get(value);
  if (attributes === undefined) {
    attributes = Object.freeze({ ...whole, [name]: upperBound(value) });
    known.set(value, attributes);
  }
  return attributes;
}
