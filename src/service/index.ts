export type {
  CollectorConfig,
  ConfiguredComponent,
  ServiceConfig,
} from "./collector-config.ts";
export { configJsonSchema } from "./json-schema.ts";
export { type LoadedConfig, loadConfig } from "./load-config.ts";
export { OwnLog, type OwnLogSettings } from "./own-log/own-log.ts";
export { printableConfig } from "./printable-config.ts";
export { Reloader, type ReloaderSettings, type ReloadTrigger } from "./reload/reloader.ts";
export { SelfTelemetry } from "./self-telemetry/self-telemetry.ts";
export { Service, type ServiceSettings } from "./service.ts";
export { serviceSchema } from "./service-schema.ts";
