import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Mode } from "../../scripts/manifests/chart.ts";
import { root } from "../support/built-tree.ts";

/** An object of a manifest; what is below is looked at as the tests need it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: of any kind, and checked against the schema of it
  readonly [field: string]: any;
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as Manifest | null;
    })
    .filter((object) => object !== null);
}

export function manifestsPath(mode: Mode): string {
  return join(root, "deploy", "kustomize", mode, "manifests.yaml");
}

export function manifestsOf(mode: Mode): Manifest[] {
  return parseManifests(readFileSync(manifestsPath(mode), "utf8"));
}

export const ofKind = (objects: readonly Manifest[], ...kinds: readonly string[]) =>
  objects.filter(({ kind }) => kinds.includes(kind));

/** What runs pods. */
export const workloadsOf = (objects: readonly Manifest[]) =>
  ofKind(objects, "DaemonSet", "Deployment", "StatefulSet");
