import { fileURLToPath } from "node:url";
import { measureScraping, type ScrapeResult, type ScrapeRig } from "./scrape-rig.ts";

type Section = Readonly<Record<string, unknown>>;

/** The built binary with its own receiver and processor: fetch, parse, map, encode, compress, send. */
export function benchCollector(vmis: number): Promise<ScrapeResult> {
  return benchBinary(vmis, ({ target, caFile }) => ({
    receivers: {
      kubevirt_handler: {
        collection_interval: "1s",
        initial_delay: "0s",
        targets: [{ metrics_endpoint: `https://${target}/metrics`, healthz_endpoint: null }],
        tls: { ca_file: caFile },
        body_size_limit_mib: 1024,
      },
    },
    processors: { kubevirt_handler: { metrics: "all" } },
    service: pipelineOf("kubevirt_handler", ["kubevirt_handler"]),
  }));
}

/** The built binary with a `prometheus` receiver alone, as a Collector can be configured too. */
export function benchPrometheusReceiver(vmis: number): Promise<ScrapeResult> {
  return benchBinary(vmis, (rig) => ({
    receivers: { prometheus: { config: scrapeConfigOf(rig) } },
    service: pipelineOf("prometheus", []),
  }));
}

/** Of a `prometheus` receiver, here and there. */
export function scrapeConfigOf({ target, caFile }: ScrapeRig): Section {
  return {
    scrape_configs: [
      {
        job_name: "virt-handler",
        scrape_interval: "1s",
        scheme: "https",
        tls_config: { ca_file: caFile },
        static_configs: [{ targets: [target] }],
      },
    ],
  };
}

function benchBinary(vmis: number, partsOf: (rig: ScrapeRig) => Section): Promise<ScrapeResult> {
  return measureScraping(vmis, async (rig) => {
    const config = { ...partsOf(rig), exporters: { otlp_http: { endpoint: rig.endpoint } } };
    const binary = fileURLToPath(new URL("../../bin/otelcol-kubevirt", import.meta.url));
    return [process.execPath, binary, "--config", `yaml:${JSON.stringify(config)}`];
  });
}

function pipelineOf(receiver: string, processors: readonly string[]): Section {
  return {
    telemetry: { logs: { level: "warn" }, metrics: { level: "none" } },
    pipelines: { metrics: { receivers: [receiver], processors, exporters: ["otlp_http"] } },
  };
}
