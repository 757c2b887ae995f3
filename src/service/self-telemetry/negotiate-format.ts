import type { ExpositionFormat } from "./exposition.ts";

/** Versions of OpenMetrics that the one served is good for. */
const VERSIONS: ReadonlySet<string> = new Set(["", "0.0.1", "1.0.0"]);

/**
 * What a scraper prefers by its Accept header (RFC 9110 section 12.5.1). OpenMetrics goes only to who names it, and, at
 * the same quality, before text; text also to who accepts neither, since Prometheus takes it whatever it asked for.
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  let openMetrics = 0;
  const text = { exact: -1, group: -1, any: -1 };
  for (const { type, quality, version } of (accept ?? "").split(",").map(parseRange)) {
    if (type === "application/openmetrics-text") {
      if (VERSIONS.has(version)) openMetrics = Math.max(openMetrics, quality);
    } else if (type === "text/plain") text.exact = Math.max(text.exact, quality);
    else if (type === "text/*") text.group = Math.max(text.group, quality);
    else if (type === "*/*") text.any = Math.max(text.any, quality);
  }
  // The most specific range that matches decides.
  const ofText = [text.exact, text.group, text.any].find((quality) => quality >= 0) ?? 0;
  return openMetrics > 0 && openMetrics >= ofText ? "openmetrics" : "text";
}

function parseRange(range: string): {
  readonly type: string;
  readonly quality: number;
  readonly version: string;
} {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
  const values = new Map(
    parameters.map((parameter) => {
      const at = parameter.indexOf("=");
      const value = parameter.slice(at + 1).replace(/^"(.*)"$/, "$1");
      return [parameter.slice(0, Math.max(at, 0)).trim().toLowerCase(), value] as const;
    }),
  );
  const quality = Number(values.get("q") ?? 1);
  return {
    type: type.toLowerCase(),
    quality: quality >= 0 && quality <= 1 ? quality : 0,
    version: values.get("version") ?? "",
  };
}
