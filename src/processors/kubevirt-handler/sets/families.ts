import type { DocumentedFamily } from "../documented-set.ts";

type Make = (family: string, name: string, unit: string, description: string) => DocumentedFamily;

/** Ways to write the families of one component, whose documented names begin with `prefix`. */
export function familiesOf(prefix: string): { gauge: Make; count: Make; histogram: Make } {
  return {
    gauge: (family, name, unit, description) => ({
      family,
      name: `${prefix}.${name}`,
      kind: "gauge",
      unit,
      description,
    }),
    count: (family, name, unit, description) => ({
      family,
      name: `${prefix}.${name}.count`,
      kind: "count",
      unit,
      description,
    }),
    histogram: (family, name, unit, description) => ({
      family,
      name: `${prefix}.${name}`,
      kind: "histogram",
      unit,
      countUnit: "{item}",
      description,
    }),
  };
}
