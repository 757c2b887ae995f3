import { readExemplar } from "./exemplar.ts";
import { type MetadataLine, readMetadata } from "./family-table.ts";
import { inspectedBody } from "./inspected-body.ts";
import { decodeEscaped, LabelStrings, repeatedName, setLabel } from "./label-values.ts";
import { LineKind, type LineReader } from "./line-reader.ts";
import { labelValueIn, TypeContext, typeContext } from "./type-context.ts";
import type { InspectedBody, InspectedSample } from "./types.ts";

/** Everything that a body of a text format says, in its order. */
export function inspectLines(reader: LineReader): InspectedBody {
  const strings = new LabelStrings();
  const metadata: MetadataLine[] = [];
  const lines: (MetadataLine | InspectedSample)[] = [];
  let context: TypeContext = TypeContext.PLAIN;
  for (let kind = reader.startLine(); kind !== LineKind.END; kind = reader.startLine()) {
    if (kind === LineKind.SAMPLE) {
      lines.push(readSample(reader, strings, context));
    } else if (kind !== LineKind.BLANK) {
      const line = readMetadata(reader, kind);
      metadata.push(line);
      lines.push(line);
      if (line.type !== undefined) context = typeContext(line.type);
    }
  }

  return inspectedBody(metadata, lines);
}

function readSample(reader: LineReader, strings: LabelStrings, context: TypeContext): InspectedSample {
  reader.readLabels();
  reader.readSuffix();
  const ranges = reader.labels;
  const name = ranges.hasMetricName
    ? decodeEscaped(reader, ranges.metricNameStart, ranges.metricNameEnd)
    : decodeEscaped(reader, reader.nameStart, reader.nameEnd);
  strings.read(reader, ranges, decodeEscaped);
  const repeated = repeatedName(strings.names);
  if (repeated !== undefined) reader.fail(`label name ${JSON.stringify(repeated)} comes twice`, ranges.start);
  const labels: Record<string, string> = {};
  strings.names.forEach((label, i) => {
    setLabel(labels, label, labelValueIn(context, label, strings.values[i]!));
  });
  const { value, timestamp, exemplar } = reader;
  return {
    name,
    labels,
    value,
    ...(!Number.isNaN(timestamp) && { timestampMs: timestamp }),
    ...(exemplar !== undefined && { exemplars: [readExemplar(reader, exemplar)] }),
  };
}
