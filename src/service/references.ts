import type { z } from "zod";
import type { ConfigNode, Diagnostics } from "../config/index.ts";
import { checkConnectors } from "./connector-references.ts";
import type { Section, SectionComponents } from "./read-section.ts";
import type { serviceSchema } from "./service-schema.ts";

type Sections = Readonly<Record<Section, SectionComponents>>;
type Service = z.output<typeof serviceSchema>;

/** Checks that pipelines are complete and that every ID that is named is configured. */
export function checkReferences(
  service: Service,
  node: ConfigNode,
  root: ConfigNode,
  sections: Sections,
  diagnostics: Diagnostics,
): void {
  const check = (
    section: keyof Sections,
    id: string,
    path: readonly (string | number)[],
    place: ConfigNode | undefined,
  ) => {
    if (sections[section].has(id) || root.get(section)?.get(id) !== undefined) return;
    const isEnd = section === "receivers" || section === "exporters";
    if (isEnd && (sections.connectors.has(id) || root.get("connectors")?.get(id) !== undefined)) return;
    const kind = section.slice(0, -1);
    const configured = [...sections[section].keys()];
    diagnostics.error(place, {
      path: path.slice(0, -1),
      message: `references ${kind} ${JSON.stringify(id)} which is not configured`,
      ...(configured.length > 0 && { allowed: configured }),
      name: id,
      candidates: configured,
    });
  };
  service.extensions.forEach((id, i) => {
    check("extensions", id, ["service", "extensions", i], node.at(["extensions", i]));
  });
  const pipelinesNode = node.get("pipelines");
  const names = [...(pipelinesNode?.entries() ?? [])].map(({ key }) => key);
  if (names.length === 0) {
    diagnostics.error(pipelinesNode ?? node, {
      path: ["service", "pipelines"],
      message: "service must have at least one pipeline",
    });
  }
  for (const name of names) checkPipeline(name, service, pipelinesNode, check, diagnostics);
  checkConnectors(service, pipelinesNode, sections, diagnostics);
  checkComponentReferences(service, sections, diagnostics);
}

function checkPipeline(
  name: string,
  service: Service,
  pipelinesNode: ConfigNode | undefined,
  check: (
    section: keyof Sections,
    id: string,
    path: readonly (string | number)[],
    place: ConfigNode | undefined,
  ) => void,
  diagnostics: Diagnostics,
): void {
  const path = ["service", "pipelines", name];
  const entry = pipelinesNode?.entry(name);
  const signal = name.split("/", 1)[0] ?? "";
  if (signal !== "metrics") {
    const others = ["traces", "logs", "profiles"].includes(signal);
    diagnostics.error(entry?.keyPosition, {
      path,
      message: others
        ? `this collector carries metrics only, not ${signal}`
        : `unknown signal ${JSON.stringify(signal)}; a pipeline is called "metrics" or "metrics/name"`,
      allowed: ["metrics"],
    });
    return;
  }
  // A pipeline without settings (null) is one without components.
  const pipeline = service.pipelines[name];
  for (const section of ["receivers", "processors", "exporters"] as const) {
    const ids = pipeline?.[section] ?? [];
    ids.forEach((id, i) => {
      check(section, id, [...path, section, i], entry?.node.at([section, i]));
      if (section === "processors" && ids.indexOf(id) < i) {
        diagnostics.error(entry?.node.at([section, i]), {
          path,
          message: `references processor ${JSON.stringify(id)} multiple times`,
        });
      }
    });
    if (ids.length === 0 && section !== "processors") {
      diagnostics.error(entry?.keyPosition, {
        path,
        message: `must have at least one ${section.slice(0, -1)}`,
      });
    }
  }
}

/** What components name of each other, such as an exporter its storage; an extension must be started as well. */
function checkComponentReferences(service: Service, sections: Sections, diagnostics: Diagnostics): void {
  for (const [section, components] of Object.entries(sections)) {
    for (const [id, { definition, config, entry }] of components) {
      if (config === undefined) continue;
      for (const reference of definition.references?.(config) ?? []) {
        const target = sections[`${reference.kind}s`];
        const path = [section, id, ...reference.path];
        const place = entry.node.at(reference.path) ?? entry.keyPosition;
        const candidates = [...target.keys()];
        if (!target.has(reference.id)) {
          diagnostics.error(place, {
            path,
            message: `references ${reference.kind} ${JSON.stringify(reference.id)} which is not configured`,
            ...(candidates.length > 0 && { allowed: candidates }),
            name: reference.id,
            candidates,
          });
        } else if (reference.kind === "extension" && !service.extensions.includes(reference.id)) {
          diagnostics.error(place, {
            path,
            message: `references extension ${JSON.stringify(reference.id)} which is not started`,
            hint: `add it to service::extensions`,
          });
        }
      }
    }
  }
}
