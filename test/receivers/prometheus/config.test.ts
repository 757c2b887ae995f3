// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of regular expressions
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import {
  Diagnostics,
  formatDiagnostics,
  printConfig,
  resolveConfig,
  validateNode,
} from "../../../src/config/index.ts";
import { formatByteSize, parseByteSize } from "../../../src/receivers/prometheus/byte-size.ts";
import { configSchema, type PrometheusConfig } from "../../../src/receivers/prometheus/config.ts";
import definition from "../../../src/receivers/prometheus/index.ts";
import { jobSettings } from "../../../src/receivers/prometheus/job-settings.ts";

const job = { job_name: "a", static_configs: [{ targets: ["h:1"] }] };

function problems(input: unknown): string[] {
  const result = configSchema.safeParse(input);
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join("::")}: ${message}`);
}

function settings(own: object, global: object = {}) {
  const { config } = configSchema.parse({ config: { global, scrape_configs: [{ ...job, ...own }] } });
  return jobSettings(config.scrape_configs[0]!, config.global);
}

/** As a user's file is read. */
async function load(yaml: string): Promise<{ config: PrometheusConfig | undefined; problems: string }> {
  const { root, diagnostics } = await resolveConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." });
  const all = diagnostics ?? new Diagnostics();
  const config = validateNode(root, configSchema, { diagnostics: all });
  return { config, problems: formatDiagnostics(all.items) };
}

test("the defaults are Prometheus' own", () => {
  const { config, ...rest } = settings({});
  assert.deepEqual(rest, {
    intervalMs: 60_000,
    timeoutMs: 10_000,
    bodyLimitBytes: 0,
    targetLimit: 0,
    limits: { sampleLimit: 0, labelLimit: 0, labelNameLengthLimit: 0, labelValueLengthLimit: 0 },
    extraReport: false,
    legacyNames: false,
    escaping: "allow-utf-8",
    protocols: ["OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4"],
    nativeHistograms: false,
    classicHistogramsToo: false,
    externalLabels: {},
  });
  const {
    metrics_path,
    scheme,
    honor_labels,
    honor_timestamps,
    track_timestamps_staleness,
    follow_redirects,
  } = config;
  assert.deepEqual(
    [metrics_path, scheme, honor_labels, honor_timestamps, track_timestamps_staleness, follow_redirects],
    ["/metrics", "http", false, true, false, true],
  );
});

test("a job takes from global what it does not say, and 0 says nothing", () => {
  const global = {
    scrape_interval: "5s",
    sample_limit: 7,
    body_size_limit: "1MB",
    extra_scrape_metrics: true,
  };
  const inherited = settings({ sample_limit: 0 }, global);
  assert.deepEqual(
    [inherited.intervalMs, inherited.timeoutMs, inherited.limits.sampleLimit, inherited.bodyLimitBytes],
    [5000, 5000, 7, 1_048_576],
  );
  const own = settings({ scrape_interval: "1d", sample_limit: 9, extra_scrape_metrics: false }, global);
  assert.deepEqual([own.intervalMs, own.timeoutMs, own.limits.sampleLimit], [86_400_000, 10_000, 9]);
  assert.equal(own.extraReport, false);
});

test("escaping follows validation, a job's before that of global", () => {
  const legacy = { metric_name_validation_scheme: "legacy" };
  assert.equal(settings(legacy).escaping, "underscores");
  assert.equal(settings({}, legacy).escaping, "underscores");
  assert.equal(settings({}, { metric_name_escaping_scheme: "dots" }).escaping, "dots");
  assert.equal(settings(legacy, { metric_name_escaping_scheme: "allow-utf-8" }).escaping, "underscores");
  assert.equal(settings({ ...legacy, metric_name_escaping_scheme: "values" }).escaping, "values");
});

test("native histograms put protobuf first, unless protocols are chosen", () => {
  const native = { scrape_native_histograms: true };
  assert.equal(settings(native).protocols[0], "PrometheusProto");
  assert.equal(settings({}, native).protocols.length, 5);
  const chosen = { scrape_protocols: ["PrometheusText0.0.4"] };
  assert.deepEqual(settings(native, chosen).protocols, ["PrometheusText0.0.4"]);
  assert.deepEqual(settings({ ...chosen, ...native }).protocols, ["PrometheusText0.0.4"]);
});

test("sample.yaml shows the defaults", () => {
  const path = new URL("../../../src/receivers/prometheus/sample.yaml", import.meta.url);
  const { prometheus } = parse(readFileSync(path, "utf8"));
  const { job_name, static_configs } = prometheus.config.scrape_configs[0];
  assert.deepEqual(
    configSchema.parse(prometheus),
    configSchema.parse({ config: { scrape_configs: [{ job_name, static_configs }] } }),
  );
});

test("a dollar sign is written twice", async () => {
  const rule = "{ source_labels: [a], regex: (.*), target_label: b, replacement: '$$1-$${1}' }";
  const { config } = await load(`config: { scrape_configs: [{ job_name: a, relabel_configs: [${rule}] }] }`);
  assert.equal(config?.config.scrape_configs[0]?.relabel_configs[0]?.replacement, "$1-${1}");
});

test("what is not supported is refused with the reason, where it stands", async () => {
  const unsupported: readonly (readonly [where: string, yaml: string, reason: RegExp])[] = [
    ["config::rule_files", "rule_files: [a.yml]", /there are no rules/],
    ["config::alerting", "alerting: {}", /there are no rules/],
    ["config::remote_write", "remote_write: []", /exporters send/],
    ["config::scrape_config_files", "scrape_config_files: [a]", /write the jobs into scrape_configs/],
    ["config::global::query_log_file", "global: { query_log_file: x }", /there are no queries/],
  ];
  for (const [where, yaml, reason] of unsupported) {
    const { problems: text } = await load(`config:\n  scrape_configs: [{ job_name: a }]\n  ${yaml}\n`);
    assert.match(text, new RegExp(`${where}: is not supported: `), where);
    assert.match(text, reason);
  }
  for (const [option, reason] of [
    ["consul_sd_configs", /targets come from static_configs, file_sd_configs/],
    ["dns_sd_configs", /targets come from/],
    ["scrape_failure_log_file", /failed scrapes are in the log/],
    ["native_histogram_bucket_limit", /keep their buckets/],
    ["proxy_connect_header", /credentials of proxy_url/],
  ] as const) {
    const found = problems({ config: { scrape_configs: [job, { ...job, job_name: "b", [option]: 1 }] } });
    assert.match(found[0] ?? "", new RegExp(`^config::scrape_configs::1::${option}: is not supported: `));
    assert.match(found[0] ?? "", reason);
  }
  for (const option of ["trim_metric_suffixes", "target_allocator", "use_start_time_metric", "api_server"]) {
    const found = problems({ config: { scrape_configs: [job] }, [option]: true });
    assert.match(found[0] ?? "", new RegExp(`^${option}: is not supported: `));
  }
});

test("an unknown option is unknown, with the nearest right name", async () => {
  const { problems: text } = await load("config: { scrape_configs: [{ job_name: a, honour_labels: true }] }");
  assert.match(text, /unknown option "honour_labels"/);
  assert.match(text, /honor_labels/);
});

test("contradictions and impossible values are named", () => {
  const cases: readonly (readonly [config: object, problem: string])[] = [
    [{ scrape_configs: [] }, "config::scrape_configs: Too small"],
    [
      { scrape_configs: [job, job] },
      'config::scrape_configs::1::job_name: is the name of another job already: "a"',
    ],
    [
      { scrape_configs: [{ ...job, scrape_interval: "5s", scrape_timeout: "6s" }] },
      "config::scrape_configs::0::scrape_timeout: must not be above scrape_interval 5s, got 6s",
    ],
    [
      { global: { scrape_interval: "5s", scrape_timeout: "10s" }, scrape_configs: [job] },
      "config::global::scrape_timeout: must not be above scrape_interval 5s, got 10s",
    ],
    [
      { scrape_configs: [{ ...job, scrape_interval: "1.5m" }] },
      'config::scrape_configs::0::scrape_interval: expected a duration such as "30s" or "1h30m", got "1.5m"',
    ],
    [
      { scrape_configs: [{ ...job, body_size_limit: "15 MB" }] },
      'config::scrape_configs::0::body_size_limit: expected a size such as "15MB", got "15 MB"',
    ],
    [
      { scrape_configs: [{ ...job, static_configs: [{ targets: ["http://h:1/metrics"] }] }] },
      'config::scrape_configs::0::static_configs::0::targets::0: expected host:port, got "http://h:1/metrics"',
    ],
    [
      { scrape_configs: [{ ...job, basic_auth: {}, authorization: { credentials: "x" } }] },
      "config::scrape_configs::0::authorization: must not be set together with basic_auth",
    ],
    [
      { scrape_configs: [{ ...job, metric_relabel_configs: [{ action: "drop", regex: "(" }] }] },
      'config::scrape_configs::0::metric_relabel_configs::0::regex: invalid regular expression "("',
    ],
    [
      {
        scrape_configs: [
          { ...job, metric_name_validation_scheme: "legacy", metric_name_escaping_scheme: "allow-utf-8" },
        ],
      },
      "config::scrape_configs::0::metric_name_escaping_scheme: must not be allow-utf-8",
    ],
    [
      { scrape_configs: [{ ...job, scrape_protocols: ["PrometheusText0.0.4", "PrometheusText0.0.4"] }] },
      "config::scrape_configs::0::scrape_protocols: must not name a protocol twice",
    ],
  ];
  for (const [config, problem] of cases) {
    const found = problems({ config });
    assert.ok(
      found.some((text) => text.startsWith(problem)),
      `${problem}\n${found.join("\n")}`,
    );
  }
});

test("an evaluation interval is taken with a warning", () => {
  const config = configSchema.parse({
    config: { global: { evaluation_interval: "1m" }, scrape_configs: [job] },
  });
  assert.deepEqual(
    definition.warnings?.(config).map(({ path }) => path),
    [["config", "global", "evaluation_interval"]],
  );
  assert.deepEqual(definition.warnings?.(configSchema.parse({ config: { scrape_configs: [job] } })), []);
});

test("what is printed can be read again", () => {
  const written = {
    config: {
      global: { scrape_interval: "1d", body_size_limit: "15MB" },
      scrape_configs: [
        { ...job, scrape_timeout: "90s", http_sd_configs: [{ url: "http://h/", refresh_interval: "1w" }] },
      ],
    },
  };
  const config = configSchema.parse(written);
  const printed = printConfig(config, configSchema);
  assert.match(printed, /scrape_interval: 1d\n.*body_size_limit: 15MB\n/s);
  assert.deepEqual(configSchema.parse(parse(printed)), config);
});

test("sizes are those of Prometheus", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ["0", 0],
    ["1B", 1],
    ["15MB", 15 * 1024 ** 2],
    ["15MiB", 15 * 1024 ** 2],
    ["1.5KB", 1536],
    ["1GB512MB", 1.5 * 1024 ** 3],
    ["15", undefined],
    ["15mb", undefined],
    ["", undefined],
    ["-1MB", undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(parseByteSize(text), bytes, text);
  for (const [bytes, text] of [
    [0, "0"],
    [1536, "1536B"],
    [2048, "2KB"],
    [15 * 1024 ** 2, "15MB"],
  ] as const) {
    assert.equal(formatByteSize(bytes), text);
  }
});
