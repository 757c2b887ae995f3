import type { AttributeActions } from "../../attribute-actions/index.ts";
import type { LayoutProcessor } from "../../component/index.ts";
import type { Layout, MetricLayout } from "../../metrics/index.ts";
import { mapLayout, mapPointAttributes } from "../../reshape/index.ts";
import type { MetricChoice } from "./metric-choice.ts";

/** Works on the attributes of points: once for each attributes object, and once for each layout. */
export class AttributesProcessor implements LayoutProcessor {
  readonly #choose: MetricChoice;
  readonly #map: (metric: MetricLayout) => MetricLayout;

  constructor(choose: MetricChoice, act: AttributeActions) {
    this.#choose = choose;
    this.#map = (metric) => mapPointAttributes(metric, act);
  }

  layout(layout: Layout): Layout {
    const resources = layout.resources.map((entry) => {
      const part = mapLayout(
        { ...layout, resources: [entry] },
        {
          metric: (metric) =>
            this.#choose(metric.descriptor.name, entry.resource) ? this.#map(metric) : metric,
        },
      );
      return part.resources[0] ?? entry;
    });
    return resources.every((entry, i) => entry === layout.resources[i]) ? layout : { ...layout, resources };
  }
}
