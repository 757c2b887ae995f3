import {
  type MetricLayout,
  memoise,
  PRESENT,
  type Presence,
  pointSlot,
  type Resource,
} from "../../metrics/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { type Coverage, coverage } from "./coverage.ts";
import type { DocumentedSet } from "./documented-set.ts";
import { explainMissing, type Release } from "./known-errors.ts";
import type { MappedLayout } from "./mapped-layout.ts";
import type { ProcessorTelemetry } from "./telemetry.ts";

/** Says when what a target gives of the documented set has changed. */
export class CoverageReport {
  readonly #set: DocumentedSet;
  readonly #logger: Logger;
  readonly #telemetry: ProcessorTelemetry;
  readonly #checked = new WeakMap<MappedLayout, Presence>();
  readonly #last = memoise((_: Resource) => ({ families: "" }));

  constructor(set: DocumentedSet, logger: Logger, telemetry: ProcessorTelemetry) {
    this.#set = set;
    this.#logger = logger;
    this.#telemetry = telemetry;
  }

  /** `presence` is that of the source: a point dropped here was nevertheless exposed. */
  check(mapped: MappedLayout, presence: Presence): void {
    if (this.#checked.get(mapped) === presence) return;
    this.#checked.set(mapped, presence);
    for (const { resource, release, metrics } of mapped.scraped) {
      const names = metrics
        .filter((metric) => hasPoint(metric, presence))
        .map(({ descriptor }) => descriptor.name);
      // Without anything that was scraped there was no scrape, or it failed: that says nothing about the handler.
      if (!names.some((name) => !this.#isDirect(name))) continue;
      const last = this.#last(resource);
      const families = names.join();
      if (last.families === families) continue;
      last.families = families;
      this.#report(resource, coverage(names, this.#set), release);
    }
  }

  #isDirect(name: string): boolean {
    return this.#set.direct.some((metric) => metric.sources.includes(name));
  }

  #report(resource: Resource, { seen, missing, unmapped }: Coverage, release: Release | undefined): void {
    const target = String(resource.attributes["service.instance.id"] ?? "");
    this.#telemetry.documented(target, seen.length, missing.length);
    const explanation = explainMissing(missing, release);
    this.#logger.debug("What the target exposes of the documented metrics has changed.", {
      target,
      seen: seen.length,
      missing,
      unmapped,
      ...(explanation !== undefined && { explanation }),
    });
  }
}

function hasPoint(metric: MetricLayout, presence: Presence): boolean {
  return metric.attributes.some((_, i) => presence.at(pointSlot(metric, i)) === PRESENT);
}
