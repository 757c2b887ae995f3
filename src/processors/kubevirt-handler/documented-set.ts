/**
 * The documented metrics of one KubeVirt component as data: which family of the source becomes which metric. Everything
 * that depends on the set reads it from here.
 */
export interface DocumentedSet {
  readonly families: readonly DocumentedFamily[];
  /** Metrics that the receiver makes itself. */
  readonly direct: readonly DirectMetric[];
}

export interface DocumentedFamily {
  /** Name at the source. A count's source may end in `_total` or not. */
  readonly family: string;
  /** Documented name; a histogram's is without `.bucket`, `.count`, `.sum`. */
  readonly name: string;
  readonly kind: "gauge" | "count" | "histogram";
  /** UCUM; of a histogram, that of what is observed. */
  readonly unit: string;
  readonly description: string;
  /** Of a histogram: what `.bucket` and `.count` count. */
  readonly countUnit?: string;
  /** The attribute that says where the running total stands just now, and is no part of what is counted. */
  readonly wandering?: string;
  /** What other releases of KubeVirt call it. */
  readonly otherNames?: readonly OtherName[];
}

export interface OtherName {
  /** Whole name at the source. */
  readonly family: string;
  /** By what its values have to be divided. */
  readonly divisor?: number;
  /** The value is the number of labels with this beginning that say "true"; they are no attributes. */
  readonly countedLabels?: string;
}

export interface DocumentedMetric {
  readonly name: string;
  readonly kind: "gauge" | "count";
  readonly unit: string;
  readonly description: string;
}

export interface DirectMetric extends DocumentedMetric {
  /** What receivers call it. */
  readonly sources: readonly string[];
}

/** The metrics of one family, in the order of the documentation. */
export function metricsOfFamily(family: DocumentedFamily): readonly DocumentedMetric[] {
  const { name, unit, description } = family;
  if (family.kind !== "histogram") return [{ name, kind: family.kind, unit, description }];
  const countUnit = family.countUnit ?? "1";
  return [
    {
      name: `${name}.bucket`,
      kind: "count",
      unit: countUnit,
      description: `${description} Observations up to the attribute upper_bound.`,
    },
    {
      name: `${name}.count`,
      kind: "count",
      unit: countUnit,
      description: `${description} All observations.`,
    },
    { name: `${name}.sum`, kind: "count", unit, description: `${description} Sum of all observations.` },
  ];
}

/** What a name at the source stands for. */
export interface FamilySource extends OtherName {
  readonly documented: DocumentedFamily;
}

/** The families by their names at the source, by the rules above. */
export function familyIndex(set: DocumentedSet): ReadonlyMap<string, FamilySource> {
  const index = new Map<string, FamilySource>();
  for (const documented of set.families) {
    const { family, kind, otherNames = [] } = documented;
    for (const other of otherNames) index.set(other.family, { ...other, documented });
    index.set(family, { family, documented });
    if (kind === "count") index.set(`${family}_total`, { family: `${family}_total`, documented });
  }
  return index;
}
