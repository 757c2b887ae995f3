import type { Exemplar as Exposed } from "../exposition/index.ts";
import { type Exemplar, msToNs, nsToHrTime } from "../metrics/index.ts";

/** Labels that identify a trace or span, with what their value has to look like. All zeros is no id. */
const ids = {
  trace_id: { field: "traceId", form: /^(?!0+$)[0-9a-f]{32}$/i },
  span_id: { field: "spanId", form: /^(?!0+$)[0-9a-f]{16}$/i },
} as const;

/** The last time OTLP can write. */
const MAX_TIME_MS = 2 ** 64 / 1e6;

/**
 * An exemplar by the OpenTelemetry specification: valid ids of trace and span (of any case, as in the Collector) are
 * taken out of the labels, all others are filtered attributes.
 * @param timeMs of the sample, for an exemplar that has no time, or none that can be written
 */
export function toOtlpExemplar({ labels, value, timestampMs }: Exposed, timeMs: number): Exemplar {
  const filteredAttributes: Record<string, string> = {};
  const found: { traceId?: string; spanId?: string } = {};
  for (const [label, text] of Object.entries(labels)) {
    const name = label.toLowerCase();
    const id = Object.hasOwn(ids, name) ? ids[name as keyof typeof ids] : undefined;
    if (id?.form.test(text) === true) found[id.field] = text.toLowerCase();
    else {
      Object.defineProperty(filteredAttributes, label, {
        value: text,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
  }
  const own = timestampMs !== undefined && timestampMs >= 0 && timestampMs < MAX_TIME_MS;
  return { time: nsToHrTime(msToNs(own ? timestampMs : timeMs)), value, filteredAttributes, ...found };
}
