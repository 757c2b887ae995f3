import type { Clock, ComponentStatus, StatusEvent } from "../component/index.ts";
import type { Node } from "./node.ts";

const TRANSITIONS: ReadonlySet<string> = new Set(["starting", "stopping", "stopped"]);

/** What the service knows of its components' health, for extensions that show it. */
export class StatusBoard {
  readonly #clock: Clock;
  #entries = new Map<string, ComponentStatus>();
  #config: ComponentStatus;
  #isReplacing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#config = { kind: "service", id: "config", pipelines: [], status: "ok", since: clock.now() };
  }

  /** All components of the graph in force, and the configuration itself. */
  get all(): readonly ComponentStatus[] {
    return [...this.#entries.values(), this.#config];
  }

  /** These are the components from now on; one whose place was taken before keeps the status of that place. */
  place(nodes: ReadonlyMap<string, Node>, pipelinesOf: (node: Node) => readonly string[]): void {
    const before = this.#entries;
    this.#entries = new Map();
    for (const [place, node] of nodes) {
      const { kind, id } = node;
      const known = before.get(place) ?? { status: "starting" as const, since: this.#clock.now() };
      this.#entries.set(place, { ...known, kind, id, pipelines: pipelinesOf(node) });
    }
  }

  set(place: string, event: StatusEvent): void {
    const entry = this.#entries.get(place);
    // A reload is no outage: whoever asks meanwhile is told what was the case before.
    if (entry === undefined || (this.#isReplacing && TRANSITIONS.has(event.status))) return;
    const { error: _, ...rest } = entry;
    this.#entries.set(place, { ...rest, ...event, since: this.#clock.now() });
  }

  /** `error`: why the last configuration that was read is not in force; undefined when it is. */
  setConfig(error: unknown): void {
    const { kind, id, pipelines } = this.#config;
    const event =
      error === undefined ? { status: "ok" as const } : { status: "recoverable_error" as const, error };
    this.#config = { kind, id, pipelines, ...event, since: this.#clock.now() };
  }

  /** Whether components are being replaced by a reload. */
  set isReplacing(value: boolean) {
    this.#isReplacing = value;
  }
}
