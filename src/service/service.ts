import { type Component, type Host, type ReportStatus, systemClock } from "../component/index.ts";
import { printConfig } from "../config/index.ts";
import { CollectorError } from "../errors/index.ts";
import type { CollectorConfig } from "./collector-config.ts";
import { buildGraph, type Graph, GraphError, type GraphSettings } from "./graph.ts";
import { type Node, type NodeKind, nodeKey, startNode } from "./node.ts";
import { printableConfig } from "./printable-config.ts";
import { StagedStop, stopAll } from "./staged-stop.ts";
import { StatusBoard } from "./status-board.ts";

export type ServiceSettings = Omit<GraphSettings, "clock" | "strict" | "onStatus"> &
  Partial<Pick<GraphSettings, "clock" | "strict" | "onStatus">>;

/** Neither the new configuration nor the old one could be started: nothing runs as it should. */
export class ReloadFailedError extends CollectorError {
  constructor(cause: unknown) {
    super("COMPONENT_START", "the old configuration could not be put back", { cause });
  }
}

/** Nothing that brings data is started any more. */
class StoppingError extends CollectorError {}

/**
 * How long a reload waits for what may be stuck in something that is away: batches on their way, which come back when
 * that hands over, and exporters that deliver what they have left from a store that is about to stop.
 */
const PATIENCE_MS = 2000;

/** Receivers that a reload takes away. */
interface Leaving {
  /** Those that have not come to their end. */
  readonly running: ReadonlySet<Node>;
  /** Whether all have one in the new graph. */
  readonly haveSuccessors: boolean;
  /** Settles when all have come to their end or are given up; never rejects. */
  readonly ended: Promise<unknown>;
}

/**
 * Runs the graph of one configuration after another. Start order: extensions, exporters, processors, receivers; a
 * shutdown goes the other way round, so that each part can hand on what it holds. Calls may overlap: reloads come one
 * after the other, a shutdown cuts them short.
 */
export class Service {
  readonly #settings: GraphSettings;
  readonly #board: StatusBoard;
  /** What has been created and not shut down, or is in the course of either. */
  readonly #live = new Set<Node>();
  #config: CollectorConfig;
  #graph: Graph;
  /** The start or reload under way. */
  #operation: Promise<unknown> = Promise.resolve();
  #stopping: Promise<readonly CollectorError[]> | undefined;
  /** The shutdown is past the reload that it came in. */
  #waitsForNothing = false;

  /**
   * Builds the components; starts nothing and binds nothing.
   * @throws CollectorError COMPONENT_START when a component cannot be created
   */
  constructor(config: CollectorConfig, settings: ServiceSettings) {
    const { onStatus, ...rest } = { clock: systemClock, strict: false, onStatus() {}, ...settings };
    this.#board = new StatusBoard(rest.clock);
    this.#settings = {
      ...rest,
      onStatus: (node, event) => {
        this.#board.set(nodeKey(node.kind, node.id, node.pipeline), event);
        onStatus(node, event);
      },
    };
    this.#config = config;
    this.#graph = buildGraph(config, this.#settings);
    this.#adopt(this.#graph);
  }

  /** @throws CollectorError COMPONENT_START, after shutting down what had been started. */
  async start(): Promise<void> {
    this.#graph.connect();
    const starting = this.#startAll([...this.#graph.nodes.values()]);
    this.#operation = starting.catch(() => {});
    try {
      await starting;
    } catch (error) {
      await this.shutdown();
      throw error;
    }
  }

  /**
   * Replaces the configuration. New components are built before anything stops; unchanged ones keep running. If one
   * of the new ones cannot start, the old configuration is put back.
   * @throws CollectorError of the component that could not be built or started; the old configuration then runs on.
   * ReloadFailedError when it does not, and the service is of no more use.
   */
  reload(config: CollectorConfig): Promise<void> {
    const reloading = this.#operation.then(() => this.#reload(config));
    this.#operation = reloading.catch(() => {});
    return reloading;
  }

  /** Shows, as the status of `service config`, whether the configuration that was read last is in force. */
  reportConfig(error: unknown): void {
    this.#board.setConfig(error);
  }

  /** Stops everything; what could not be shut down cleanly comes back as errors. May be called twice. */
  shutdown(): Promise<readonly CollectorError[]> {
    this.#stopping ??= this.#shutdown();
    return this.#stopping;
  }

  async #shutdown(): Promise<readonly CollectorError[]> {
    const { clock } = this.#settings;
    const budgetMs = this.#config.service.shutdown_timeout;
    const begun = clock.monotonic();
    // A reload ends with parts that can take what is on its way; one that is slow to start or to stop is not waited for long.
    await new StagedStop(clock, budgetMs).wait(this.#operation, 1 / 4);
    this.#waitsForNothing = true;
    for (const { port } of this.#live) port?.release();
    const order = [...this.#graph.nodes.values()].filter((node) => this.#live.has(node));
    const others = [...this.#live].filter((node) => !order.includes(node));
    return await stopAll([...order, ...others], clock, budgetMs - (clock.monotonic() - begun));
  }

  async #reload(config: CollectorConfig): Promise<void> {
    const before = { config: this.#config, graph: this.#graph };
    this.#refuseWhen(this.#stopping !== undefined);
    // Whatever fails here has touched nothing.
    const graph = await this.#build(config);
    this.#board.isReplacing = true;
    try {
      await this.#swap(graph, config);
    } catch (error) {
      // Of no use then, since only receivers are missing.
      if (!(error instanceof StoppingError)) await this.#goBack(before.config, error);
      throw error;
    } finally {
      this.#board.isReplacing = false;
      for (const { port } of this.#live) port?.release();
    }
  }

  async #goBack(config: CollectorConfig, error: unknown): Promise<void> {
    const { logger } = this.#settings;
    logger.error("The new configuration could not be started, going back to the old one.", { error });
    try {
      await this.#swap(await this.#build(config), config);
    } catch (cause) {
      throw this.#stopping === undefined ? new ReloadFailedError(cause) : error;
    }
  }

  /** @throws GraphError, after shutting down what had been created */
  async #build(config: CollectorConfig): Promise<Graph> {
    try {
      return buildGraph(config, this.#settings, this.#graph);
    } catch (error) {
      if (error instanceof GraphError) await stopAll(error.created, this.#settings.clock, 0);
      throw error;
    }
  }

  /**
   * What goes flushes through the old graph, from upstream to downstream; what stays waits at its port until the parts
   * behind it are in place. Receivers that go but do not come to their end wait likewise.
   */
  async #swap(graph: Graph, config: CollectorConfig): Promise<void> {
    const before = [...this.#graph.nodes.values()];
    const after = [...graph.nodes.values()];
    const survivors = before.filter((node) => after.includes(node));
    const removed = before.filter((node) => !survivors.includes(node));
    const added = after.filter((node) => !survivors.includes(node));
    const stop = new StagedStop(this.#settings.clock, this.#config.service.shutdown_timeout);
    const gone = (...kinds: NodeKind[]) => removed.filter(({ kind }) => kinds.includes(kind));
    const hold = (...kinds: NodeKind[]) => {
      const staying = [...survivors, ...leaving.running].filter(({ kind }) => kinds.includes(kind));
      return Promise.all(staying.map(({ port }) => port?.hold()));
    };
    this.#adopt(graph);
    const leaving = this.#leave(gone("receiver"), graph);
    if (gone("receiver", "processor", "connector").length > 0) {
      // What one without a successor has got can only go through what is there now.
      await stop.wait(leaving.ended, 1 / 2, leaving.haveSuccessors ? PATIENCE_MS : undefined);
      // A batch that is stuck further down comes back when what it is stuck in hands over, and waits for what is new.
      await stop.wait(hold("receiver"), 1 / 4, PATIENCE_MS);
      await stop.inOrder(gone("processor", "connector").toReversed(), 1 / 2);
      await stop.wait(hold("processor", "connector"), 1 / 4, PATIENCE_MS);
    } else {
      // Nothing has to flush into the old exporters: what is on its way waits for the new ones.
      void hold("receiver", "processor", "connector");
    }
    const retired = gone("exporter").filter(({ component }) => component.handOver !== undefined);
    await stop.wait(this.#handOver(graph), 1 / 4);
    // What is then left is delivered beside the new graph, for as long as a shutdown may take.
    const drains = new Map(retired.map((node) => [node, this.#retire(node)]));
    await stop.together(
      gone("exporter").filter((node) => !drains.has(node)),
      1,
    );
    const extensions = gone("extension").toReversed();
    const using = retired.filter((node) => extensions.some(({ id }) => this.#uses(node, id)));
    const used = Promise.all(using.map((node) => drains.get(node)));
    await stop.wait(used, 1 / 4, PATIENCE_MS);
    const letGo = using.map(({ component }) => component.handOver?.(undefined));
    await stop.wait(Promise.all([used, this.#handedOver(letGo)]), 1 / 4);
    await stop.inOrder(extensions, 1);
    await this.#finish(
      stop,
      removed.filter((node) => !drains.has(node) && node.kind !== "receiver"),
    );
    // In a shutdown as well: what exporters have handed over, and what waits at ports, is for the new ones to deliver.
    this.#refuseWhen(this.#waitsForNothing);
    this.#graph = graph;
    this.#config = config;
    this.#board.place(graph.nodes, graph.pipelinesOf);
    graph.connect();
    try {
      await this.#startAll(
        added.filter(({ kind }) => kind !== "receiver"),
        () => this.#waitsForNothing,
      );
    } catch (error) {
      for (const { port } of leaving.running) port?.release();
      await stop.wait(leaving.ended, 1);
      throw error;
    }
    if (leaving.running.size > 0) {
      this.#redirect(leaving.running, graph);
      await stop.wait(leaving.ended, 1);
    }
    await this.#startAll(added.filter(({ kind }) => kind === "receiver"));
  }

  /**
   * Exporters of before, and of before that if they are not done, give what they have not delivered to the new ones in
   * their places.
   */
  async #handOver({ nodes }: Graph): Promise<void> {
    const former = [...this.#live].filter((node) => nodes.get(nodeKey(node.kind, node.id)) !== node);
    const handing = former.map(async ({ kind, id, component }) => {
      const successor = kind === "exporter" ? nodes.get(nodeKey(kind, id)) : undefined;
      if (successor !== undefined) await component.handOver?.(successor.component);
    });
    await this.#handedOver(handing);
  }

  async #handedOver(handing: readonly (Promise<void> | undefined)[]): Promise<void> {
    for (const result of await Promise.allSettled(handing)) {
      if (result.status === "fulfilled") continue;
      this.#settings.logger.error("An exporter could not hand over what it has left.", {
        error: result.reason,
      });
    }
  }

  /** Shuts receivers down beside what goes on, each on its own. */
  #leave(receivers: readonly Node[], graph: Graph): Leaving {
    const running = new Set(receivers);
    const leave = async (node: Node) => {
      await this.#retire(node, 1 / 2, (event) => {
        if (this.#graph !== graph) node.reportStatus(event);
      });
      running.delete(node);
      node.port?.release();
    };
    const haveSuccessors = receivers.every(({ kind, id }) => graph.nodes.has(nodeKey(kind, id)));
    return { running, haveSuccessors, ended: Promise.all(receivers.map(leave)) };
  }

  /** What comes back to receivers that are leaving goes where their successors hand on; nobody else waits for that. */
  #redirect(receivers: Iterable<Node>, { nodes }: Graph): void {
    for (const { kind, id, port } of receivers) {
      const successor = nodes.get(nodeKey(kind, id))?.port;
      if (successor !== undefined) port?.follow(successor);
    }
    for (const { port } of this.#live) port?.release();
  }

  /** @param report told its status, as long as its place has no other one whose status that is not */
  async #retire(node: Node, share = 1, report: ReportStatus = () => {}): Promise<void> {
    const stop = new StagedStop(this.#settings.clock, this.#config.service.shutdown_timeout);
    await stop.together([{ ...node, reportStatus: report }], share);
    await this.#finish(stop, [node]);
  }

  async #finish(stop: StagedStop, nodes: readonly Node[]): Promise<void> {
    const errors = await stop.finish();
    // A shutdown that has come in between takes them along, and says itself what went wrong.
    if (this.#stopping !== undefined) return;
    for (const error of errors) {
      this.#settings.logger.error("A component was not shut down cleanly.", { error });
    }
    for (const node of nodes) this.#live.delete(node);
  }

  /** Whether an exporter of the configuration in force has to do with an extension. */
  #uses({ id }: Node, extension: string): boolean {
    const exporter = this.#config.exporters.get(id);
    const references = exporter?.definition.references?.(exporter.config) ?? [];
    return references.some((reference) => reference.kind === "extension" && reference.id === extension);
  }

  /** From now on a shutdown takes these nodes along. */
  #adopt(graph: Graph): void {
    for (const node of graph.nodes.values()) this.#live.add(node);
    if (graph === this.#graph) this.#board.place(graph.nodes, graph.pipelinesOf);
  }

  async #startAll(nodes: readonly Node[], isOver = () => this.#stopping !== undefined): Promise<void> {
    const host = this.#host();
    for (const node of nodes) {
      this.#refuseWhen(isOver());
      await startNode(node, host);
    }
  }

  #refuseWhen(isOver: boolean): void {
    if (!isOver) return;
    throw new StoppingError("COMPONENT_START", "the collector is shutting down, nothing more is started");
  }

  #host(): Host {
    return {
      extension: (id): Component | undefined => this.#graph.nodes.get(nodeKey("extension", id))?.component,
      statuses: () => this.#board.all,
      config: () => printConfig(printableConfig(this.#config), undefined, { format: "json" }),
    };
  }
}
