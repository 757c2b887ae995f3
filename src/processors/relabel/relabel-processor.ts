import type { LayoutProcessor, UpstreamSettings } from "../../component/index.ts";
import type {
  Attributes,
  InstrumentationScope,
  Layout,
  MetricLayout,
  Resource,
} from "../../metrics/index.ts";
import { compileRelabelling, type Relabelling } from "../../relabel/index.ts";
import { attributeText, LayoutAssembler, pickPoints } from "../../reshape/index.ts";
import type { Config } from "./config.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

const NAME = "__name__";

/** What became of a point. */
interface Relabelled {
  readonly name: string;
  readonly attributes: Attributes;
}

/** Relabels points, once for each series; a name that changes moves the point to another metric. */
export class RelabelProcessor implements LayoutProcessor {
  readonly #relabelling: Relabelling;
  /** By attributes, then by name of the metric; null: dropped. */
  readonly #known = new WeakMap<Attributes, Map<string, Relabelled | null>>();
  readonly #telemetry: ProcessorTelemetry;

  constructor({ config, meter, id }: UpstreamSettings<Config>) {
    this.#relabelling = compileRelabelling(config.metric_relabel_configs);
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  layout(layout: Layout): Layout {
    const assembler = new LayoutAssembler();
    let isChanged = false;
    for (const { resource, scopes } of layout.resources) {
      for (const { scope, metrics } of scopes) {
        for (const metric of metrics)
          isChanged = this.#metric(assembler, resource, scope, metric) || isChanged;
      }
    }
    return isChanged ? assembler.build(layout.width) : layout;
  }

  /** Whether anything changes. */
  #metric(
    assembler: LayoutAssembler,
    resource: Resource,
    scope: InstrumentationScope,
    metric: MetricLayout,
  ): boolean {
    const { name } = metric.descriptor;
    const groups = new Map<string, { readonly indices: number[]; readonly attributes: Attributes[] }>();
    let isChanged = false;
    for (const [i, own] of metric.attributes.entries()) {
      const result = this.#relabel(own, name);
      isChanged ||= result?.attributes !== own || result.name !== name;
      if (result === null) continue;
      const group = groups.get(result.name) ?? { indices: [], attributes: [] };
      group.indices.push(i);
      group.attributes.push(result.attributes);
      groups.set(result.name, group);
    }
    if (!isChanged) {
      assembler.add(resource, scope, metric);
      return false;
    }
    let kept = 0;
    for (const [newName, { indices, attributes }] of groups) {
      kept += indices.length;
      const part = pickPoints(metric, indices, attributes);
      const descriptor = newName === name ? part.descriptor : { ...part.descriptor, name: newName };
      assembler.add(resource, scope, { ...part, descriptor });
    }
    this.#telemetry.dropped(metric.attributes.length - kept);
    return true;
  }

  #relabel(attributes: Attributes, name: string): Relabelled | null {
    let byName = this.#known.get(attributes);
    if (byName === undefined) {
      byName = new Map();
      this.#known.set(attributes, byName);
    }
    let result = byName.get(name);
    if (result === undefined) {
      result = this.#run(attributes, name, byName);
      byName.set(name, result);
    }
    return result;
  }

  #run(
    attributes: Attributes,
    name: string,
    others: ReadonlyMap<string, Relabelled | null>,
  ): Relabelled | null {
    const texts = new Map<string, string>();
    for (const [key, value] of Object.entries(attributes)) {
      const text = attributeText(value);
      if (text !== "") texts.set(key, text);
    }
    const labels = new Map(texts).set(NAME, name);
    const keeps = this.#relabelling(labels);
    const newName = labels.get(NAME);
    if (!keeps || newName === undefined) return null;
    labels.delete(NAME);
    if (sameEntries(labels, texts)) return { name: newName, attributes };
    const result = Object.fromEntries(
      [...labels].map(([key, text]) => [key, texts.get(key) === text ? attributes[key] : text]),
    );
    // Metrics share attributes; what is made of them for one is good for another.
    const known = [...others.values()].find(
      (other) =>
        other !== null &&
        sameEntries(new Map(Object.entries(other.attributes)), new Map(Object.entries(result))),
    );
    return { name: newName, attributes: known?.attributes ?? Object.freeze(result) };
  }
}

function sameEntries(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
