import type {
  ConnectorDefinition,
  ExporterDefinition,
  ExtensionDefinition,
  ProcessorDefinition,
  ReceiverDefinition,
} from "../component/index.ts";
import type { z } from "../config/index.ts";
import type { serviceSchema } from "./service-schema.ts";

/** One configured component: `id` is what pipelines name. */
export interface ConfiguredComponent<Definition> {
  readonly id: string;
  readonly definition: Definition;
  readonly config: unknown;
  /** Equal for equal settings: a reload keeps a component whose fingerprint is the old one. */
  readonly fingerprint: string;
}

export interface PipelineConfig {
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** A whole configuration, resolved, validated and typed. References between its parts are known to be good. */
export interface CollectorConfig {
  readonly receivers: ReadonlyMap<string, ConfiguredComponent<ReceiverDefinition>>;
  readonly processors: ReadonlyMap<string, ConfiguredComponent<ProcessorDefinition>>;
  readonly exporters: ReadonlyMap<string, ConfiguredComponent<ExporterDefinition>>;
  readonly extensions: ReadonlyMap<string, ConfiguredComponent<ExtensionDefinition>>;
  readonly connectors: ReadonlyMap<string, ConfiguredComponent<ConnectorDefinition>>;
  readonly service: ServiceConfig;
}

/** The `service` section. */
export type ServiceConfig = z.output<typeof serviceSchema>;
