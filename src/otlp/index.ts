export { CONTENT_TYPE_JSON, CONTENT_TYPE_PROTOBUF, METRICS_PATH } from "./content-types.ts";
export { OtlpDecodeError } from "./decode-error.ts";
export { decodeMetrics } from "./decode-metrics.ts";
export { decodeMetricsJson } from "./decode-metrics-json.ts";
export { encodeMetricsJson } from "./encode-metrics-json.ts";
export type { EncodedBody } from "./encoded-body.ts";
export { JsonMetricsEncoder } from "./json-metrics-encoder.ts";
export { MetricsEncoder } from "./metrics-encoder.ts";
export {
  decodeExportResponse,
  decodeExportResponseJson,
  decodeStatus,
  decodeStatusJson,
  type ExportResponse,
  encodeExportResponse,
  encodeExportResponseJson,
  encodeStatus,
  encodeStatusJson,
  type RpcStatus,
} from "./responses.ts";
