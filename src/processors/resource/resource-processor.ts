import type { AttributeActions } from "../../attribute-actions/index.ts";
import type { LayoutProcessor } from "../../component/index.ts";
import { type Layout, memoise, type Resource } from "../../metrics/index.ts";
import { mapLayout } from "../../reshape/index.ts";

/** Works on the attributes of resources, once for each resource. */
export class ResourceProcessor implements LayoutProcessor {
  readonly #resource: (resource: Resource) => Resource;

  constructor(act: AttributeActions) {
    this.#resource = memoise((resource: Resource) => {
      const attributes = act(resource.attributes);
      return attributes === resource.attributes ? resource : Object.freeze({ ...resource, attributes });
    });
  }

  layout(layout: Layout): Layout {
    return mapLayout(layout, { resource: this.#resource });
  }
}
