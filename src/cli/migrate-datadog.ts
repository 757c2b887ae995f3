import { parseDocument, stringify } from "yaml";
import { Draft, EnvReference, isMap, type Remark } from "./migrate-datadog-draft.ts";
import { DEFAULT_INTERVAL_SECONDS, rules } from "./migrate-datadog-options.ts";

export interface Migrated {
  /** A configuration; what did not come along is in its head, as comments. */
  readonly yaml: string;
  /** The same, line by line. */
  readonly remarks: readonly string[];
}

/**
 * Turns the conf.yaml of the public kubevirt_handler integration into a configuration that sends to the same backend.
 * @param source where the text is from, for messages
 * @throws Error when it is no such file
 */
export function migrateDatadog(text: string, source: string): Migrated {
  const { init, instances } = parse(text, source);
  const drafts = instances.map((instance) => draftOf(instance, init));
  const remarks = remarksOf(drafts);
  const comments = remarks.map((remark) => `# ${remark}\n`).join("");
  const head = `# Made from ${source}, a configuration of the kubevirt_handler integration.\n`;
  return { yaml: `${head}${comments}\n${stringify(configOf(drafts), { lineWidth: 0 })}`, remarks };
}

type Values = Readonly<Record<string, unknown>>;

function parse(text: string, source: string): { init: Values; instances: readonly Values[] } {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`${source} is not valid YAML: ${error.message}`);
  const content: unknown = document.toJS();
  const { init_config, instances } = isMap(content) ? content : {};
  if (!Array.isArray(instances) || instances.length === 0) {
    throw new Error(`${source} has no instances: expected the conf.yaml of the kubevirt_handler integration`);
  }
  return {
    init: isMap(init_config) ? init_config : {},
    instances: instances.map((instance) => (isMap(instance) ? instance : {})),
  };
}

const known = new Set(rules.flatMap(({ options }) => options));
const INIT_OPTIONS = ["proxy", "skip_proxy", "timeout", "service"];

function draftOf(instance: Values, init: Values): Draft {
  const draft = new Draft(instance, init);
  for (const { options, carry } of rules) if (options.some((option) => draft.has(option))) carry(draft);
  const strangers = [
    ...Object.keys(instance).filter((option) => !known.has(option)),
    ...Object.keys(init).filter((option) => !INIT_OPTIONS.includes(option)),
  ];
  for (const option of strangers) draft.lost(option, "is no option of the integration");
  if (draft.target["metrics_endpoint"] === undefined && !draft.discovers) {
    draft.discovers = true;
    draft.lost(
      "kubevirt_handler_metrics_endpoint",
      "is not set: the receiver finds the pods itself (kubernetes)",
    );
  }
  if (!draft.has("tls_verify") && !draft.discovers) {
    draft.changed(
      "tls_verify",
      "is not set: certificates are verified, as documented; give tls::ca_file or insecure_skip_verify",
    );
  }
  if (!draft.has("kubevirt_handler_healthz_endpoint") && !draft.discovers) {
    draft.changed(
      "kubevirt_handler_healthz_endpoint",
      "is not set: /healthz beside the metrics is asked; null turns that off",
    );
  }
  return draft;
}

function remarksOf(drafts: readonly Draft[]): string[] {
  const line = ({ option, kind, text }: Remark) =>
    `${kind === "lost" ? "not carried over" : "carried over, but"}: ${option}: ${text}`;
  const all = drafts.flatMap(({ remarks }, i) =>
    remarks.map((remark) => (drafts.length > 1 ? `${line(remark)} (instance ${i + 1})` : line(remark))),
  );
  // Whatever a file says, a remark is one line: it becomes a comment.
  return [...new Set(all.map((remark) => remark.replace(/\s+/g, " ")))];
}

/** Instances with the same settings share a receiver; those that are processed alike a pipeline. */
function configOf(drafts: readonly Draft[]): unknown {
  const receivers: Record<string, unknown> = {};
  const processors: Record<string, unknown> = {};
  const pipelines: Record<string, unknown> = {};
  const named = (type: string, i: number) => (i === 0 ? type : `${type}/${i + 1}`);
  for (const [i, processed] of grouped(drafts, processing).entries()) {
    const [{ processor, drop }] = processed as [Draft];
    const id = named("kubevirt_handler", i);
    processors[id] = escaped({ temporality: "delta", ...processor });
    const chain = [id];
    if (drop.length > 0) {
      const filter = named("filter", i);
      processors[filter] = escaped({ metric_conditions: drop });
      chain.push(filter);
    }
    const ids = grouped(processed, scraping).map((group) => {
      const receiver = named("kubevirt_handler", Object.keys(receivers).length);
      receivers[receiver] = escaped(receiverOf(group));
      return receiver;
    });
    pipelines[named("metrics", i)] = { receivers: ids, processors: chain, exporters: ["otlp_http"] };
  }
  return {
    receivers,
    processors,
    exporters: {
      otlp_http: {
        metrics_endpoint: String(
          new EnvReference("DD_OTLP_ENDPOINT", "https://otlp.datadoghq.com/v1/metrics"),
        ),
        headers: {
          "dd-api-key": String(new EnvReference("DD_API_KEY")),
          "dd-otel-metric-config": '{"resource_attributes_as_tags": true}',
        },
      },
    },
    service: { pipelines },
  };
}

function receiverOf(group: readonly Draft[]): Values {
  const [{ receiver, tls, headers }] = group as [Draft];
  const targets = group
    .filter(({ discovers }) => !discovers)
    .map(({ target, labels }) => ({ ...target, ...(Object.keys(labels).length > 0 && { labels }) }));
  const finder = group.find(({ discovers }) => discovers);
  const namespace = finder?.target["namespace"];
  return {
    collection_interval: `${DEFAULT_INTERVAL_SECONDS}s`,
    ...receiver,
    ...(targets.length > 0 && { targets }),
    ...(finder && {
      kubernetes: {
        enabled: true,
        ...(namespace !== undefined && { namespaces: [namespace] }),
        ...(Object.keys(finder.labels).length > 0 && { labels: finder.labels }),
      },
    }),
    ...(Object.keys(tls).length > 0 && { tls }),
    ...(Object.keys(headers).length > 0 && { headers }),
  };
}

const processing = ({ processor, drop }: Draft): unknown => [processor, drop];
/** Labels of pods that are found are the receiver's, those of targets the target's. */
const scraping = ({ receiver, tls, headers, discovers, target, labels }: Draft): unknown => [
  receiver,
  tls,
  headers,
  discovers && [target, labels],
];

function grouped(drafts: readonly Draft[], by: (draft: Draft) => unknown): Draft[][] {
  return [...Map.groupBy(drafts, (draft) => JSON.stringify(by(draft))).values()];
}

/** The user's texts as a configuration has to write them: a dollar sign in them is one. */
function escaped(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(escaped);
  if (value instanceof EnvReference) return String(value);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, escaped(inner)]),
  );
}
