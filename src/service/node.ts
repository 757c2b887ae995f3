import type { Component, Consumer, Host, ReportStatus, StatusEvent } from "../component/index.ts";
import { CollectorError } from "../errors/index.ts";
import type { Port } from "./port.ts";

export type NodeKind = "extension" | "exporter" | "processor" | "connector" | "receiver";

/** A place in the graph. */
export interface NodePlace {
  readonly kind: NodeKind;
  readonly id: string;
  /** Of a processor, which has one instance a pipeline. */
  readonly pipeline?: string;
}

/** One running instance of a component in the graph. */
export interface Node extends NodePlace {
  readonly fingerprint: string;
  readonly component: Component & Partial<Consumer>;
  /** Where a receiver, processor or connector hands on. */
  readonly port?: Port;
  readonly reportStatus: ReportStatus;
}

/** Unique in a graph, and the same for the same place in the next one. */
export function nodeKey(kind: NodeKind, id: string, pipeline?: string): string {
  return pipeline === undefined ? `${kind} ${id}` : `${kind} ${id} in ${pipeline}`;
}

/** @throws CollectorError COMPONENT_START */
export async function startNode(node: Node, host: Host): Promise<void> {
  node.reportStatus({ status: "starting" });
  try {
    await node.component.start?.(host);
  } catch (error) {
    node.reportStatus({ status: "permanent_error", error });
    throw new CollectorError("COMPONENT_START", `failed to start "${node.id}" ${node.kind}`, {
      cause: error,
    });
  }
  node.reportStatus({ status: "ok" });
}

/** Passes on changes only; a component may report its state as often as it likes. */
export function onChange(report: ReportStatus): ReportStatus {
  let last: StatusEvent["status"] | undefined;
  return (event) => {
    if (event.status === last) return;
    last = event.status;
    report(event);
  };
}
