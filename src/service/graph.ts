import type {
  BuildInfo,
  Clock,
  Component,
  Consumer,
  ProcessorDefinition,
  StatusEvent,
} from "../component/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";
import type { Logger, Meter } from "../telemetry/index.ts";
import type { CollectorConfig, ConfiguredComponent } from "./collector-config.ts";
import { downstreamFirst } from "./connected-pipelines.ts";
import { FlowTelemetry } from "./flow-telemetry.ts";
import { type Node, type NodeKind, type NodePlace, nodeKey, onChange } from "./node.ts";
import { Port, type PortTarget } from "./port.ts";
import { checked } from "./strict.ts";

export interface GraphSettings {
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly build: BuildInfo;
  /** Deep-freeze what components hand on, and notice who writes to it all the same. */
  readonly strict: boolean;
  readonly onStatus: (node: NodePlace, event: StatusEvent) => void;
}

/** The instances of a configuration in start order, and how they are to be connected. */
export interface Graph {
  readonly nodes: ReadonlyMap<string, Node>;
  /** The pipelines that a node is a part of. */
  pipelinesOf(node: Node): readonly string[];
  /** Connects every port. Apart from building, since a reload does it while old instances still run. */
  connect(): void;
}

/** A graph that could not be built; what had been created of it is to be shut down. */
export class GraphError extends CollectorError {
  readonly created: readonly Node[];

  constructor(error: unknown, created: readonly Node[]) {
    super("COMPONENT_START", errorText(error), { cause: error });
    this.created = created;
  }
}

/**
 * Instantiates what pipelines use: extensions, exporters, processors (one a pipeline) and connectors from downstream to
 * upstream, receivers, in this order, which is the start order. Components whose configuration did not change are taken over from `previous`.
 * @throws GraphError when a component cannot be created
 */
export function buildGraph(config: CollectorConfig, settings: GraphSettings, previous?: Graph): Graph {
  const created: Node[] = [];
  try {
    return build(config, settings, previous, created);
  } catch (error) {
    throw new GraphError(error, created);
  }
}

function build(
  config: CollectorConfig,
  settings: GraphSettings,
  previous: Graph | undefined,
  created: Node[],
): Graph {
  const nodes = new Map<string, Node>();
  const connections: (() => void)[] = [];
  const flow = new FlowTelemetry(settings.meter, settings.clock);
  const patienceMs = config.service.fanout_timeout;

  const add = (
    kind: NodeKind,
    configured: ConfiguredComponent<unknown>,
    create: (port: Port, base: BaseSettings) => Component & Partial<Consumer>,
    pipeline?: string,
  ): Node => {
    const key = nodeKey(kind, configured.id, pipeline);
    const existing = nodes.get(key);
    if (existing !== undefined) return existing;
    const kept = previous?.nodes.get(key);
    if (kept?.fingerprint === configured.fingerprint) {
      nodes.set(key, kept);
      return kept;
    }
    const node = createNode(kind, configured, create, pipeline, settings, flow);
    created.push(node);
    nodes.set(key, node);
    return node;
  };

  for (const id of config.service.extensions) {
    const extension = lookUp(config.extensions, id);
    add("extension", extension, (_port, base) => extension.definition.create(base));
  }
  const pipelines = Object.entries(config.service.pipelines);
  for (const [, pipeline] of pipelines) {
    for (const id of pipeline.exporters) {
      if (config.connectors.has(id)) continue;
      const exporter = lookUp(config.exporters, id);
      add("exporter", exporter, (_port, base) => exporter.definition.create(base));
    }
  }
  const entries = new Map<string, PortTarget[]>();
  // What it hands on to is there: its pipelines come before those that lead to it.
  const addConnector = (id: string): Node => {
    const connector = lookUp(config.connectors, id);
    const node = add("connector", connector, (port, base) =>
      connector.definition.create({ ...base, next: port }),
    );
    connections.push(() => node.port?.connect(entries.get(id) ?? [], patienceMs));
    return node;
  };
  for (const [name, pipeline] of downstreamFirst(config)) {
    const sinks = unique(pipeline.exporters).map((id) =>
      targetOf(config.connectors.has(id) ? addConnector(id) : nodes.get(nodeKey("exporter", id))),
    );
    let next = sinks;
    for (const id of pipeline.processors.toReversed()) {
      const processor = lookUp(config.processors, id);
      const node = add(
        "processor",
        processor,
        (port, base) => processor.definition.create({ ...base, next: flow.below(port) }),
        name,
      );
      const targets = next;
      connections.push(() => node.port?.connect(targets, patienceMs));
      next = [targetOf(node)];
    }
    for (const id of unique(pipeline.receivers)) entries.set(id, [...(entries.get(id) ?? []), ...next]);
  }
  for (const [id, targets] of entries) {
    if (config.connectors.has(id)) continue;
    const receiver = lookUp(config.receivers, id);
    const node = add("receiver", receiver, (port, base) =>
      receiver.definition.create({ ...base, next: port }),
    );
    connections.push(() => node.port?.connect(targets, patienceMs));
  }
  return {
    nodes,
    pipelinesOf({ kind, id, pipeline }) {
      if (pipeline !== undefined) return [pipeline];
      if (kind === "extension") return [];
      if (kind === "connector") {
        return pipelines
          .filter(([, { receivers, exporters }]) => receivers.includes(id) || exporters.includes(id))
          .map(([name]) => name);
      }
      return pipelines
        .filter(([, used]) => used[`${kind}s` as keyof typeof used].includes(id))
        .map(([name]) => name);
    },
    connect() {
      for (const connection of connections) connection();
    },
  };
}

interface BaseSettings {
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: each definition checked its own config; the graph cannot know its type
  readonly config: any;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly reportStatus: (event: StatusEvent) => void;
  readonly build: BuildInfo;
}

function createNode(
  kind: NodeKind,
  { id, config, definition, fingerprint }: ConfiguredComponent<unknown>,
  create: (port: Port, base: BaseSettings) => Component & Partial<Consumer>,
  pipeline: string | undefined,
  settings: GraphSettings,
  flow: FlowTelemetry,
): Node {
  const place = { kind, id, ...(pipeline !== undefined && { pipeline }) };
  const reportStatus = onChange((event) => settings.onStatus(place, event));
  const logger = settings.logger.child({
    "otelcol.component.id": id,
    "otelcol.component.kind": kind,
    ...(kind !== "extension" && { "otelcol.signal": "metrics" }),
    ...(pipeline !== undefined && { "otelcol.pipeline.id": pipeline }),
  });
  const port = new Port(settings.clock, flow.ofPort(kind, id, logger));
  const component = createComponent(kind, id, () =>
    create(port, {
      id,
      config,
      logger,
      meter: settings.meter,
      clock: settings.clock,
      reportStatus,
      build: settings.build,
    }),
  );
  const holdsBack = kind === "processor" && (definition as ProcessorDefinition).holdsBack === true;
  const strict = settings.strict ? checked(component, `"${id}" ${kind}`) : component;
  return {
    ...place,
    fingerprint,
    component: kind === "processor" ? flow.measured(strict, id, port, holdsBack) : strict,
    port,
    reportStatus,
  };
}

function createComponent<T>(kind: NodeKind, id: string, create: () => T): T {
  try {
    return create();
  } catch (error) {
    throw new CollectorError("COMPONENT_START", `failed to create "${id}" ${kind}`, { cause: error });
  }
}

/** The configuration was validated, so a miss is a bug of ours. */
function lookUp<Value>(components: ReadonlyMap<string, Value>, id: string): Value {
  const found = components.get(id);
  if (found === undefined) throw new Error(`component "${id}" is referenced but was not validated`);
  return found;
}

function targetOf(node: Node | undefined): PortTarget {
  const component = node?.component;
  if (node === undefined || component?.consume === undefined) {
    throw new Error(`"${node?.id}" ${node?.kind} takes no data`);
  }
  return { place: nodeKey(node.kind, node.id, node.pipeline), consumer: component as Consumer };
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}
