import type { ParseResult, SeriesTable } from "../../src/exposition/index.ts";

export function parse(table: SeriesTable, body: string | Buffer, into?: Float64Array): ParseResult {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return table.parse(bytes, bytes.length, into);
}

export interface SeenSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly occurrence: number;
  readonly family: string;
  readonly value: number;
  readonly timestamp: number | undefined;
}

/** What a result says, without slots and independent of the order of the body. */
export function seenSeries(table: SeriesTable, result: ParseResult): SeenSeries[] {
  const list: SeenSeries[] = [];
  for (const { slot, name, labels, occurrence, family } of table.entries) {
    if (result.seen[slot] !== 1) continue;
    const timestamp = result.timestamps?.[slot];
    list.push({
      name,
      labels: Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
      occurrence,
      family,
      value: result.values[slot]!,
      timestamp: timestamp === undefined || Number.isNaN(timestamp) ? undefined : timestamp,
    });
  }
  const key = (series: SeenSeries) => JSON.stringify([series.name, series.labels, series.occurrence]);
  return list.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
