/** Media types of OTLP over HTTP (OTLP specification, section OTLP/HTTP). */
export const CONTENT_TYPE_PROTOBUF = "application/x-protobuf";
export const CONTENT_TYPE_JSON = "application/json";

/** Path of metrics under an OTLP/HTTP base endpoint. */
export const METRICS_PATH = "/v1/metrics";
