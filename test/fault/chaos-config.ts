import type { NumberedTargets } from "./numbered-target.ts";
import { configOf } from "./pipeline.ts";

/** Exporters by what keeps their data: a storage, as long as no reload takes it away, the memory, and nothing. */
export const EXPORTERS = ["otlp_http/stored", "otlp_http/memory", "otlp_http/none"] as const;
export type Exporter = (typeof EXPORTERS)[number];

/** The processor that stands before the exporters, whatever stands before it. */
export const LAST = "attributes/last";

export interface ChaosPlaces {
  readonly targets: NumberedTargets;
  readonly endpoints: Readonly<Record<Exporter, string>>;
  readonly directory: string;
  /** Of the OTLP receiver. */
  readonly port: number;
}

/** What reloads change. */
export interface ChaosSettings {
  readonly interval: string;
  readonly bodyLimit: number;
  readonly limiter: "off" | "on" | "refusing";
  readonly batch: boolean;
  readonly exporterBatch: boolean;
  readonly label: number;
  readonly header: number;
  readonly timeout: string;
  readonly stored: boolean;
  readonly memorySize: number;
  readonly blocking: boolean;
}

export const START: ChaosSettings = {
  interval: "500ms",
  bodyLimit: 1_000_000,
  limiter: "off",
  batch: false,
  exporterBatch: false,
  label: 0,
  header: 0,
  timeout: "3s",
  stored: true,
  memorySize: 20,
  blocking: false,
};

/** A change of a few settings at random. */
export function changed(old: ChaosSettings, random: () => number): ChaosSettings {
  const pick = <T>(...choices: readonly T[]) => choices[Math.floor(random() * choices.length)] as T;
  const change = (): Partial<ChaosSettings> =>
    pick<Partial<ChaosSettings>>(
      { interval: pick("300ms", "500ms", "700ms") },
      { bodyLimit: old.bodyLimit + 1 },
      { limiter: pick("off", "on", "refusing") },
      { batch: !old.batch },
      { exporterBatch: !old.exporterBatch },
      { label: old.label + 1 },
      { header: old.header + 1 },
      { timeout: pick("2900ms", "3s", "3100ms") },
      { stored: !old.stored },
      { memorySize: pick(3, 20, 200), blocking: pick(true, false) },
    );
  return { ...old, ...change(), ...(random() < 0.5 && change()) };
}

type Sections = Readonly<Record<string, Readonly<Record<string, object>>>>;

export function chaosConfig(places: ChaosPlaces, settings: ChaosSettings): Sections {
  const { targets, endpoints, directory, port } = places;
  const { interval, bodyLimit, limiter, batch, exporterBatch, label, header, timeout } = settings;
  const base = configOf({ targets, endpoint: "", directory, interval }) as Sections;
  const exporter = (id: Exporter, sending_queue: object) => ({
    ...base["exporters"]?.["otlp_http"],
    endpoint: endpoints[id],
    timeout,
    headers: { "x-header": String(header) },
    sending_queue,
  });
  const processors = {
    ...(limiter !== "off" && {
      // No process is that small.
      memory_limiter: { limit_mib: limiter === "refusing" ? 20 : 4000, check_interval: "100ms" },
    }),
    ...(batch && { batch: { send_batch_size: 60, timeout: "80ms" } }),
    [LAST]: { actions: [{ key: "label", action: "upsert", value: String(label) }] },
  };
  return {
    ...base,
    receivers: {
      ...base["receivers"],
      otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}`, max_request_body_size: bodyLimit } } },
    },
    processors,
    exporters: {
      "otlp_http/stored": exporter("otlp_http/stored", {
        queue_size: 100_000,
        preserve_order: true,
        ...(settings.stored && { storage: "file_storage" }),
        ...(exporterBatch && { batch: { min_size: 40, flush_timeout: "50ms" } }),
      }),
      "otlp_http/memory": exporter("otlp_http/memory", {
        queue_size: settings.memorySize,
        block_on_overflow: settings.blocking,
      }),
      "otlp_http/none": {
        ...exporter("otlp_http/none", { enabled: false }),
        retry_on_failure: { initial_interval: "20ms", max_interval: "100ms", max_elapsed_time: "1s" },
      },
    },
    service: {
      ...base["service"],
      fanout_timeout: "300ms" as never,
      pipelines: {
        metrics: {
          receivers: ["kubevirt_handler", "otlp"],
          processors: Object.keys(processors),
          exporters: EXPORTERS,
        },
      },
    },
  };
}
