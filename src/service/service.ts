import { type Component, type Host, systemClock } from "../component/index.ts";
import type { CollectorError } from "../errors/index.ts";
import type { CollectorConfig } from "./collector-config.ts";
import { buildGraph, type Graph, type GraphSettings } from "./graph.ts";
import { type Node, type NodeKind, nodeKey, shutdownNode, startNode } from "./node.ts";

export type ServiceSettings = Omit<GraphSettings, "clock" | "strict" | "onStatus"> &
  Partial<Pick<GraphSettings, "clock" | "strict" | "onStatus">>;

/**
 * Runs the graph of one configuration after another. Start order: extensions, exporters, processors, receivers; a
 * shutdown goes the other way round, so that each part can hand on what it holds.
 */
export class Service {
  readonly #settings: GraphSettings;
  #config: CollectorConfig;
  #graph: Graph;
  #stopping: Promise<readonly CollectorError[]> | undefined;

  /** Builds the components; starts nothing and binds nothing. */
  constructor(config: CollectorConfig, settings: ServiceSettings) {
    this.#settings = { clock: systemClock, strict: false, onStatus() {}, ...settings };
    this.#config = config;
    this.#graph = buildGraph(config, this.#settings);
  }

  /** @throws CollectorError COMPONENT_START, after shutting down what had been started. */
  async start(): Promise<void> {
    this.#graph.connect();
    try {
      await startAll([...this.#graph.nodes.values()], this.#host());
    } catch (error) {
      await this.shutdown();
      throw error;
    }
  }

  /**
   * Replaces the configuration. New components are built before anything stops; unchanged ones keep running. If one
   * of the new ones cannot start, the old configuration is put back.
   * @throws CollectorError of the component that could not be built or started; the old configuration then runs on.
   */
  async reload(config: CollectorConfig): Promise<void> {
    const old = this.#config;
    try {
      await this.#swap(config);
    } catch (error) {
      this.#settings.logger.error("The new configuration could not be started, going back to the old one.", {
        error,
      });
      await this.#swap(old);
      throw error;
    }
  }

  /** Stops everything; what could not be shut down cleanly comes back as errors. May be called twice. */
  shutdown(): Promise<readonly CollectorError[]> {
    this.#stopping ??= this.#shutdownAll([...this.#graph.nodes.values()]);
    return this.#stopping;
  }

  async #swap(config: CollectorConfig): Promise<void> {
    const before = this.#graph;
    const after = buildGraph(config, this.#settings, before);
    const kept = (node: Node) => after.nodes.get(keyOf(node)) === node;
    const removed = [...before.nodes.values()].filter((node) => !kept(node));
    const added = [...after.nodes.values()].filter((node) => before.nodes.get(keyOf(node)) !== node);
    const survivors = [...before.nodes.values()].filter(kept);
    const hold = async (kind: NodeKind) => {
      await Promise.all(survivors.filter((node) => node.kind === kind).map(({ port }) => port?.hold()));
    };
    const stop = (...kinds: readonly NodeKind[]) =>
      this.#logErrors(this.#shutdownAll(removed.filter(({ kind }) => kinds.includes(kind))));
    // What goes flushes through the old graph, from upstream to downstream; what stays waits at its port until the
    // parts behind it are in place.
    try {
      await stop("receiver");
      await hold("receiver");
      await stop("processor");
      await hold("processor");
      await stop("exporter", "extension");
      this.#graph = after;
      this.#config = config;
      after.connect();
      await startAll(
        added.filter((node) => node.kind !== "receiver"),
        this.#host(),
      );
    } finally {
      for (const { port } of survivors) port?.release();
    }
    await startAll(
      added.filter((node) => node.kind === "receiver"),
      this.#host(),
    );
  }

  /** Receivers at once, since each may wait for a scrape; then one after the other, upstream first. */
  async #shutdownAll(nodes: readonly Node[]): Promise<readonly CollectorError[]> {
    const { clock } = this.#settings;
    const end = clock.monotonic() + this.#config.service.shutdown_timeout;
    const stop = (node: Node) => shutdownNode(node, end - clock.monotonic());
    const of = (kind: NodeKind) => nodes.filter((node) => node.kind === kind);
    const errors = await Promise.all(of("receiver").map(stop));
    // Processors were built from the last of each pipeline to the first.
    for (const node of of("processor").toReversed()) errors.push(await stop(node));
    errors.push(...(await Promise.all(of("exporter").map(stop))));
    for (const node of of("extension").toReversed()) errors.push(await stop(node));
    return errors.filter((error) => error !== undefined);
  }

  async #logErrors(errors: Promise<readonly CollectorError[]>): Promise<void> {
    for (const error of await errors)
      this.#settings.logger.error("A component was not shut down cleanly.", { error });
  }

  #host(): Host {
    return {
      extension: (id): Component | undefined => this.#graph.nodes.get(nodeKey("extension", id))?.component,
    };
  }
}

function keyOf({ kind, id, pipeline }: Node): string {
  return nodeKey(kind, id, pipeline);
}

async function startAll(nodes: readonly Node[], host: Host): Promise<void> {
  for (const node of nodes) await startNode(node, host);
}
