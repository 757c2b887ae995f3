export {
  type RetryConfig,
  retrySchema,
  type SendingQueueConfig,
  sendingQueueSchema,
  timeoutSchema,
} from "./config.ts";
export { DeliveryChain } from "./delivery-chain.ts";
export type { DeliveryOptions } from "./delivery-options.ts";
export type { KnownError } from "./error-type.ts";
export { type SdkRequest, wrapPushMetricExporter } from "./push-metric-exporter.ts";
export { storageReferences, storageWarnings } from "./queue-storage.ts";
export { type DeliveryRequest, InterruptedError, RemainderError } from "./retry-sender.ts";
export { splitBatch } from "./split-batch.ts";
export type { RequestCodec, StoredRequest } from "./stored-request.ts";
export type { DropReason } from "./telemetry.ts";
