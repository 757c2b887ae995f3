import type { Component, Consumer, UpstreamSettings } from "../../component/index.ts";
import {
  connect,
  FieldExtractor,
  type InformerContext,
  LayoutEnricher,
  resources,
  WatchedObjects,
} from "../../kubernetes/index.ts";
import { Batch } from "../../metrics/index.ts";
import { compileRegex } from "../../regex/index.ts";
import type { Config, MetadataName } from "./config.ts";
import { ProcessorTelemetry } from "./telemetry.ts";
import { VmDirectory } from "./vm-directory.ts";
import { vmFacts, vmiFacts, type Wanted } from "./vm-facts.ts";
import { pointVmKey, resourceVmKey } from "./vm-keys.ts";

/** What only the VirtualMachine object knows: without it the instances are all that is read. */
const FROM_VM: readonly MetadataName[] = [
  "kubevirt.vm.owner.kind",
  "kubevirt.vm.owner.name",
  "kubevirt.vm.run_strategy",
  "kubevirt.vm.status",
  "kubevirt.vm.creation_time",
];

/** The label by which KubeVirt marks instances with the node they run on. */
const NODE_LABEL = "kubevirt.io/nodeName";

/**
 * Joins what the cluster knows about virtual machines to their metrics: to the resource where each machine has its own,
 * else to the points. A batch whose machines did not change costs one look at each of them.
 */
export class KubevirtAttributesProcessor implements Component, Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #wanted: Wanted;
  readonly #directory: VmDirectory;
  readonly #enricher: LayoutEnricher<string>;
  readonly #telemetry: ProcessorTelemetry;
  #context: InformerContext | undefined;
  #watched: readonly { close(): Promise<void> }[] = [];

  constructor(settings: UpstreamSettings<Config>) {
    const { config, meter, id } = settings;
    const extractor = (what: "label" | "annotation", rules: Config["extract"]["labels"]) =>
      new FieldExtractor({
        rules,
        defaultName: (from, key) => `kubevirt.${from}.${what}.${key}`,
        compile: compileRegex,
      });
    this.#settings = settings;
    this.#wanted = {
      metadata: new Set(config.extract.metadata),
      labels: extractor("label", config.extract.labels),
      annotations: extractor("annotation", config.extract.annotations),
    };
    this.#directory = new VmDirectory(this.#wanted);
    this.#enricher = new LayoutEnricher<string>({
      resourceKey: resourceVmKey,
      pointKey: pointVmKey,
      lookup: (key) => this.#directory.find(key),
    });
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  /** @throws CollectorError COMPONENT_START outside a pod, or when the kubeconfig cannot be used */
  async start(): Promise<void> {
    const { config, logger, meter, clock, build, id, reportStatus } = this.#settings;
    this.#context = await connect(config, {
      logger,
      meter,
      clock,
      userAgent: `${build.command}/${build.version}`,
      telemetryAttributes: { processor: id },
      onHealth: (error) =>
        reportStatus(error === undefined ? { status: "ok" } : { status: "recoverable_error", error }),
    });
    const common = { ...this.#context, namespaces: config.namespaces };
    const vmis = new WatchedObjects({
      ...common,
      resource: resources.virtualMachineInstances,
      labelSelector: config.node === undefined ? undefined : `${NODE_LABEL}=${config.node}`,
      project: (object) => vmiFacts(object, this.#wanted),
    });
    const vms = this.#needsVms
      ? new WatchedObjects({
          ...common,
          resource: resources.virtualMachines,
          project: (object) => vmFacts(object, this.#wanted),
        })
      : undefined;
    this.#watched = vms === undefined ? [vmis] : [vmis, vms];
    this.#directory.follow(vmis.store, vms?.store);
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.#watched.map((objects) => objects.close()));
    this.#watched = [];
    await this.#context?.client.close();
    this.#context = undefined;
  }

  async consume(batch: Batch): Promise<void> {
    const { layout, matched, unmatched } = this.#enricher.enrich(batch.layout, this.#directory.version);
    this.#telemetry.machines(matched, unmatched);
    await this.#settings.next.consume(
      layout === batch.layout ? batch : Batch.fromColumns(layout, batch.column),
    );
  }

  get #needsVms(): boolean {
    const { labels, annotations } = this.#wanted;
    if (labels.kinds.has("vm") || annotations.kinds.has("vm")) return true;
    return this.#settings.config.extract.metadata.some((name) => FROM_VM.includes(name));
  }
}
