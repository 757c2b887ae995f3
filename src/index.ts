/**
 * What custom components import as `otelcol-kubevirt`: the contracts, the data model and the schema kit. Nothing here
 * starts anything.
 */
export {
  type AuthData,
  AuthenticationError,
  type BatchProcessor,
  type Client,
  type ClientAuthenticator,
  type ClientMetadata,
  type Clock,
  type Component,
  type ComponentSet,
  type ConnectorDefinition,
  type Consumer,
  type ConsumerProcessor,
  clientContext,
  clientMetadata,
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  findClientAuthenticator,
  findServerAuthenticator,
  findStorage,
  type Host,
  type LayoutProcessor,
  metadataKey,
  type ObjectProcessor,
  PartialError,
  PermanentError,
  type RequestHeaders,
  RetryableError,
  type ServerAuthenticator,
  type Settings,
  type StatusEvent,
  type StorageClient,
  StorageError,
  type StorageExtension,
  type StorageOperation,
  type UpstreamSettings,
} from "./component/index.ts";
export { duration, opaque, reveal, type Secret, z } from "./config/index.ts";
export * from "./metrics/index.ts";
export { default as kubevirtHandler } from "./receivers/kubevirt-handler/index.ts";
export {
  exporterOfPush,
  type ProducerOptions,
  ReceiverMetricProducer,
  receiverOfProducer,
} from "./sdk/index.ts";
export type { Logger, Meter } from "./telemetry/index.ts";
