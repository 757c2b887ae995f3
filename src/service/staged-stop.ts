import type { Clock } from "../component/index.ts";
import { CollectorError } from "../errors/index.ts";
import type { Node } from "./node.ts";

/** What a component may take beyond the time it was given before it is given up. */
const GRACE_MS = 1000;

/**
 * Shuts nodes down stage by stage within one budget of time. A stage that does not end in its share goes on beside the
 * next ones: a receiver may wait for an exporter that only gives its batch back when it is shut down itself. Nothing
 * waits for a component that does not come to an end.
 */
export class StagedStop {
  readonly #clock: Clock;
  readonly #end: number;
  readonly #running: Promise<CollectorError | undefined>[] = [];

  constructor(clock: Clock, budgetMs: number) {
    this.#clock = clock;
    this.#end = clock.monotonic() + budgetMs;
  }

  get #leftMs(): number {
    return Math.max(0, this.#end - this.#clock.monotonic());
  }

  /** Shuts the nodes down together; settles when they are, or their `share` of what is left of the time is over. */
  async together(nodes: readonly Node[], share: number): Promise<void> {
    const drainMs = this.#leftMs * share;
    await this.#within(Promise.all(nodes.map((node) => this.#stop(node, drainMs))), drainMs + GRACE_MS / 2);
  }

  /** The same one after the other: each hands on to the next. */
  async inOrder(nodes: readonly Node[], share: number): Promise<void> {
    const end = this.#clock.monotonic() + this.#leftMs * share;
    for (const node of nodes) {
      const drainMs = Math.max(0, end - this.#clock.monotonic());
      await this.#within(this.#stop(node, drainMs), drainMs + GRACE_MS / 2);
    }
  }

  /** Waits for something else, for `share` of the time and `mostMs` at most. */
  async wait(work: Promise<unknown>, share: number, mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    await this.#within(work, Math.min(this.#leftMs * share, mostMs));
  }

  /** Settles when everything is shut down or given up; gives what went wrong. */
  async finish(): Promise<readonly CollectorError[]> {
    return (await Promise.all(this.#running)).filter((error) => error !== undefined);
  }

  #stop(node: Node, drainMs: number): Promise<CollectorError | undefined> {
    const stopped = this.#shutdown(node, drainMs);
    this.#running.push(stopped);
    return stopped;
  }

  /** Never rejects: the error comes back, so that the others are shut down too. */
  async #shutdown(node: Node, drainMs: number): Promise<CollectorError | undefined> {
    const name = `"${node.id}" ${node.kind}`;
    node.reportStatus({ status: "stopping" });
    try {
      const work = Promise.resolve(node.component.shutdown?.(drainMs));
      const patienceMs = Math.max(drainMs, this.#leftMs) + GRACE_MS;
      if (!(await this.#within(work, patienceMs))) throw new Error("it did not come to an end in time");
    } catch (error) {
      node.reportStatus({ status: "permanent_error", error });
      return new CollectorError("COMPONENT_SHUTDOWN", `failed to shut down ${name}`, { cause: error });
    }
    node.reportStatus({ status: "stopped" });
    return undefined;
  }

  /** Whether `work` settled in time. @throws what `work` throws in that time */
  async #within(work: Promise<unknown>, ms: number): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const cancel = this.#clock.schedule(ms, () => late.resolve(false));
    try {
      return await Promise.race([work.then(() => true), late.promise]);
    } finally {
      cancel();
    }
  }
}

/**
 * Shuts down all parts of a graph, from upstream to downstream: receivers at once, since each may wait for a scrape,
 * then what they hand on to.
 */
export async function stopAll(
  nodes: readonly Node[],
  clock: Clock,
  budgetMs: number,
): Promise<readonly CollectorError[]> {
  const of = (kind: Node["kind"]) => nodes.filter((node) => node.kind === kind);
  const stop = new StagedStop(clock, budgetMs);
  await stop.together(of("receiver"), 1 / 2);
  // Processors and connectors were built from the last to the first.
  const between = nodes.filter(({ kind }) => kind === "processor" || kind === "connector");
  await stop.inOrder(between.toReversed(), 1 / 2);
  await stop.together(of("exporter"), 1);
  await stop.inOrder(of("extension").toReversed(), 1);
  return await stop.finish();
}
