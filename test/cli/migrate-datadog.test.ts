import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { migrateDatadog } from "../../src/cli/migrate-datadog.ts";
import { run } from "./terminal.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "migrate-"));
});
after(() => rm(directory, { recursive: true }));

const URL = "https://10.244.0.38:8443/metrics";
const ENV = { DD_API_KEY: "key", KUBEVIRT_HANDLER_CREDENTIALS: "dTpw" };

type Values = Record<string, unknown>;
const BASE: Values = {
  kubevirt_handler_metrics_endpoint: URL,
  kubevirt_handler_healthz_endpoint: "https://10.244.0.38:8443/healthz",
  tls_verify: true,
};

function migrated(options: Values, init: Values = {}) {
  const text = stringify({ init_config: init, instances: [{ ...BASE, ...options }] });
  const { yaml, remarks } = migrateDatadog(text, "conf.yaml");
  const config = parse(yaml);
  return {
    yaml,
    remarks,
    receiver: config.receivers.kubevirt_handler,
    target: config.receivers.kubevirt_handler.targets?.[0],
    processor: config.processors.kubevirt_handler,
    drop: config.processors.filter?.metric_conditions,
  };
}

type Result = ReturnType<typeof migrated>;

/** Where an option's value went, or (a pattern) why it did not. Others set beside it are given as an object. */
type Row = readonly [
  option: string,
  value: unknown,
  outcome: [(result: Result) => unknown, unknown] | RegExp,
  beside?: Values,
];

const lost = (why: RegExp) => why;
const basic = { type: "Basic", credentials: "$".concat("{env:KUBEVIRT_HANDLER_CREDENTIALS}") };
const AUTH = /authentication is not supported/;

const instanceRows: readonly Row[] = [
  ["kubevirt_handler_metrics_endpoint", URL, [({ target }) => target.metrics_endpoint, URL]],
  [
    "kubevirt_handler_healthz_endpoint",
    "https://h/z",
    [({ target }) => target.healthz_endpoint, "https://h/z"],
  ],
  ["kube_namespace", "kubevirt", [({ target }) => target.namespace, "kubevirt"]],
  ["kube_pod_name", "virt-handler-a", [({ target }) => target.pod_name, "virt-handler-a"]],
  ["raw_metric_prefix", "x_", lost(/no prefix to strip/)],
  [
    "extra_metrics",
    ["a", { b: "c" }, { "^d$": { type: "gauge" } }],
    [({ processor }) => processor.extra_metrics, ["a", { b: "c" }, { "^d$": { type: "gauge" } }]],
  ],
  ["exclude_metrics", ["a", "^b$"], [({ processor }) => processor.exclude_metrics, ["a", "^b$$"]]],
  [
    "exclude_metrics_by_labels",
    { a: true, b: ["1"] },
    [({ processor }) => processor.exclude_metrics_by_labels, { a: true, b: ["1"] }],
  ],
  ["exclude_labels", ["a"], [({ processor }) => processor.exclude_labels, ["a"]]],
  ["include_labels", ["a"], [({ processor }) => processor.include_labels, ["a"]]],
  ["rename_labels", { a: "b" }, [({ processor }) => processor.rename_labels, { a: "b" }]],
  ["enable_health_service_check", false, lost(/no service checks/)],
  ["ignore_connection_errors", true, lost(/up = 0/)],
  ["hostname_label", "node", lost(/host\.name/)],
  ["hostname_format", "<HOSTNAME>.x", lost(/host\.name/)],
  [
    "collect_histogram_buckets",
    false,
    [({ drop }) => drop, ['IsMatch(metric.name, "^kubevirt_handler\\\\..*\\\\.bucket$$")']],
  ],
  ["non_cumulative_histogram_buckets", true, [({ processor }) => processor.histograms, "native"]],
  ["histogram_buckets_as_distributions", true, [({ processor }) => processor.histograms, "native"]],
  ["collect_counters_with_distributions", true, [({ processor }) => processor.histograms, "native"]],
  ["use_process_start_time", true, lost(/first scrape gives no deltas/)],
  [
    "share_labels",
    { a: true, b: { match: ["c"] } },
    [({ processor }) => processor.share_labels, { a: true, b: { match: ["c"] } }],
  ],
  ["cache_shared_labels", false, lost(/each scrape/)],
  ["raw_line_filters", ["^a$"], [({ receiver }) => receiver.raw_line_filters, ["^a$$"]]],
  ["cache_metric_wildcards", false, lost(/always the case/)],
  ["telemetry", true, lost(/otelcol_/)],
  [
    "ignore_tags",
    ["^secret:"],
    [({ target }) => target.labels, { team: "virt" }],
    { tags: ["team:virt", "secret:x"] },
  ],
  [
    "proxy",
    { https: "http://p:3128", no_proxy: ["a"] },
    [({ receiver }) => receiver.proxy_url, "http://p:3128"],
  ],
  [
    "skip_proxy",
    true,
    [({ receiver, remarks }) => [receiver.proxy_url, /NO_PROXY/.test(remarks.join())], [undefined, true]],
    { proxy: { http: "http://p" } },
  ],
  ["auth_type", "digest", lost(AUTH), { username: "u" }],
  [
    "use_legacy_auth_encoding",
    false,
    [({ remarks }) => /UTF-8/.test(remarks.join()), true],
    { username: "u", password: "p" },
  ],
  ["username", "u", [({ receiver }) => receiver.authorization, basic], { password: "p" }],
  ["password", "p", [({ receiver }) => receiver.authorization, basic], { username: "u" }],
  ["ntlm_domain", "d", lost(AUTH)],
  ["kerberos_auth", "required", lost(AUTH)],
  ["kerberos_cache", "c", lost(AUTH)],
  ["kerberos_delegate", true, lost(AUTH)],
  ["kerberos_force_initiate", true, lost(AUTH)],
  ["kerberos_hostname", "h", lost(AUTH)],
  ["kerberos_principal", "p", lost(AUTH)],
  ["kerberos_keytab", "k", lost(AUTH)],
  [
    "auth_token",
    {
      reader: { type: "file", path: "/t" },
      writer: { type: "header", name: "Authorization", value: "Bearer <TOKEN>" },
    },
    [({ receiver }) => receiver.authorization, { type: "Bearer", credentials_file: "/t" }],
  ],
  ["aws_region", "r", lost(AUTH)],
  ["aws_host", "h", lost(AUTH)],
  ["aws_service", "s", lost(AUTH)],
  ["tls_verify", false, [({ receiver }) => receiver.tls, { insecure_skip_verify: true }]],
  [
    "tls_use_host_header",
    true,
    [({ receiver }) => receiver.tls, { server_name_override: "virt-handler" }],
    { headers: { Host: "virt-handler" } },
  ],
  ["tls_ignore_warning", true, lost(/no such warning/)],
  [
    "tls_cert",
    "/c",
    [({ receiver }) => receiver.tls, { cert_file: "/c", key_file: "/k" }],
    { tls_private_key: "/k" },
  ],
  ["tls_private_key", "/k", [({ receiver }) => receiver.tls.key_file, "/k"], { tls_cert: "/c" }],
  ["tls_ca_cert", "/ca", [({ receiver }) => receiver.tls, { ca_file: "/ca" }]],
  [
    "tls_protocols_allowed",
    ["SSLv3", "TLSv1.2", "TLSv1.3"],
    [({ receiver }) => receiver.tls, { min_version: "1.2", max_version: "1.3" }],
  ],
  ["tls_ciphers", ["AES"], lost(/ciphers are Node.js' own/)],
  [
    "headers",
    { a: "b" },
    [({ receiver }) => receiver.headers, { a: "b", c: "d" }],
    { extra_headers: { c: "d" } },
  ],
  ["extra_headers", { c: "d" }, [({ receiver }) => receiver.headers, { c: "d" }]],
  ["timeout", 5, [({ receiver }) => receiver.timeout, "5s"]],
  ["connect_timeout", 3, [({ receiver }) => receiver.timeout, "12s"], { read_timeout: 12 }],
  ["read_timeout", 40, [({ receiver }) => receiver.timeout, "15s"]],
  ["request_size", 32, lost(/as they come/)],
  ["log_requests", true, lost(/always logged/)],
  ["persist_connections", true, lost(/always kept/)],
  ["allow_redirects", false, lost(/redirects are followed/)],
  ["tags", ["team:virt", "url:a:b"], [({ target }) => target.labels, { team: "virt", url: "a:b" }]],
  ["service", "kv", [({ target }) => target.labels, { service: "kv" }]],
  ["min_collection_interval", 60, [({ receiver }) => receiver.collection_interval, "60s"]],
  ["empty_default_hostname", true, lost(/no host/)],
  [
    "metric_patterns",
    { include: ["a", "b"], exclude: ["c"] },
    [
      ({ drop }) => drop,
      [
        'IsMatch(metric.name, "^kubevirt_handler\\\\.") and not (IsMatch(metric.name, "a") or IsMatch(metric.name, "b"))',
        'IsMatch(metric.name, "c")',
      ],
    ],
  ],
];

const initRows: readonly Row[] = [
  ["proxy", { http: "http://p:1" }, [({ receiver }) => receiver.proxy_url, "http://p:1"]],
  ["skip_proxy", true, /NO_PROXY/],
  ["timeout", 7, [({ receiver }) => receiver.timeout, "7s"]],
  ["service", "kv", [({ target }) => target.labels, { service: "kv" }]],
];

async function check(option: string, result: Result, outcome: Row[2]): Promise<void> {
  if (outcome instanceof RegExp) {
    const remark = result.remarks.find((line) => line.includes(`: ${option}: `));
    assert.match(remark ?? "", outcome, result.remarks.join("\n"));
    assert.ok(result.yaml.includes(`# ${remark}`), "it is in the head of the file");
  } else assert.deepEqual(outcome[0](result), outcome[1]);
  const file = join(directory, "out.yaml");
  await writeFile(file, result.yaml);
  const { code, err } = await run(["validate", "--config", file], { env: ENV });
  assert.equal(code, 0, err);
}

test("the tables have all 70 options of the integration", () => {
  assert.equal(new Set(instanceRows.map(([option]) => option)).size, 66);
  assert.equal(new Set(initRows.map(([option]) => option)).size, 4);
});

for (const [option, value, outcome, beside = {}] of instanceRows) {
  test(`${option} is carried over or named`, async () => {
    await check(option, migrated({ ...beside, [option]: value }), outcome);
  });
}

for (const [option, value, outcome] of initRows) {
  test(`init_config ${option} is carried over or named, and an instance's own goes before it`, async () => {
    await check(option, migrated({}, { [option]: value }), outcome);
  });
}

test("an instance's own value goes before that of init_config", () => {
  assert.equal(migrated({ timeout: 3 }, { timeout: 9 }).receiver.timeout, "3s");
});

test("a plain instance needs no remarks and makes a whole configuration", async () => {
  const { yaml, remarks } = migrated({});
  assert.deepEqual(remarks, []);
  const config = parse(yaml);
  assert.deepEqual(config.processors.kubevirt_handler, { temporality: "delta" });
  assert.deepEqual(config.receivers.kubevirt_handler, {
    collection_interval: "15s",
    targets: [{ metrics_endpoint: URL, healthz_endpoint: "https://10.244.0.38:8443/healthz" }],
  });
  assert.deepEqual(config.service.pipelines, {
    metrics: { receivers: ["kubevirt_handler"], processors: ["kubevirt_handler"], exporters: ["otlp_http"] },
  });
});

test("instances become targets; other settings other receivers, other metrics other pipelines", async () => {
  const instance = (n: number, more: Values = {}) => ({
    ...BASE,
    kubevirt_handler_metrics_endpoint: `https://10.0.0.${n}:8443/metrics`,
    ...more,
  });
  const instances = [
    instance(1, { kube_pod_name: "a" }),
    instance(2, { tags: ["rack:2"] }),
    instance(3, { min_collection_interval: 60 }),
    instance(4, { exclude_metrics: ["x"] }),
  ];
  const { yaml } = migrateDatadog(stringify({ init_config: null, instances }), "conf.yaml");
  const { receivers, service } = parse(yaml);
  const urls = Object.fromEntries(
    Object.entries(receivers as Record<string, { targets: { metrics_endpoint: string }[] }>).map(
      ([id, { targets }]) => [id, targets.map(({ metrics_endpoint }) => metrics_endpoint[15])],
    ),
  );
  assert.deepEqual(urls, {
    kubevirt_handler: ["1", "2"],
    "kubevirt_handler/2": ["3"],
    "kubevirt_handler/3": ["4"],
  });
  assert.deepEqual(service.pipelines, {
    metrics: {
      receivers: ["kubevirt_handler", "kubevirt_handler/2"],
      processors: ["kubevirt_handler"],
      exporters: ["otlp_http"],
    },
    "metrics/2": {
      receivers: ["kubevirt_handler/3"],
      processors: ["kubevirt_handler/2"],
      exporters: ["otlp_http"],
    },
  });
  const file = join(directory, "many.yaml");
  await writeFile(file, yaml);
  assert.equal((await run(["validate", "--config", file], { env: ENV })).code, 0);
});

test("templates of autodiscovery become discovery in the cluster", async () => {
  const result = migrated({
    kubevirt_handler_metrics_endpoint: "https://%%host%%:8443/metrics",
    kubevirt_handler_healthz_endpoint: "https://%%host%%:8443/healthz",
    kube_namespace: "%%kube_namespace%%",
    kube_pod_name: "%%kube_pod_name%%",
    tags: ["team:virt"],
  });
  assert.deepEqual(result.receiver, {
    collection_interval: "15s",
    kubernetes: { enabled: true, labels: { team: "virt" } },
  });
  await check("kubevirt_handler_metrics_endpoint", result, /finds the pods itself/);
});

test("what the integration takes and RE2 does not is named", () => {
  const { remarks, processor } = migrated({
    exclude_metrics: ["^(?!foo).*$", "bar"],
    extra_metrics: [{ x: { type: "temporal_percent" } }, "(?<=a)b"],
    tags: ["team"],
  });
  assert.deepEqual(processor, { temporality: "delta", exclude_metrics: ["bar"] });
  assert.equal(remarks.filter((line) => line.startsWith("not carried over")).length, 4);
  assert.match(remarks.join("\n"), /look-around/);
});

test("unknown options and wrong values are named, also if they try to be more than a line", async () => {
  const result = migrated({ no_such: 1, "a\nb: c": 2, exclude_labels: "x", timeout: "soon" });
  for (const [option, why] of [
    ["no_such", /no option of the integration/],
    ["a b: c", /no option of the integration/],
    ["exclude_labels", /expected a list/],
    ["timeout", /expected a number/],
  ] as const) {
    await check(option, result, why);
  }
});

test("defaults that differ are named where nothing is said", () => {
  const text = stringify({ instances: [{ kubevirt_handler_metrics_endpoint: URL }] });
  const { remarks } = migrateDatadog(text, "conf.yaml");
  assert.match(remarks.join("\n"), /tls_verify: is not set/);
  assert.match(remarks.join("\n"), /healthz_endpoint: is not set/);
});

test("the command prints the configuration, and the remarks on standard error", async () => {
  const file = join(directory, "conf.yaml");
  await writeFile(file, stringify({ instances: [{ ...BASE, telemetry: true }] }));
  const { code, out, err } = await run(["migrate", "datadog", file]);
  assert.equal(code, 0);
  assert.ok(parse(out).receivers.kubevirt_handler);
  assert.match(err, /^not carried over: telemetry: /);
  const piped = await run(["migrate", "datadog", "-"], { input: stringify({ instances: [BASE] }) });
  assert.equal(piped.code, 0);
});

test("what is no such file is an error", async () => {
  for (const [input, message] of [
    ["a: [", /not valid YAML/],
    ["instances: []", /has no instances/],
    ["just text", /has no instances/],
  ] as const) {
    const { code, out, err } = await run(["migrate", "datadog", "-"], { input });
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, message);
  }
  assert.match((await run(["migrate", "prometheus", "x"])).err, /expected the tool to migrate from/);
  assert.match((await run(["migrate", "datadog"])).err, /expected one file/);
  assert.equal((await run(["migrate", "datadog", join(directory, "none.yaml")])).code, 1);
});

test("the documentation names every option", async () => {
  const text = await readFile(new globalThis.URL("../../docs/migrate-datadog.md", import.meta.url), "utf8");
  const missing = instanceRows.map(([option]) => option).filter((option) => !text.includes(`\`${option}\``));
  assert.deepEqual(missing, []);
});
