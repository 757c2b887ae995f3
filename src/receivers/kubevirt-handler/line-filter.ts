import type { FetchBodyRequest, FetchedBody } from "../../net/index.ts";
import { compileRegex } from "../../regex/index.ts";
import type { BodySource } from "../../scrape/index.ts";

const NEWLINE = 0x0a;

/** Takes lines out of a body before it is parsed (`raw_line_filters`). Nothing is done without patterns. */
export function filterLines(source: BodySource, patterns: readonly string[]): BodySource {
  if (patterns.length === 0) return source;
  const regexes = patterns.map((pattern) => compileRegex(pattern));
  const isUnwanted = (line: string) => regexes.some((regex) => regex.test(line));
  return {
    async fetchBody(request: FetchBodyRequest): Promise<FetchedBody> {
      const fetched = await source.fetchBody(request);
      return { ...fetched, length: dropLines(request.into.view(), isUnwanted) };
    },
  };
}

/** Moves the lines that stay to the front; how many bytes they are. */
function dropLines(body: Buffer, isUnwanted: (line: string) => boolean): number {
  let kept = 0;
  let start = 0;
  while (start < body.length) {
    const newline = body.indexOf(NEWLINE, start);
    const next = newline < 0 ? body.length : newline + 1;
    if (!isUnwanted(body.toString("utf8", start, newline < 0 ? next : newline))) {
      if (kept !== start) body.copyWithin(kept, start, next);
      kept += next - start;
    }
    start = next;
  }
  return kept;
}
