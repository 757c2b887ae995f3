/** Writes the plain manifests below deploy/kustomize. Needs helm, on the PATH or named by HELM. */
import { writeFileSync } from "node:fs";
import { modes, renderManifests } from "./manifests/chart.ts";

for (const mode of modes) {
  writeFileSync(
    new URL(`../deploy/kustomize/${mode}/manifests.yaml`, import.meta.url),
    renderManifests(mode),
  );
  console.log(`wrote deploy/kustomize/${mode}/manifests.yaml`);
}
