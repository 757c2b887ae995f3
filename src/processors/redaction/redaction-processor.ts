import type { BatchProcessor, UpstreamSettings } from "../../component/index.ts";
import {
  type Attributes,
  Batch,
  type Column,
  type InstrumentationScope,
  type Layout,
  memoise,
  type PointExtras,
  type Resource,
} from "../../metrics/index.ts";
import { mapLayout, mapPointAttributes } from "../../reshape/index.ts";
import type { Config } from "./config.ts";
import { redactor } from "./redact.ts";
import { ProcessorTelemetry } from "./telemetry.ts";

/** Redacts the attributes of resources, scopes, points and exemplars. */
export class RedactionProcessor implements BatchProcessor {
  readonly #redact: (attributes: Attributes) => Attributes;
  readonly #layout: (layout: Layout) => Layout;

  constructor({ config, meter, id }: UpstreamSettings<Config>) {
    const telemetry = new ProcessorTelemetry(meter, id);
    const redact = redactor(config, (redacted, masked) => telemetry.record(redacted, masked));
    const resource = memoise((source: Resource): Resource => {
      const attributes = redact(source.attributes);
      return attributes === source.attributes ? source : Object.freeze({ ...source, attributes });
    });
    const scope = memoise((source: InstrumentationScope): InstrumentationScope => {
      const attributes = source.attributes && redact(source.attributes);
      return attributes === undefined || attributes === source.attributes
        ? source
        : Object.freeze({ ...source, attributes });
    });
    this.#redact = redact;
    this.#layout = memoise((layout: Layout) =>
      mapLayout(layout, { resource, scope, metric: (metric) => mapPointAttributes(metric, redact) }),
    );
  }

  processBatch(batch: Batch): Batch {
    const layout = this.#layout(batch.layout);
    const column = this.#exemplars(batch.column);
    return layout === batch.layout && column === batch.column ? batch : Batch.fromColumns(layout, column);
  }

  #exemplars(column: Column): Column {
    let result: Map<number, PointExtras> | undefined;
    for (const [slot, extras] of column.extras ?? []) {
      if (extras.exemplars === undefined) continue;
      const exemplars = extras.exemplars.map((exemplar) => {
        const filteredAttributes = this.#redact(exemplar.filteredAttributes);
        return filteredAttributes === exemplar.filteredAttributes
          ? exemplar
          : { ...exemplar, filteredAttributes };
      });
      if (exemplars.every((exemplar, i) => exemplar === extras.exemplars?.[i])) continue;
      result ??= new Map(column.extras);
      result.set(slot, { ...extras, exemplars });
    }
    return result === undefined ? column : column.with({ extras: result });
  }
}
