import { type ExpositionFormat, formatOfMediaType, mediaTypes } from "../exposition/index.ts";
import { ScrapeRefusal } from "./scrape-failure.ts";

const headerValues = {
  PrometheusProto:
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
  "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
  "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
  "PrometheusText1.0.0": "text/plain;version=1.0.0",
  "PrometheusText0.0.4": "text/plain;version=0.0.4",
} as const;

/** The exposition formats under the names that Prometheus' `scrape_protocols` gives them. */
export type ScrapeProtocol = keyof typeof headerValues;

/** What a target is asked for, and how its answer is taken. */
export interface ScrapeFormats {
  /** The most wanted first. Default: text, as virt-handler serves it. */
  readonly protocols?: readonly ScrapeProtocol[] | undefined;
  /** How names that are not plain are to be escaped in the formats that can carry them; default allow-utf-8. */
  readonly escaping?: "allow-utf-8" | "underscores" | "dots" | "values" | undefined;
  /** What a body is whose content type says nothing known; without it such a scrape fails. */
  readonly fallback?: ScrapeProtocol | undefined;
  /** Whether compressed bodies are asked for; default true. */
  readonly compression?: boolean | undefined;
}

/** Without protobuf, which only `scrape_native_histograms` puts first. */
export const defaultProtocols: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText1.0.0",
  "PrometheusText0.0.4",
];

/** What Prometheus asks for when native histograms are wanted: nothing but protobuf has them. */
export const nativeHistogramProtocols: readonly ScrapeProtocol[] = ["PrometheusProto", ...defaultProtocols];

const textProtocols: readonly ScrapeProtocol[] = ["PrometheusText1.0.0", "PrometheusText0.0.4"];

/** Prometheus gives the first protocol this weight, in tenths, and each further one a tenth less. */
const FIRST_WEIGHT = 6;

/** The headers of a Prometheus scrape. */
export function scrapeHeaders(
  timeoutMs: number,
  formats: ScrapeFormats = {},
): Readonly<Record<string, string>> {
  return {
    accept: acceptHeader(formats),
    "accept-encoding": (formats.compression ?? true) ? "zstd,gzip" : "identity",
    "x-prometheus-scrape-timeout-seconds": String(timeoutMs / 1000),
  };
}

function acceptHeader({ protocols = textProtocols, escaping = "allow-utf-8" }: ScrapeFormats): string {
  const wanted = protocols.map((protocol, i) => {
    const escaped = protocol.endsWith("1.0.0") ? `;escaping=${escaping}` : "";
    return `${headerValues[protocol]}${escaped};q=0.${FIRST_WEIGHT - i}`;
  });
  return [...wanted, `*/*;q=0.${FIRST_WEIGHT - protocols.length}`].join(",");
}

/**
 * The format of a body by its media type; parameters do not matter, nor what was asked for.
 * @throws ScrapeRefusal for an unknown type and for none, unless there is a fallback, or nothing to read: that is an empty
 * scrape whatever its type
 */
export function bodyFormat(
  contentType: string,
  length: number,
  fallback: ScrapeProtocol | undefined,
): ExpositionFormat {
  const format = formatOfMediaType(contentType);
  if (format !== undefined) return format;
  if (fallback !== undefined) return formatOfMediaType(headerValues[fallback])!;
  if (length === 0) return "text";
  throw new ScrapeRefusal(
    "content_type",
    `content type ${JSON.stringify(contentType.slice(0, 120))} is no exposition format, expected ${Object.values(mediaTypes).join(", ")} or a fallback_scrape_protocol`,
  );
}
