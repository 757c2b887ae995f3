import type { MeterAttributes } from "../../telemetry/index.ts";

/** Attributes of the exporter's metrics (see the delivery room) besides its ID, as the Collector's. */
export function endpointAttributes(url: URL): MeterAttributes {
  const defaultPort = url.protocol === "https:" ? 443 : 80;
  return {
    "server.address": url.hostname,
    "server.port": url.port === "" ? defaultPort : Number(url.port),
    "url.path": url.pathname,
  };
}
