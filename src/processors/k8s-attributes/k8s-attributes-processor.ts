import type { Component, Consumer, UpstreamSettings } from "../../component/index.ts";
import { formatDuration } from "../../config/index.ts";
import { CollectorError } from "../../errors/index.ts";
import {
  connect,
  FieldExtractor,
  type InformerContext,
  LayoutEnricher,
  type ReadonlyObjectStore,
  resources,
  WatchedObjects,
} from "../../kubernetes/index.ts";
import { Batch } from "../../metrics/index.ts";
import { compileRegex } from "../../regex/index.ts";
import { neededKinds, type ObjectFacts, type OtherKind, watchKind } from "./cluster-objects.ts";
import type { Config } from "./config.ts";
import { MetadataLookup, type Subject } from "./metadata-lookup.ts";
import { PodAttributes } from "./pod-attributes.ts";
import { type PodFacts, podFacts } from "./pod-facts.ts";
import { PodIndex } from "./pod-index.ts";
import { podSelection } from "./pod-selection.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/** Metadata of these needs the pod's containers in memory. */
const CONTAINER_METADATA = /^(k8s\.container\.|container\.|service\.)/;

/**
 * Adds what the cluster knows about the pod (and its namespace, node and owners) to the resource. Layouts are worked
 * out once and again only when something changed that they show; batches on their way cost a comparison.
 */
export class K8sAttributesProcessor implements Component, Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #labels: FieldExtractor;
  readonly #annotations: FieldExtractor;
  readonly #attributes: PodAttributes;
  readonly #index: PodIndex;
  readonly #stores = new Map<OtherKind, ReadonlyObjectStore<ObjectFacts>>();
  readonly #lookup: MetadataLookup;
  readonly #enricher: LayoutEnricher<Subject>;
  readonly #telemetry: ProcessorTelemetry;
  readonly #watched: Pick<WatchedObjects<unknown>, "name" | "ready" | "synced" | "close">[] = [];
  #context: InformerContext | undefined;
  /** Of everything that is known about the cluster. */
  #version = 0;

  constructor(settings: UpstreamSettings<Config>) {
    const { config, clock, meter, id } = settings;
    const extractor = (what: "label" | "annotation", rules: Config["extract"]["labels"]) =>
      new FieldExtractor({
        rules,
        defaultName: (from, key) => `k8s.${from}.${what}s.${key}`,
        compile: compileRegex,
      });
    this.#settings = settings;
    this.#labels = extractor("label", config.extract.labels);
    this.#annotations = extractor("annotation", config.extract.annotations);
    this.#attributes = new PodAttributes(config.extract, this.#labels, this.#annotations);
    this.#index = new PodIndex(config.pod_association, config.pod_delete_grace_period, () =>
      clock.monotonic(),
    );
    this.#lookup = new MetadataLookup({
      config,
      index: this.#index,
      pods: this.#attributes,
      stores: this.#stores,
      labels: this.#labels,
      annotations: this.#annotations,
    });
    this.#enricher = new LayoutEnricher<Subject>({
      resourceKey: this.#lookup.subjectOf,
      lookup: (subject) => this.#lookup.find(subject, this.#version),
    });
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  /**
   * @throws CollectorError COMPONENT_START outside a pod, when the kubeconfig cannot be used, or when the metadata that
   * is to be waited for does not come in time
   */
  async start(): Promise<void> {
    const { config, logger, meter, clock, build, id, reportStatus } = this.#settings;
    if (config.passthrough) return;
    this.#context = await connect(config, {
      logger,
      meter,
      clock,
      userAgent: `${build.command}/${build.version}`,
      telemetryAttributes: { processor: id },
      onHealth: (error) =>
        reportStatus(error === undefined ? { status: "ok" } : { status: "recoverable_error", error }),
    });
    this.#watch(this.#context);
    if (config.wait_for_metadata) await this.#wait(config.wait_for_metadata_timeout);
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.#watched.splice(0).map((objects) => objects.close()));
    await this.#context?.client.close();
    this.#context = undefined;
  }

  async consume(batch: Batch): Promise<void> {
    const { next, config } = this.#settings;
    if (config.passthrough) return await next.consume(batch);
    const { layout, matched, unmatched } = this.#enricher.enrich(batch.layout, this.#version);
    this.#telemetry.resources(matched, unmatched);
    await next.consume(layout === batch.layout ? batch : Batch.fromColumns(layout, batch.column));
  }

  #watch(context: InformerContext): void {
    const { config } = this.#settings;
    const selection = podSelection(config, process.env);
    const excluded = config.exclude.pods.map(({ name }) => compileRegex(name));
    const projection = {
      labels: this.#labels,
      annotations: this.#annotations,
      otelAnnotations: config.extract.otel_annotations,
      containers: config.extract.metadata.some((name) => CONTAINER_METADATA.test(name)),
      excluded: (name: string) => excluded.some((pattern) => pattern.test(name)),
    };
    const pods = new WatchedObjects({
      ...context,
      resource: resources.pods,
      namespaces: selection.namespaces,
      labelSelector: selection.labelSelector,
      fieldSelector: selection.fieldSelector,
      project: (object) => ({ facts: podFacts(object, projection) }),
    });
    this.#watched.push(pods);
    pods.store.subscribe((event) => {
      this.#version++;
      const previous = event.type === "add" ? undefined : event.previous.facts;
      const facts = event.type === "delete" ? undefined : event.object.facts;
      this.#pod(previous, facts);
    });
    for (const kind of neededKinds(config, this.#labels, this.#annotations)) {
      const objects = watchKind(kind, context, selection, this.#labels, this.#annotations);
      this.#watched.push(objects);
      this.#stores.set(kind, objects.store);
      objects.store.subscribe(() => {
        this.#version++;
      });
    }
  }

  #pod(previous: PodFacts | undefined, facts: PodFacts | undefined): void {
    if (facts === undefined) {
      if (previous !== undefined) this.#index.delete(previous);
      return;
    }
    const attributes = this.#attributes.of(facts);
    // Another pod by the same name: the one before is gone, but what is late of it is still to be known.
    if (previous !== undefined && previous.uid === facts.uid) {
      this.#index.replace(previous, facts, attributes);
      return;
    }
    if (previous !== undefined) this.#index.delete(previous);
    this.#index.add(facts, attributes);
  }

  async #wait(timeoutMs: number): Promise<void> {
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#settings.clock.schedule(timeoutMs, resolve);
    });
    await Promise.race([Promise.all(this.#watched.map((objects) => objects.ready())), late]);
    cancel();
    const missing = this.#watched.filter(({ synced }) => !synced).map(({ name }) => name);
    if (missing.length === 0) return;
    await this.shutdown();
    throw new CollectorError(
      "COMPONENT_START",
      `the Kubernetes API did not give ${missing.join(", ")} within wait_for_metadata_timeout ${formatDuration(timeoutMs)}`,
    );
  }
}
