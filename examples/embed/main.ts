import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { kubevirtHandler, ReceiverMetricProducer } from "otelcol-kubevirt";

/** Scrapes a virt-handler and exports its metrics together with the application's own. */
export async function startApplication(
  metricsEndpoint: string,
  caFile: string,
  exporter: PushMetricExporter,
) {
  const producer = new ReceiverMetricProducer({
    receiver: kubevirtHandler,
    config: {
      collection_interval: "1s",
      initial_delay: "0s",
      targets: [{ metrics_endpoint: metricsEndpoint }],
      tls: { ca_file: caFile, server_name_override: "virt-handler.kubevirt.svc" },
    },
  });
  await producer.start();
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 1_000,
    exportTimeoutMillis: 1_000,
    metricProducers: [producer],
  });
  const provider = new MeterProvider({ readers: [reader] });
  provider.getMeter("application").createCounter("application.starts").add(1);
  return {
    async stop() {
      await producer.shutdown();
      await provider.shutdown();
    },
  };
}
