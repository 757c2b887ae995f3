export type {
  Attributes as MeterAttributes,
  Counter,
  Gauge,
  Histogram,
  Meter,
  UpDownCounter,
} from "@opentelemetry/api";
export { createLogger, type LoggerOptions } from "./create-logger.ts";
export { type LogFields, type Logger, type LogLevel, silentLogger } from "./logger.ts";
