import type { CollectorConfig, PipelineConfig } from "./collector-config.ts";

type Named = readonly [name: string, pipeline: PipelineConfig];

/** The pipelines in such an order that those fed by a connector come before those that feed it. */
export function downstreamFirst({
  connectors,
  service: { pipelines },
}: Pick<CollectorConfig, "connectors" | "service">): readonly Named[] {
  const all: readonly Named[] = Object.entries(pipelines);
  const ordered = new Set<Named>();
  const visit = (entry: Named): void => {
    if (ordered.has(entry)) return;
    for (const id of entry[1].exporters) {
      if (connectors.has(id)) all.filter(([, { receivers }]) => receivers.includes(id)).forEach(visit);
    }
    ordered.add(entry);
  };
  all.forEach(visit);
  return [...ordered];
}

/**
 * A way that data would go round for ever, as what it passes; undefined: there is none.
 * @param isConnector whether an ID is a connector's
 */
export function findCycle(
  pipelines: Readonly<Record<string, PipelineConfig>>,
  isConnector: (id: string) => boolean,
): readonly string[] | undefined {
  const finished = new Set<string>();
  const visit = (name: string, way: readonly string[]): readonly string[] | undefined => {
    const step = `pipeline "${name}"`;
    if (way.includes(step)) return [...way.slice(way.indexOf(step)), step];
    if (finished.has(name)) return undefined;
    for (const id of pipelines[name]?.exporters ?? []) {
      if (!isConnector(id)) continue;
      for (const [next, { receivers }] of Object.entries(pipelines)) {
        if (!receivers.includes(id)) continue;
        const cycle = visit(next, [...way, step, `connector "${id}"`]);
        if (cycle !== undefined) return cycle;
      }
    }
    finished.add(name);
    return undefined;
  };
  for (const name of Object.keys(pipelines)) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
