import { compileRegex, RegexError } from "../regex/index.ts";
import { type Draft, EnvReference, isMap } from "./migrate-datadog-draft.ts";

/** Of the integration, where min_collection_interval does not say. */
export const DEFAULT_INTERVAL_SECONDS = 15;

const CREDENTIALS = "KUBEVIRT_HANDLER_CREDENTIALS";

/** One or more options of the integration that make sense together, and what is done when one of them is set. */
export interface Rule {
  readonly options: readonly string[];
  carry(draft: Draft): void;
}

const one = (option: string, carry: (draft: Draft) => void): Rule => ({ options: [option], carry });

/** An option that has no counterpart whatever its value. */
const none = (option: string, why: string): Rule => one(option, (draft) => draft.lost(option, why));

const unsupportedAuth = (scheme: string, ...options: string[]): Rule[] =>
  options.map((option) =>
    none(option, `${scheme} authentication is not supported; virt-handler asks for none`),
  );

/** Every option of the integration's example configuration. */
export const rules: readonly Rule[] = [
  one("kubevirt_handler_metrics_endpoint", (draft) => {
    const url = draft.text("kubevirt_handler_metrics_endpoint");
    if (url?.includes("%%")) {
      draft.discovers = true;
      draft.changed(
        "kubevirt_handler_metrics_endpoint",
        "a template of the Agent's autodiscovery; the receiver finds the pods itself (kubernetes)",
      );
    } else draft.target["metrics_endpoint"] = url;
  }),
  one("kubevirt_handler_healthz_endpoint", (draft) => {
    const url = draft.text("kubevirt_handler_healthz_endpoint");
    if (!url?.includes("%%")) draft.target["healthz_endpoint"] = url;
  }),
  ...(["kube_namespace", "kube_pod_name"] as const).map((option) =>
    one(option, (draft) => {
      const name = draft.text(option);
      if (!name?.includes("%%")) draft.target[option === "kube_namespace" ? "namespace" : "pod_name"] = name;
    }),
  ),
  none("raw_metric_prefix", "KubeVirt's names have no prefix to strip; rename with the transform processor"),
  one("extra_metrics", (draft) => {
    const extra = (draft.list("extra_metrics") ?? []).flatMap((item) => extraMetric(draft, item));
    if (extra.length > 0) draft.processor["extra_metrics"] = extra;
  }),
  one("exclude_metrics", (draft) => {
    const patterns = draft
      .texts("exclude_metrics")
      .filter((pattern) => isRegex(draft, "exclude_metrics", pattern));
    if (patterns.length > 0) draft.processor["exclude_metrics"] = patterns;
  }),
  one("exclude_metrics_by_labels", (draft) => {
    const labels = draft.map("exclude_metrics_by_labels");
    if (labels === undefined) return;
    draft.processor["exclude_metrics_by_labels"] = labels;
    draft.changed("exclude_metrics_by_labels", "values are whole values, as documented, not parts of them");
  }),
  ...["exclude_labels", "include_labels"].map((option) =>
    one(option, (draft) => {
      const labels = draft.texts(option);
      if (labels.length > 0) draft.processor[option] = labels;
    }),
  ),
  one("rename_labels", (draft) => {
    const labels = draft.map("rename_labels");
    if (labels !== undefined) draft.processor["rename_labels"] = labels;
  }),
  none(
    "enable_health_service_check",
    "there are no service checks; the gauge up says whether a scrape worked",
  ),
  none("ignore_connection_errors", "a failed scrape is up = 0 and a log line, and never stops anything else"),
  ...["hostname_label", "hostname_format"].map((option) =>
    none(
      option,
      "there is no host that belongs to a point; backends take it from the resource: set host.name there with the transform and groupbyattrs processors",
    ),
  ),
  one("collect_histogram_buckets", (draft) => {
    if (draft.flag("collect_histogram_buckets") === false) {
      draft.drop.push('IsMatch(metric.name, "^kubevirt_handler\\\\..*\\\\.bucket$")');
    }
  }),
  ...[
    "non_cumulative_histogram_buckets",
    "histogram_buckets_as_distributions",
    "collect_counters_with_distributions",
  ].map((option) =>
    one(option, (draft) => {
      if (draft.flag(option) !== true) return;
      draft.processor["histograms"] = "native";
      draft.changed(
        option,
        "sent as OTLP histograms, which have a count for each bucket, a count and a sum; the backend makes distributions of them",
      );
    }),
  ),
  none(
    "use_process_start_time",
    "the first scrape gives no deltas; a total without a start time may have run before it",
  ),
  one("share_labels", (draft) => {
    const labels = draft.map("share_labels");
    if (labels === undefined) return;
    draft.processor["share_labels"] = labels;
    draft.changed("share_labels", "a label that a series has itself is never overwritten");
  }),
  none("cache_shared_labels", "shared labels are those of each scrape, at no cost while they stay the same"),
  one("raw_line_filters", (draft) => {
    const filters = draft
      .texts("raw_line_filters")
      .filter((pattern) => isRegex(draft, "raw_line_filters", pattern));
    if (filters.length > 0) draft.receiver["raw_line_filters"] = filters;
  }),
  none("cache_metric_wildcards", "always the case: names are looked up once"),
  none("telemetry", "the collector's own metrics, otelcol_*, are always there: service::telemetry"),
  {
    options: ["tags", "ignore_tags"],
    carry(draft) {
      const ignored = draft
        .texts("ignore_tags")
        .filter((pattern) => isRegex(draft, "ignore_tags", pattern))
        .map((pattern) => compileRegex(pattern));
      for (const tag of draft.texts("tags")) {
        if (ignored.some((regex) => regex.test(tag))) continue;
        const [name = "", ...value] = tag.split(":");
        if (value.length === 0)
          draft.lost("tags", `${JSON.stringify(tag)} has no value: labels are name and value`);
        else draft.labels[name] = value.join(":");
      }
    },
  },
  { options: ["proxy", "skip_proxy"], carry: proxy },
  { options: ["auth_type", "username", "password", "use_legacy_auth_encoding"], carry: basicAuth },
  ...unsupportedAuth("NTLM", "ntlm_domain"),
  ...unsupportedAuth(
    "Kerberos",
    "kerberos_auth",
    "kerberos_cache",
    "kerberos_delegate",
    "kerberos_force_initiate",
    "kerberos_hostname",
    "kerberos_principal",
    "kerberos_keytab",
  ),
  one("auth_token", authToken),
  ...unsupportedAuth("AWS", "aws_region", "aws_host", "aws_service"),
  one("tls_verify", (draft) => {
    if (draft.flag("tls_verify") === false) draft.tls["insecure_skip_verify"] = true;
  }),
  one("tls_use_host_header", (draft) => {
    const host = Object.entries({ ...draft.map("headers"), ...draft.map("extra_headers") }).find(
      ([name]) => name.toLowerCase() === "host",
    )?.[1];
    if (draft.flag("tls_use_host_header") !== true) return;
    if (host === undefined)
      draft.lost("tls_use_host_header", "there is no Host header to take the name from");
    else draft.tls["server_name_override"] = String(host);
  }),
  none("tls_ignore_warning", "there is no such warning"),
  {
    options: ["tls_cert", "tls_private_key"],
    carry(draft) {
      const cert = draft.text("tls_cert");
      const key = draft.text("tls_private_key") ?? cert;
      if (cert === undefined) {
        draft.lost("tls_private_key", "there is no tls_cert beside it");
        return;
      }
      draft.tls["cert_file"] = cert;
      draft.tls["key_file"] = key;
      draft.changed(
        "tls_cert",
        "virt-handler refuses client certificates of its own CA; leave it out if in doubt",
      );
    },
  },
  one("tls_ca_cert", (draft) => {
    draft.tls["ca_file"] = draft.text("tls_ca_cert");
  }),
  one("tls_protocols_allowed", (draft) => {
    const versions = draft
      .texts("tls_protocols_allowed")
      .flatMap((name) => /^TLSv1(?:\.([123]))?$/.exec(name)?.[1] ?? (name === "TLSv1" ? "0" : []))
      .map((minor) => `1.${minor}`)
      .sort();
    if (versions.length === 0) {
      draft.lost("tls_protocols_allowed", "none of its protocols is TLS 1.0 to 1.3");
      return;
    }
    draft.tls["min_version"] = versions[0];
    draft.tls["max_version"] = versions.at(-1);
  }),
  one("tls_ciphers", (draft) => {
    if (draft.texts("tls_ciphers").join() === "ALL") return;
    draft.lost("tls_ciphers", "the ciphers are Node.js' own; node --tls-cipher-list changes them");
  }),
  one("headers", headers("headers")),
  one("extra_headers", headers("extra_headers")),
  { options: ["timeout", "connect_timeout", "read_timeout"], carry: timeout },
  none("request_size", "bodies are read as they come"),
  none("log_requests", "failures are always logged; for single requests there are the scrape report metrics"),
  none("persist_connections", "connections are always kept"),
  one("allow_redirects", (draft) => {
    if (draft.flag("allow_redirects") !== false) return;
    draft.lost("allow_redirects", "redirects are followed; headers never go to another host");
  }),
  one("service", (draft) => {
    const service = draft.text("service");
    if (service !== undefined) draft.labels["service"] = service;
  }),
  one("min_collection_interval", (draft) => {
    const seconds = draft.number("min_collection_interval");
    if (seconds !== undefined) draft.receiver["collection_interval"] = `${seconds}s`;
  }),
  none("empty_default_hostname", "points have no host of the Agent's in the first place"),
  one("metric_patterns", (draft) => {
    const { include = [], exclude = [] } = draft.map("metric_patterns") ?? {};
    const ottl = (list: unknown) =>
      (Array.isArray(list) ? list.map(String) : [])
        .filter((pattern) => isRegex(draft, "metric_patterns", pattern))
        .map((pattern) => `IsMatch(metric.name, ${JSON.stringify(pattern)})`);
    const included = ottl(include);
    if (included.length > 0) {
      const wanted = included.length === 1 ? included[0] : `(${included.join(" or ")})`;
      draft.drop.push(`IsMatch(metric.name, "^kubevirt_handler\\\\.") and not ${wanted}`);
    }
    draft.drop.push(...ottl(exclude));
  }),
];

function extraMetric(draft: Draft, item: unknown): unknown[] {
  if (typeof item === "string") return isRegex(draft, "extra_metrics", item) ? [item] : [];
  if (!isMap(item)) {
    draft.lost("extra_metrics", `expected names and maps, got ${JSON.stringify(item)}`);
    return [];
  }
  return Object.entries(item).flatMap(([name, definition]) => {
    if (!isRegex(draft, "extra_metrics", name)) return [];
    const type = isMap(definition) ? definition["type"] : undefined;
    if (type !== undefined && !["gauge", "counter", "histogram", "summary"].includes(String(type))) {
      draft.lost("extra_metrics", `${name}: there is no type ${JSON.stringify(type)}, only those of OTLP`);
      return [];
    }
    return [{ [name]: definition }];
  });
}

function isRegex(draft: Draft, option: string, pattern: string): boolean {
  try {
    compileRegex(pattern);
    return true;
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    const hint = /\(\?<?[=!]/.test(pattern)
      ? "; there is no look-around: say it with a filter processor"
      : "";
    draft.lost(option, `${error.message}${hint}`);
    return false;
  }
}

function proxy(draft: Draft): void {
  if (draft.flag("skip_proxy") === true) {
    draft.changed(
      "skip_proxy",
      "no proxy is configured; one in the environment holds unless NO_PROXY names the host",
    );
    return;
  }
  const { http, https, no_proxy } = draft.map("proxy") ?? {};
  const url = https ?? http;
  if (url === undefined) return;
  if (!/^https?:/i.test(String(url)))
    draft.lost("proxy", `${String(url)}: only http and https proxies are supported`);
  else draft.receiver["proxy_url"] = String(url);
  if (Array.isArray(no_proxy) && no_proxy.length > 0) {
    draft.lost(
      "proxy",
      "no_proxy: a proxy_url is for all targets of its receiver; NO_PROXY is heeded without one",
    );
  }
}

function basicAuth(draft: Draft): void {
  const type = draft.text("auth_type") ?? "basic";
  if (type !== "basic") {
    const given = ["auth_type", "username", "password"].filter((option) => draft.has(option));
    for (const option of given)
      draft.lost(option, `${type} authentication is not supported; virt-handler asks for none`);
    return;
  }
  if (!draft.has("username") && !draft.has("password")) {
    if (draft.has("use_legacy_auth_encoding")) {
      draft.lost("use_legacy_auth_encoding", "there is no user name and password to encode");
    }
    return;
  }
  // Secrets do not go from file to file.
  draft.receiver["authorization"] = { type: "Basic", credentials: new EnvReference(CREDENTIALS) };
  const encoding = draft.flag("use_legacy_auth_encoding") === false ? "UTF-8" : "Latin-1";
  const how = `set ${CREDENTIALS} to the base64 of "username:password" in ${encoding}`;
  for (const option of ["username", "password", "use_legacy_auth_encoding"]) {
    if (draft.has(option)) draft.changed(option, how);
  }
}

function authToken(draft: Draft): void {
  const { reader = {}, writer = {} } = draft.map("auth_token") ?? {};
  const { type, path, pattern } = isMap(reader) ? reader : {};
  const { name, value = "<TOKEN>", placeholder = "<TOKEN>" } = isMap(writer) ? writer : {};
  if (type !== "file") {
    const why =
      type === "oauth" ? "use an extension (oauth2client) as auth::authenticator" : "only files are read";
    draft.lost("auth_token", `reader of type ${JSON.stringify(type ?? null)}: ${why}`);
    return;
  }
  const [scheme, token, ...rest] = String(value).split(" ");
  const isAuthorization = String(name).toLowerCase() === "authorization";
  if (!isAuthorization || token !== placeholder || rest.length > 0 || pattern !== undefined) {
    draft.lost(
      "auth_token",
      "only a file that holds the token, for the header Authorization: <scheme> <token>",
    );
    return;
  }
  draft.receiver["authorization"] = { type: scheme, credentials_file: String(path) };
}

function headers(option: string): (draft: Draft) => void {
  return (draft) => {
    for (const [name, value] of Object.entries(draft.map(option) ?? {})) draft.headers[name] = String(value);
  };
}

function timeout(draft: Draft): void {
  const options = ["timeout", "connect_timeout", "read_timeout"].filter((option) => draft.has(option));
  const given = options.map((option) => draft.number(option)).filter((seconds) => seconds !== undefined);
  if (given.length === 0) return;
  const longest = Math.max(...given);
  const interval = draft.number("min_collection_interval") ?? DEFAULT_INTERVAL_SECONDS;
  draft.receiver["timeout"] = `${Math.min(longest, interval)}s`;
  for (const option of options) {
    draft.changed(
      option,
      "one timeout for the whole scrape, at most the interval; virt-handler may take 10s to answer",
    );
  }
}
