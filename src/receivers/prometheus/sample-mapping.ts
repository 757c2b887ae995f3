import {
  checkLabelLimits,
  checkMetricName,
  type ExpositionLimits,
  type Labels,
} from "../../exposition/index.ts";
import type { Resource } from "../../metrics/index.ts";
import type { Relabelling } from "../../relabel/index.ts";
import { type MappedSeries, ScrapeRefusal, type SeriesMapping } from "../../scrape/index.ts";
import { isLegacyLabelName, isLegacyMetricName, Label } from "./names.ts";
import type { LabelMap } from "./target-labels.ts";

export interface SampleMappingOptions {
  /** The target's labels that get into its series, job and instance among them. */
  readonly target: LabelMap;
  readonly honorLabels: boolean;
  /** Undefined when there are no rules. */
  readonly relabelling: Relabelling | undefined;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** What the target's resource says. */
  readonly job: string;
  readonly instance: string;
  readonly limits: ExpositionLimits;
  readonly legacyNames: boolean;
  /** The resource of another job and instance than the target's. */
  readonly resourceOf: (job: string, instance: string) => Resource;
}

/** These identify the metric or the resource. */
const notAttributes = [Label.NAME, Label.JOB, Label.INSTANCE, Label.SCHEME, Label.METRICS_PATH];

/**
 * What a scraped series becomes, as in a Prometheus scrape: target labels are added, metric relabelling is worked, names
 * and limits are checked; then, as in the Collector, external labels are set, and job and instance become the resource.
 */
export function sampleMapping(options: SampleMappingOptions): SeriesMapping {
  const { relabelling, limits } = options;
  if (relabelling !== undefined) return (name, labels) => mapSeries(name, labels, options);
  // Without rules the name has no say, and label sets repeat from family to family.
  const known = new WeakMap<Labels, MappedSeries>();
  return (name, labels) => {
    const before = known.get(labels);
    if (before !== undefined) {
      checkName(name, options);
      checkMetricName(limits, name);
      return { ...before, name };
    }
    const mapped = mapSeries(name, labels, options);
    if (mapped !== undefined) known.set(labels, mapped);
    return mapped;
  };
}

function mapSeries(
  exposed: string,
  scraped: Labels,
  options: SampleMappingOptions,
): MappedSeries | undefined {
  const { target, honorLabels, relabelling, externalLabels, limits } = options;
  const labels = new Map<string, string>([[Label.NAME, exposed], ...Object.entries(scraped)]);
  if (honorLabels) {
    for (const [name, value] of target) if (!labels.has(name)) labels.set(name, value);
  } else {
    overrule(labels, target);
  }
  if (relabelling !== undefined && (!relabelling(labels) || labels.size === 0)) return undefined;

  const name = labels.get(Label.NAME);
  if (name === undefined) {
    throw new ScrapeRefusal(
      "invalid_series",
      `relabelling leaves series ${JSON.stringify(exposed)} without a name`,
    );
  }
  checkName(name, options);
  labels.delete(Label.NAME);
  checkLabels(labels, options);
  checkMetricName(limits, name);
  checkLabelLimits(limits, [...labels.keys()], [...labels.values()]);

  for (const [label, value] of Object.entries(externalLabels)) labels.set(label, value);
  const job = labels.get(Label.JOB);
  const instance = labels.get(Label.INSTANCE);
  for (const label of notAttributes) labels.delete(label);
  const foreign =
    job !== undefined && instance !== undefined && (job !== options.job || instance !== options.instance);
  return {
    name,
    labels: Object.freeze(Object.fromEntries([...labels].filter(([, value]) => value !== ""))),
    ...(foreign && { resource: options.resourceOf(job, instance) }),
  };
}

/** `honor_labels: false`: the target's labels count, scraped ones of the same name become `exported_<name>`. */
function overrule(labels: Map<string, string>, target: LabelMap): void {
  const overruled: [name: string, value: string][] = [];
  for (const [name, value] of target) {
    const scraped = labels.get(name);
    if (scraped !== undefined) overruled.push([name, scraped]);
    labels.set(name, value);
  }
  // Shorter names first: one of them may take the name that a longer one would have had.
  for (const [name, value] of overruled.sort(([a], [b]) => a.length - b.length)) {
    let exported = `exported_${name}`;
    while (labels.has(exported)) exported = `exported_${exported}`;
    labels.set(exported, value);
  }
}

function checkName(name: string, { legacyNames }: SampleMappingOptions): void {
  if (!legacyNames || isLegacyMetricName(name)) return;
  throw new ScrapeRefusal("invalid_series", `${JSON.stringify(name)} is no metric name of the legacy scheme`);
}

function checkLabels(labels: LabelMap, { legacyNames }: SampleMappingOptions): void {
  for (const name of labels.keys()) {
    if (name !== "" && (!legacyNames || isLegacyLabelName(name))) continue;
    const scheme = legacyNames ? " of the legacy scheme" : "";
    throw new ScrapeRefusal("invalid_series", `${JSON.stringify(name)} is no label name${scheme}`);
  }
}
