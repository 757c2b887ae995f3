import { FamilyTable, type MetadataLine } from "./family-table.ts";
import type { InspectedBody, InspectedSample } from "./types.ts";

/** Sorts the lines of a body, metadata and samples, into families by first appearance. */
export function inspectedBody(
  metadata: readonly MetadataLine[],
  lines: readonly (MetadataLine | InspectedSample)[],
): InspectedBody {
  const table = new FamilyTable();
  table.apply(metadata);
  const samplesByFamily = new Map<string, InspectedSample[]>();
  for (const line of lines) {
    const family = "family" in line ? line.family : table.familyOf(line.name);
    let samples = samplesByFamily.get(family);
    if (samples === undefined) {
      samples = [];
      samplesByFamily.set(family, samples);
    }
    if (!("family" in line)) samples.push(line);
  }
  const families = Array.from(samplesByFamily, ([name, samples]) => ({
    ...table.families.get(name)!,
    samples,
  }));
  return { families, samples: lines.length - metadata.length };
}
