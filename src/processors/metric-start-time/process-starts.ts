import {
  type Column,
  DataPointType,
  type Layout,
  type MetricLayout,
  memoise,
  msToNs,
  type NumberMetricLayout,
  PRESENT,
  pointSlot,
  type ResourceLayout,
} from "../../metrics/index.ts";
import { compileRegex } from "../../regex/index.ts";

const DEFAULT_NAME = "process_start_time_seconds";

/** Where the start times of one resource's totals stand. */
interface Place {
  /** Slots of the metric that says when the process started. */
  readonly said: Uint32Array;
  /** Slots of everything that it says it of. */
  readonly totals: readonly number[];
}

/** Finds the start of each process in the same batch as its totals. */
export class ProcessStarts {
  readonly #places: (layout: Layout) => readonly Place[];
  /** By slot, of the batch at hand. */
  #starts: BigUint64Array = new BigUint64Array(0);

  constructor(pattern: string) {
    const regex = pattern === "" ? undefined : compileRegex(pattern);
    const isStart = (name: string) => (regex === undefined ? name === DEFAULT_NAME : regex.test(name));
    this.#places = memoise((layout: Layout) =>
      layout.resources.map((resource) => placeOf(resource, isStart)),
    );
  }

  /** By slot, since when the process has run; 0 where nothing says so. */
  of(layout: Layout, column: Column): (slot: number) => bigint {
    if (this.#starts.length < layout.width) this.#starts = new BigUint64Array(layout.width);
    const starts = this.#starts.fill(0n);
    for (const { said, totals } of this.#places(layout)) {
      const slot = said.find((at) => column.presence.at(at) === PRESENT && (column.values[at] as number) > 0);
      const seconds = slot === undefined ? Number.NaN : (column.values[slot] as number);
      if (!Number.isFinite(seconds)) continue;
      const ns = msToNs(seconds * 1000);
      for (const total of totals) starts[total] = ns;
    }
    return (slot) => starts[slot] as bigint;
  }
}

function placeOf({ scopes }: ResourceLayout, isStart: (name: string) => boolean): Place {
  const metrics = scopes.flatMap((scope) => scope.metrics);
  const source = metrics.find((metric) => isNumber(metric) && isStart(metric.descriptor.name));
  if (source === undefined || !isNumber(source)) return { said: new Uint32Array(0), totals: [] };
  const totals = metrics.flatMap((metric) => metric.attributes.map((_, i) => pointSlot(metric, i)));
  return { said: source.slots, totals };
}

function isNumber(metric: MetricLayout): metric is NumberMetricLayout {
  return metric.dataPointType === DataPointType.GAUGE || metric.dataPointType === DataPointType.SUM;
}
