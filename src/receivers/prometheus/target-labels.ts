import { formatPrometheusDuration, parsePrometheusDuration } from "../../discovery/index.ts";
import type { Relabelling } from "../../relabel/index.ts";
import type { JobSettings } from "./job-settings.ts";
import { Label, META_PREFIX, PARAM_PREFIX, RESERVED_PREFIX } from "./names.ts";

export type LabelMap = ReadonlyMap<string, string>;

/** A target as relabelling leaves it. */
export interface LabelledTarget {
  /** Before relabelling, `__meta_*` included. */
  readonly discovered: LabelMap;
  /** All but `__meta_*`, sorted by name. */
  readonly labels: LabelMap;
  /** Those that get into its series. */
  readonly publicLabels: LabelMap;
  readonly url: URL;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly histograms: { readonly native: boolean; readonly classicToo: boolean };
}

/** A target that is only to be reached this way is none for us. */
const UNIX_SOCKET = "__unix_socket__";

/**
 * The target that discovered labels stand for, as Prometheus makes it: completed by the job's settings, relabelled,
 * checked. Undefined when relabelling drops it.
 * @throws Error whose message says what is wrong with it
 */
export function labelTarget(
  own: Readonly<Record<string, string>>,
  ofGroup: Readonly<Record<string, string>>,
  job: JobSettings,
  relabelling: Relabelling,
): LabelledTarget | undefined {
  const labels = discoveredLabels(own, ofGroup, job);
  const discovered = new Map(labels);
  if (!relabelling(labels)) return undefined;
  const address = labels.get(Label.ADDRESS);
  if (address === undefined) throw new Error("it has no address");
  if (/[/@?#\s]/.test(address)) throw new Error(`${JSON.stringify(address)} is not a valid address`);
  const intervalMs = durationOf(labels, Label.INTERVAL, "scrape interval");
  const timeoutMs = durationOf(labels, Label.TIMEOUT, "scrape timeout");
  if (timeoutMs > intervalMs) {
    const [timeout, interval] = [labels.get(Label.TIMEOUT), labels.get(Label.INTERVAL)];
    throw new Error(`scrape timeout ${timeout} is above scrape interval ${interval}`);
  }
  if (labels.has(UNIX_SOCKET)) throw new Error(`label ${UNIX_SOCKET} is not supported`);
  for (const name of [...labels.keys()]) if (name.startsWith(META_PREFIX)) labels.delete(name);
  if (!labels.has(Label.INSTANCE)) labels.set(Label.INSTANCE, address);
  const sorted = new Map([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    discovered,
    labels: sorted,
    publicLabels: new Map([...sorted].filter(([name]) => !name.startsWith(RESERVED_PREFIX))),
    url: urlOf(sorted, address, job.config.params),
    intervalMs,
    timeoutMs,
    histograms: {
      native: flagOf(labels, Label.NATIVE_HISTOGRAMS),
      classicToo: flagOf(labels, Label.CLASSIC_HISTOGRAMS),
    },
  };
}

function discoveredLabels(
  own: Readonly<Record<string, string>>,
  ofGroup: Readonly<Record<string, string>>,
  { config, intervalMs, timeoutMs, nativeHistograms, classicHistogramsToo }: JobSettings,
): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [name, value] of [...Object.entries(ofGroup), ...Object.entries(own)]) {
    if (value === "") labels.delete(name);
    else labels.set(name, value);
  }
  const standard: readonly (readonly [name: string, value: string | undefined])[] = [
    [Label.JOB, config.job_name],
    [Label.INTERVAL, formatPrometheusDuration(intervalMs)],
    [Label.TIMEOUT, formatPrometheusDuration(timeoutMs)],
    [Label.METRICS_PATH, config.metrics_path],
    [Label.SCHEME, config.scheme],
    [Label.NATIVE_HISTOGRAMS, String(nativeHistograms)],
    [Label.CLASSIC_HISTOGRAMS, String(classicHistogramsToo)],
    ...Object.entries(config.params).map(([name, [first]]) => [`${PARAM_PREFIX}${name}`, first] as const),
  ];
  for (const [name, value = ""] of standard) if (value !== "" && !labels.has(name)) labels.set(name, value);
  return labels;
}

function durationOf(labels: LabelMap, name: string, what: string): number {
  const text = labels.get(name) ?? "";
  const ms = parsePrometheusDuration(text);
  if (ms === undefined) throw new Error(`${what} ${JSON.stringify(text)} is no duration`);
  if (ms === 0) throw new Error(`${what} cannot be 0`);
  return ms;
}

/** As Go reads booleans; a label that is gone is false. */
function flagOf(labels: LabelMap, name: string): boolean {
  const text = labels.get(name) ?? "false";
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new Error(`label ${name} is ${JSON.stringify(text)}, allowed are true and false`);
}

function urlOf(labels: LabelMap, address: string, params: Readonly<Record<string, readonly string[]>>): URL {
  const scheme = labels.get(Label.SCHEME) ?? "";
  if (scheme !== "http" && scheme !== "https") {
    throw new Error(`scheme ${JSON.stringify(scheme)} is not supported, allowed are http and https`);
  }
  const text = `${scheme}://${address}`;
  if (!URL.canParse(text)) throw new Error(`${JSON.stringify(address)} is not a valid address`);
  const url = new URL(text);
  url.pathname = labels.get(Label.METRICS_PATH) ?? "";
  const query = new Map(Object.entries(params).map(([name, values]) => [name, [...values]]));
  for (const [name, value] of labels) {
    if (!name.startsWith(PARAM_PREFIX)) continue;
    const param = name.slice(PARAM_PREFIX.length);
    query.set(param, [value, ...(query.get(param) ?? []).slice(1)]);
  }
  for (const [name, values] of [...query].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const value of values) url.searchParams.append(name, value);
  }
  return url;
}
