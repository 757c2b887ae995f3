import type { Component, Consumer, UpstreamSettings } from "../../component/index.ts";
import { formatDuration } from "../../config/index.ts";
import { CollectorError } from "../../errors/index.ts";
import { type Attributes, Batch, type Layout, memoise, type Resource } from "../../metrics/index.ts";
import { mapLayout } from "../../reshape/index.ts";
import type { Config, DetectorName } from "./config.ts";
import { detectEnv } from "./detect-env.ts";
import { detectNodeName, detectNodeUid } from "./detect-node.ts";
import { detectSystem } from "./detect-system.ts";

/** Adds what is known about where the collector runs to every resource; found out once, at the start. */
export class ResourceDetectionProcessor implements Component, Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #layout: (layout: Layout) => Layout;
  #detected: Attributes = {};

  constructor(settings: UpstreamSettings<Config>) {
    const { override } = settings.config;
    this.#settings = settings;
    const resource = memoise((source: Resource): Resource => {
      const own = source.attributes;
      const added = Object.entries(this.#detected).filter(
        ([name, value]) => (override && own[name] !== value) || !Object.hasOwn(own, name),
      );
      if (added.length === 0) return source;
      return Object.freeze({
        ...source,
        attributes: Object.freeze({ ...own, ...Object.fromEntries(added) }),
      });
    });
    this.#layout = memoise((layout: Layout) => mapLayout(layout, { resource }));
  }

  /** @throws CollectorError COMPONENT_START when a detector fails and `fail_on_missing_metadata` is set */
  async start(): Promise<void> {
    const { config, logger } = this.#settings;
    const parts = [...new Set(config.detectors)].flatMap((name) =>
      this.#parts(name).map((part) => this.#attempt(name, part)),
    );
    const results = await Promise.all(parts);
    // The first one wins.
    this.#detected = Object.freeze(Object.assign({}, ...results.toReversed()));
    logger.info("Resource attributes were detected.", { attributes: this.#detected });
  }

  async consume(batch: Batch): Promise<void> {
    const layout = this.#layout(batch.layout);
    await this.#settings.next.consume(
      layout === batch.layout ? batch : Batch.fromColumns(layout, batch.column),
    );
  }

  /** Within the timeout. */
  async #attempt(name: DetectorName, part: Part): Promise<Attributes> {
    const { config, clock, logger } = this.#settings;
    const abort = new AbortController();
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = clock.schedule(config.timeout, () =>
        reject(new Error(`no answer within timeout ${formatDuration(config.timeout)}`)),
      );
    });
    try {
      return await Promise.race([part(abort.signal), late]);
    } catch (error) {
      if (config.fail_on_missing_metadata) {
        throw new CollectorError("COMPONENT_START", `detector ${name} failed`, { cause: error });
      }
      logger.warn("A detector failed. Its resource attributes are missing.", { detector: name, error });
      return {};
    } finally {
      cancel();
      abort.abort();
    }
  }

  /** What a detector finds out apart, so that one may fail without the other. */
  #parts(name: DetectorName): readonly Part[] {
    const settings = this.#settings;
    const { config } = settings;
    switch (name) {
      case "env":
        return [async () => detectEnv(process.env)];
      case "system":
        return [async () => await detectSystem(config.system)];
      case "kubernetes_node":
      case "k8snode":
        return [
          async () => detectNodeName(config[name]),
          async (signal) => await detectNodeUid(config[name], settings, signal),
        ];
    }
  }
}

type Part = (signal: AbortSignal) => Promise<Attributes>;
