import { defineProcessor, type Layout, z } from "otelcol-kubevirt";

/** A function of names and attributes only: it runs once for each new set of series, not for each scrape. */
export default defineProcessor({
  type: "tenant",
  stability: "alpha",
  config: z.strictObject({
    tenants: z.record(z.string(), z.string()).describe("Tenant by namespace."),
    label: z.string().default("tenant").describe("Attribute that holds the tenant."),
  }),
  create({ config }) {
    return {
      layout(layout: Layout): Layout {
        return {
          ...layout,
          resources: layout.resources.map((resource) => ({
            ...resource,
            scopes: resource.scopes.map((scope) => ({
              ...scope,
              metrics: scope.metrics.map((metric) => ({
                ...metric,
                attributes: metric.attributes.map((attributes) => {
                  const tenant = config.tenants[String(attributes["vm_namespace"])];
                  return tenant === undefined ? attributes : { ...attributes, [config.label]: tenant };
                }),
              })),
            })),
          })),
        };
      },
    };
  },
});
