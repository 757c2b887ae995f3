import { decodeEscaped, LabelStrings, setLabel } from "./label-values.ts";
import type { ExemplarRanges, LineReader } from "./line-reader.ts";
import type { Exemplar } from "./types.ts";

const scratch = new LabelStrings();

/** The exemplar of the sample that the reader has just read. */
export function readExemplar(reader: LineReader, ranges: ExemplarRanges): Exemplar {
  scratch.read(reader, ranges.labels, decodeEscaped);
  const labels: Record<string, string> = {};
  scratch.names.forEach((name, i) => {
    setLabel(labels, name, scratch.values[i]!);
  });
  const { value, timestamp } = ranges;
  return { labels, value, ...(!Number.isNaN(timestamp) && { timestampMs: timestamp }) };
}
