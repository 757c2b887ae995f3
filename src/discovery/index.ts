export { type FileSdConfig, FileSource, fileSdSchema } from "./file-source.ts";
export {
  crossCheckedHttpOptions,
  httpOptionFaults,
  type PrometheusHttpConfig,
  prometheusHttpShape,
} from "./http-options.ts";
export { type HttpSdConfig, HttpSource, httpSdSchema } from "./http-source.ts";
export {
  formatPrometheusDuration,
  parsePrometheusDuration,
  prometheusDuration,
} from "./prometheus-duration.ts";
export { PrometheusHttpClient } from "./prometheus-http-client.ts";
export { type StaticSdConfig, StaticSource, staticSdSchema } from "./static-source.ts";
export type { TargetGroup, TargetListener, TargetSource } from "./target-source.ts";
