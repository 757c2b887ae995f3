import type { z } from "zod";
import type { ConfigNode, Diagnostics } from "../config/index.ts";
import { findCycle } from "./connected-pipelines.ts";
import type { Section, SectionComponents } from "./read-section.ts";
import type { serviceSchema } from "./service-schema.ts";

/** Checks that connectors have IDs of their own, lead from pipelines to pipelines, and never in a circle. */
export function checkConnectors(
  { pipelines }: z.output<typeof serviceSchema>,
  pipelinesNode: ConfigNode | undefined,
  sections: Readonly<Record<Section, SectionComponents>>,
  diagnostics: Diagnostics,
): void {
  const { connectors } = sections;
  for (const [id, { entry }] of connectors) {
    for (const section of ["receivers", "exporters"] as const) {
      if (!sections[section].has(id)) continue;
      const kind = section.slice(0, -1);
      diagnostics.error(entry.keyPosition, {
        path: ["connectors", id],
        message: `ambiguous ID: Found both ${JSON.stringify(id)} ${kind} and ${JSON.stringify(id)} connector`,
        hint: `change one of the IDs, e.g. rename the connector to "${id}/connector"`,
      });
    }
    const inPipelines = (section: "receivers" | "exporters") =>
      Object.keys(pipelines).filter((name) => pipelines[name]?.[section].includes(id));
    const [sources, targets] = [inPipelines("exporters"), inPipelines("receivers")];
    const isHalf = (sources.length === 0) !== (targets.length === 0);
    if (!isHalf) continue;
    const [used, unused] = sources.length > 0 ? ["exporter", "receiver"] : ["receiver", "exporter"];
    const [name] = sources.length > 0 ? sources : targets;
    diagnostics.error(pipelinesNode?.entry(name ?? "")?.keyPosition, {
      path: ["service", "pipelines", name ?? ""],
      message: `connector ${JSON.stringify(id)} used as ${used} in ${JSON.stringify(name)} pipeline but not used as ${unused} in any pipeline`,
    });
  }
  const cycle = findCycle(pipelines, (id) => connectors.has(id));
  if (cycle === undefined) return;
  diagnostics.error(pipelinesNode, {
    path: ["service", "pipelines"],
    message: `cycle detected: ${cycle.join(" -> ")}`,
  });
}
