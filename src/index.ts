/**
 * What custom components import as `otelcol-kubevirt`: the contracts, the data model and the schema kit. Nothing here
 * starts anything.
 */
export {
  type BatchProcessor,
  type Clock,
  type Component,
  type ComponentSet,
  type ConnectorDefinition,
  type Consumer,
  type ConsumerProcessor,
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  type Host,
  type LayoutProcessor,
  type ObjectProcessor,
  PartialError,
  PermanentError,
  RetryableError,
  type Settings,
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
