import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const chart = fileURLToPath(new URL("../../deploy/helm/otelcol-kubevirt/", import.meta.url));

/** The topologies, each with plain manifests made of the chart. */
export const modes = ["node", "cluster", "gateway"] as const;

export type Mode = (typeof modes)[number];

/** What the plain manifests are installed into. */
export const namespace = "otelcol-kubevirt";

/** Tells whether plain manifests were made of the chart as it is, without Helm at hand. */
export function chartDigest(): string {
  const hash = createHash("sha256");
  const files = globSync("**/*.{yaml,tpl,txt,json}", { cwd: chart }).map((file) => file.split(sep).join("/"));
  for (const file of files.sort()) {
    // A checkout on Windows may have CRLF.
    hash.update(`${file}\n${readFileSync(join(chart, file), "utf8").replaceAll("\r\n", "\n")}`);
  }
  return hash.digest("hex");
}

/** @throws when there is no helm, or the chart refuses the values */
export function helmTemplate(...args: readonly string[]): string {
  const helm = process.env["HELM"] ?? "helm";
  const base = ["template", "otelcol-kubevirt", chart, "--namespace", namespace, "--kube-version", "1.34.0"];
  return execFileSync(helm, [...base, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The plain manifests of a mode. */
export function renderManifests(mode: Mode): string {
  const rendered = helmTemplate("--set", `mode=${mode}`)
    .replaceAll(/^# Source: .*\n/gm, "")
    .replaceAll(/[ \t]+$/gm, "")
    .replaceAll(/\n{2,}/g, "\n");
  return `# Made of deploy/helm by scripts/render-manifests.ts; do not edit.
# chart: ${chartDigest()}
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    pod-security.kubernetes.io/enforce: restricted
${rendered}`;
}
