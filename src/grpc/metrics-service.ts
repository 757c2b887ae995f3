/** Path of the one method of OTLP's MetricsService. */
export const EXPORT_METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/** Messages pass through grpc-js as the bytes they are: the otlp room encodes and decodes them. */
export const passThrough = (bytes: Buffer): Buffer => bytes;
