import { ScrapeRefusal } from "./scrape-failure.ts";

/** Text only, preferred as Prometheus prefers it. */
const accept = "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/** The headers of a Prometheus scrape. */
export function scrapeHeaders(timeoutMs: number): Readonly<Record<string, string>> {
  return { accept, "x-prometheus-scrape-timeout-seconds": String(timeoutMs / 1000) };
}

/**
 * Media types whose body is read as exposition text; parameters do not matter.
 * @throws ScrapeRefusal for others and for none, unless the body is empty: that is an empty scrape whatever its type
 */
export function checkContentType(contentType: string, length: number): void {
  if (length === 0) return;
  const mediaType = (contentType.split(";", 1)[0] as string).trim().toLowerCase();
  if (mediaType === "text/plain") return;
  throw new ScrapeRefusal(
    "content_type",
    `content type ${JSON.stringify(contentType.slice(0, 120))} is no exposition format, expected text/plain`,
  );
}
