import { crossCheck, refusing, scalarText, z } from "../../config/index.ts";
import {
  crossCheckedHttpOptions,
  fileSdSchema,
  formatPrometheusDuration,
  httpOptionFaults,
  httpSdSchema,
  prometheusDuration,
  prometheusHttpShape,
  staticSdSchema,
} from "../../discovery/index.ts";
import { kubernetesSdSchema } from "../../kubernetes/index.ts";
import { relabelSchema } from "../../relabel/index.ts";
import { byteSize } from "./byte-size.ts";

const limit = (what: string) => z.int().min(0).default(0).describe(what);

const protocol = z.enum([
  "PrometheusProto",
  "OpenMetricsText0.0.1",
  "OpenMetricsText1.0.0",
  "PrometheusText0.0.4",
  "PrometheusText1.0.0",
]);

/** What a job takes from `global` unless it says otherwise. */
const sharedShape = {
  scrape_protocols: z
    .array(protocol)
    .min(1)
    .refine((list) => new Set(list).size === list.length, "must not name a protocol twice")
    .optional()
    .describe("Formats to ask for, the most wanted first. Default: as Prometheus asks."),
  scrape_native_histograms: z
    .boolean()
    .optional()
    .describe("Whether native histograms are taken, and protobuf is asked for first. Default: false."),
  always_scrape_classic_histograms: z
    .boolean()
    .optional()
    .describe(
      "Whether a histogram that is exposed as a native one is taken as a classic one too. Default: false.",
    ),
  convert_classic_histograms_to_nhcb: z
    .boolean()
    .optional()
    .describe("Makes no difference: in OTLP both kinds are histograms with explicit bounds."),
  extra_scrape_metrics: z
    .boolean()
    .optional()
    .describe(
      "Whether `scrape_timeout_seconds`, `scrape_sample_limit` and `scrape_body_size_bytes` are reported as well. Default: false.",
    ),
  metric_name_validation_scheme: z
    .enum(["utf8", "legacy"])
    .optional()
    .describe("Names to accept; with `legacy` a scrape with any other name fails. Default: utf8."),
  metric_name_escaping_scheme: z
    .enum(["allow-utf-8", "underscores", "dots", "values"])
    .optional()
    .describe(
      "How targets are asked to escape names. Default: allow-utf-8, with legacy validation underscores.",
    ),
  body_size_limit: byteSize()
    .prefault(0)
    .describe(
      'Decoded size at which a body fails the scrape, such as "15MB". 0 = no limit, in a job: as in global.',
    ),
  sample_limit: limit(
    "Most samples of a scrape after relabelling; a scrape above it fails. 0 = no limit, in a job: as in global.",
  ),
  label_limit: limit(
    "Most labels of a series, its name counted; a scrape with one above it fails. 0 as above.",
  ),
  label_name_length_limit: limit("Longest label name in bytes. 0 as above."),
  label_value_length_limit: limit("Longest label value in bytes. 0 as above."),
  target_limit: limit("Most targets of a job; with more none of them is scraped, `up` is 0. 0 as above."),
  keep_dropped_targets: limit("Makes no difference: targets that were dropped are not kept at all."),
} as const;

const noRules = "there are no rules and no alerts here";
const noQueries = "there are no queries here";

const globalSchema = refusing(
  z.strictObject({
    scrape_interval: prometheusDuration({ min: 1 })
      .prefault("1m")
      .describe("Time between two scrapes of a target."),
    scrape_timeout: prometheusDuration({ min: 1 })
      .optional()
      .describe("For a whole scrape. Default: 10s or the interval, whichever is less."),
    evaluation_interval: prometheusDuration()
      .optional()
      .describe("Of rules, and there are none: accepted with a warning, because it is often there."),
    external_labels: z
      .record(z.string().min(1), scalarText())
      .default({})
      .describe("Attributes for every point; they replace labels of the same name, as in the Collector."),
    ...sharedShape,
  }),
  {
    rule_query_offset: noRules,
    query_log_file: noQueries,
    query_max_series: noQueries,
    query_max_samples_read: noQueries,
    query_max_duration: noQueries,
    scrape_failure_log_file: "failed scrapes are in the log",
  },
);

export type GlobalConfig = z.output<typeof globalSchema>;

const jobSchema = refusing(
  z
    .strictObject({
      job_name: z.string().min(1).describe("Label `job` of its targets, `service.name` of the resource."),
      scrape_interval: prometheusDuration({ min: 1 }).optional().describe("Default: as in global."),
      scrape_timeout: prometheusDuration({ min: 1 })
        .optional()
        .describe("Default: as in global, or the interval where that is shorter."),
      metrics_path: z.string().min(1).default("/metrics").describe("Path to scrape."),
      scheme: z.enum(["http", "https"]).default("http").describe("How to talk to the targets."),
      params: z.record(z.string().min(1), z.array(z.string())).default({}).describe("Query parameters."),
      honor_labels: z
        .boolean()
        .default(false)
        .describe(
          "For a scraped label that the target has as well: true keeps it; false renames it to `exported_<name>`.",
        ),
      honor_timestamps: z
        .boolean()
        .default(true)
        .describe("Whether timestamps in the body count. With false points have the time of the scrape."),
      track_timestamps_staleness: z
        .boolean()
        .default(false)
        .describe("Whether series with timestamps get stale markers too when they are gone."),
      fallback_scrape_protocol: protocol
        .optional()
        .describe(
          "Format of answers whose content type is none of the known ones. Default: such scrapes fail.",
        ),
      enable_compression: z.boolean().default(true).describe("Whether compressed answers are asked for."),
      ...sharedShape,
      ...prometheusHttpShape,
      static_configs: z.array(staticSdSchema).default([]).describe("Targets that are written here."),
      file_sd_configs: z.array(fileSdSchema).default([]).describe("Targets from files."),
      http_sd_configs: z.array(httpSdSchema).default([]).describe("Targets from an HTTP server."),
      kubernetes_sd_configs: z
        .array(kubernetesSdSchema)
        .default([])
        .describe("Targets from a Kubernetes API server."),
      relabel_configs: z
        .array(relabelSchema)
        .default([])
        .describe("Rules for the labels of targets, which they may drop."),
      metric_relabel_configs: z
        .array(relabelSchema)
        .default([])
        .describe("Rules for the labels of series, which they may drop. Worked once for each series."),
    })
    .check(
      crossCheck(crossCheckedHttpOptions, ({ value, issues }) => {
        for (const { path, message } of httpOptionFaults(value)) {
          issues.push({ code: "custom", input: value, path: [...path], message });
        }
      }),
    )
    .check(
      crossCheck(
        ["static_configs", "relabel_configs"],
        ({ value: { static_configs, relabel_configs }, issues }) => {
          // Rules may make an address of anything.
          if (relabel_configs.length > 0) return;
          for (const [i, { targets }] of static_configs.entries()) {
            for (const [k, target] of targets.entries()) {
              if (!target.includes("/")) continue;
              issues.push({
                code: "custom",
                input: target,
                path: ["static_configs", i, "targets", k],
                message: `expected host:port, got ${JSON.stringify(target)}`,
              });
            }
          }
        },
      ),
    ),
  {
    scrape_failure_log_file: "failed scrapes are in the log",
    native_histogram_bucket_limit: "native histograms keep their buckets",
    native_histogram_min_bucket_factor: "native histograms keep their buckets",
    proxy_connect_header: "the proxy gets the credentials of proxy_url only",
  },
  {
    test: /_sd_configs$/,
    reason: "targets come from static_configs, file_sd_configs, http_sd_configs and kubernetes_sd_configs",
  },
);

export type JobConfig = z.output<typeof jobSchema>;

const startTimes = "start times are given by the metric_start_time processor";

const scrapingSchema = refusing(
  z
    .strictObject({
      global: globalSchema.prefault({}).describe("Defaults of all jobs."),
      scrape_configs: z.array(jobSchema).min(1).describe("What to scrape."),
    })
    .check(
      crossCheck(["global", "scrape_configs"], ({ value, issues }) => {
        for (const { path, message } of contradictions(value.global, value.scrape_configs)) {
          issues.push({ code: "custom", input: value, path: [...path], message });
        }
      }),
    ),
  {
    rule_files: noRules,
    alerting: noRules,
    remote_write: "exporters send what the receiver scrapes",
    remote_read: noQueries,
    storage: "nothing is stored here",
    tracing: "the receiver makes no traces",
    otlp: "the otlp receiver takes OTLP",
    runtime: "it is about the runtime of Prometheus",
    scrape_config_files: "write the jobs into scrape_configs, or use a file: source",
  },
);

export const configSchema = refusing(
  z.strictObject({
    config: scrapingSchema.describe("A Prometheus configuration, as far as it is about scraping."),
  }),
  {
    trim_metric_suffixes: "names arrive as they are exposed",
    target_allocator: "targets are discovered by the receiver itself",
    api_server: "the receiver has no web interface",
    use_start_time_metric: startTimes,
    start_time_metric_regex: startTimes,
    report_extra_scrape_metrics: "use extra_scrape_metrics in config::global",
  },
);

export type PrometheusConfig = z.output<typeof configSchema>;

function* contradictions(
  global: GlobalConfig,
  jobs: readonly JobConfig[],
): Generator<{ readonly path: readonly (string | number)[]; readonly message: string }> {
  if (global.scrape_timeout !== undefined && global.scrape_timeout > global.scrape_interval) {
    yield {
      path: ["global", "scrape_timeout"],
      message: tooLong(global.scrape_timeout, global.scrape_interval),
    };
  }
  const names = new Set<string>();
  for (const [i, job] of jobs.entries()) {
    const path = ["scrape_configs", i] as const;
    if (names.has(job.job_name)) {
      const message = `is the name of another job already: ${JSON.stringify(job.job_name)}`;
      yield { path: [...path, "job_name"], message };
    }
    names.add(job.job_name);
    const interval = job.scrape_interval ?? global.scrape_interval;
    if (job.scrape_timeout !== undefined && job.scrape_timeout > interval) {
      yield { path: [...path, "scrape_timeout"], message: tooLong(job.scrape_timeout, interval) };
    }
    const validation = job.metric_name_validation_scheme ?? global.metric_name_validation_scheme;
    if (validation === "legacy" && job.metric_name_escaping_scheme === "allow-utf-8") {
      const message = "must not be allow-utf-8 where metric_name_validation_scheme is legacy";
      yield { path: [...path, "metric_name_escaping_scheme"], message };
    }
  }
}

function tooLong(timeout: number, interval: number): string {
  const [text, limit] = [timeout, interval].map(formatPrometheusDuration);
  return `must not be above scrape_interval ${limit}, got ${text}`;
}
