import type { BaseDefinition } from "../component/index.ts";
import { TypedValue } from "../config/index.ts";
import type { CollectorConfig, ConfiguredComponent } from "./collector-config.ts";
import { serviceSchema } from "./service-schema.ts";

/** A whole configuration as `printConfig` takes it, each part with the schema it came from. */
export function printableConfig(config: CollectorConfig): Record<string, unknown> {
  const section = (components: ReadonlyMap<string, ConfiguredComponent<BaseDefinition>>) =>
    components.size === 0
      ? undefined
      : Object.fromEntries(
          [...components].map(([id, c]) => [id, new TypedValue(c.config, c.definition.config)]),
        );
  return {
    receivers: section(config.receivers),
    processors: section(config.processors),
    exporters: section(config.exporters),
    extensions: section(config.extensions),
    connectors: section(config.connectors),
    service: new TypedValue(config.service, serviceSchema),
  };
}
