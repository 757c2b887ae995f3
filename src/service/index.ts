export type {
  CollectorConfig,
  ConfiguredComponent,
  ServiceConfig,
} from "./collector-config.ts";
export { configJsonSchema } from "./json-schema.ts";
export { type LoadedConfig, loadConfig } from "./load-config.ts";
export { type SelfTelemetry, startSelfTelemetry } from "./self-telemetry/self-telemetry.ts";
export { Service, type ServiceSettings } from "./service.ts";
export { serviceSchema } from "./service-schema.ts";
