import { METRICS_PATH } from "../../otlp/index.ts";
import type { OtlpHttpConfig } from "./config.ts";

/** Where to post: `metrics_endpoint` as it is, or the base with the path of metrics before its query, if it has one. */
export function metricsUrl(config: Pick<OtlpHttpConfig, "endpoint" | "metrics_endpoint">): URL {
  if (config.metrics_endpoint !== undefined) return new URL(config.metrics_endpoint);
  const url = new URL(config.endpoint as string);
  url.pathname = url.pathname.replace(/\/$/, "") + METRICS_PATH;
  return url;
}

/** For messages: without user, password and query, which may hold keys. */
export function urlWithoutQuery({ origin, pathname }: URL): string {
  return origin + pathname;
}
