import type { Consumer, UpstreamSettings } from "../../component/index.ts";
import {
  ABSENT,
  Batch,
  type Column,
  ColumnBuffers,
  type Layout,
  type MetricLayout,
  memoise,
  metricsOf,
  Presence,
  pointSlot,
  type ResourceLayout,
  type ScopeLayout,
} from "../../metrics/index.ts";
import type { SlotProgram } from "../../reshape/index.ts";
import { seriesKey } from "../../temporality/index.ts";
import type { Config } from "./config.ts";
import { PlanVariants } from "./plan-variants.ts";
import { PointStates } from "./point-states.ts";
import { ProcessorTelemetry } from "./telemetry.ts";
import { compileTransform, type ScopeDraft, type Transform } from "./transform.ts";
import { ValuePlan } from "./value-plan.ts";

/** What becomes of a layout. */
interface Transformed {
  readonly layout: Layout;
  /** Undefined: values stay as they are. */
  readonly program: SlotProgram | undefined;
}

/**
 * Works out once for each layout what it becomes and what has to be calculated; once more where that depends on which
 * points are there. A batch with a known layout costs the calculation only.
 */
export class MetricsTransformProcessor implements Consumer {
  readonly #settings: UpstreamSettings<Config>;
  readonly #transforms: readonly Transform[];
  readonly #buffers = new ColumnBuffers();
  readonly #plans = memoise(
    (layout: Layout) => new PlanVariants((states) => this.#transform(layout, states)),
  );
  readonly #mayRepeatSeries = memoise((layout: Layout) => repeatsSeries(layout, Presence.ALL));
  readonly #telemetry: ProcessorTelemetry;
  /** Combinations that were reported. */
  readonly #reported = new Set<string>();

  constructor(settings: UpstreamSettings<Config>) {
    const { config, build, meter, id } = settings;
    this.#settings = settings;
    this.#transforms = config.transforms.map((transform) => compileTransform(transform, build.version));
    this.#telemetry = new ProcessorTelemetry(meter, id);
  }

  async consume(batch: Batch): Promise<void> {
    const { next } = this.#settings;
    const { layout, program } = this.#plan(batch.layout, batch.column);
    if (layout.resources.length === 0) return;
    if (program === undefined) {
      await next.consume(layout === batch.layout ? batch : Batch.fromColumns(layout, batch.column));
      return;
    }
    const column = program.run(batch.column);
    await next.consume(Batch.fromColumns(layout, column));
    program.release(column);
  }

  /** Several points of one series in a batch are of different times, which only the column knows. */
  #plan(layout: Layout, column: Column): Transformed {
    const { presence, times } = column;
    if (times !== undefined && this.#mayRepeatSeries(layout) && repeatsSeries(layout, presence)) {
      return this.#transform(layout, new PointStates(presence), (slot) => column.timeAt(slot));
    }
    return this.#plans(layout).for(presence);
  }

  #transform(layout: Layout, states: PointStates, timeOf?: (slot: number) => bigint): Transformed {
    const plan = new ValuePlan(layout.width, states, timeOf);
    const resources = layout.resources.flatMap((entry) => this.#resource(entry, plan));
    const program = plan.program(this.#buffers);
    const isSame = program === undefined && resources.every((entry, i) => entry === layout.resources[i]);
    return { layout: isSame ? layout : { resources, width: plan.width }, program };
  }

  /** The resource, and what was grouped out of it. */
  #resource(entry: ResourceLayout, plan: ValuePlan): ResourceLayout[] {
    const { resource } = entry;
    const grouped: ResourceLayout[] = [];
    const scopes = entry.scopes.flatMap((part): ScopeLayout[] => {
      const draft: ScopeDraft = {
        resource,
        metrics: part.metrics,
        moveTo: (target, metrics) => void grouped.push({ resource: target, scopes: [{ ...part, metrics }] }),
        onMismatch: (names, difference) => this.#mismatch(names, difference),
      };
      for (const transform of this.#transforms) transform(draft, plan);
      if (draft.metrics.length === 0 && part.metrics.length > 0) return [];
      return [sameItems(draft.metrics, part.metrics) ? part : { ...part, metrics: draft.metrics }];
    });
    const own = sameItems(scopes, entry.scopes) ? entry : { resource, scopes };
    const isGone = scopes.length === 0 && entry.scopes.length > 0;
    return isGone ? grouped : [own, ...grouped];
  }

  #mismatch(names: readonly string[], difference: string): void {
    this.#telemetry.combineFailed();
    const key = `${difference} ${names.join()}`;
    if (this.#reported.has(key) || this.#reported.size >= MAX_REPORTED) return;
    this.#reported.add(key);
    this.#settings.logger.warn("Metrics were not combined, since they differ.", {
      metrics: names,
      difference,
    });
  }
}

const MAX_REPORTED = 100;

/** Whether a metric has several points of one series. */
function repeatsSeries(layout: Layout, presence: Presence): boolean {
  for (const { metric } of metricsOf(layout)) {
    const there = metric.attributes.filter((_, i) => presence.at(pointSlot(metric, i)) !== ABSENT);
    if (new Set(there.map(seriesKey)).size < there.length) return true;
  }
  return false;
}

function sameItems<Item extends MetricLayout | ScopeLayout>(a: readonly Item[], b: readonly Item[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
}
