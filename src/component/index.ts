export {
  AuthenticationError,
  type ClientAuthenticator,
  findClientAuthenticator,
  findServerAuthenticator,
  type RequestHeaders,
  requestHeaders,
  type ServerAuthenticator,
} from "./authentication.ts";
export { type AuthData, type Client, type ClientMetadata, clientContext } from "./client.ts";
export { clientMetadata, metadataKey } from "./client-metadata.ts";
export { type Clock, systemClock } from "./clock.ts";
export type { BuildInfo, Component, Consumer, Host, Settings, UpstreamSettings } from "./component.ts";
export {
  type BaseDefinition,
  type ComponentKind,
  type ComponentSet,
  type ConnectorDefinition,
  type Definition,
  defineExporter,
  defineExtension,
  defineReceiver,
  type ExporterDefinition,
  type ExtensionDefinition,
  type ProcessorDefinition,
  type ReceiverDefinition,
  type Reference,
  type Stability,
} from "./definition.ts";
export { isPermanent, PartialError, PermanentError, RetryableError } from "./flow-error.ts";
export { handOverMethods } from "./hand-over.ts";
export {
  type BatchProcessor,
  type ConsumerProcessor,
  defineConnector,
  defineProcessor,
  type LayoutProcessor,
  type ObjectProcessor,
} from "./processor.ts";
export { sleep } from "./sleep.ts";
export type { ComponentStatus, ReportStatus, Status, StatusEvent } from "./status.ts";
export {
  findStorage,
  type StorageClient,
  StorageError,
  type StorageErrorReason,
  type StorageExtension,
  type StorageOperation,
} from "./storage.ts";
