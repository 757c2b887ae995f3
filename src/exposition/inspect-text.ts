import { FamilyTable, type MetadataLine, readMetadata } from "./family-table.ts";
import { decodeEscaped, LabelStrings, repeatedName, setLabel } from "./label-values.ts";
import { LineKind, TextReader } from "./text-reader.ts";
import { labelValueIn, TypeContext, typeContext } from "./type-context.ts";
import type { InspectedBody, InspectedSample } from "./types.ts";

/**
 * Reads one body for people and programs that look at it once: everything it says, in its order. The grammar is the
 * one that scrapes use.
 * @throws ExpositionError
 */
export function inspectText(body: Uint8Array): InspectedBody {
  const reader = new TextReader(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
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

  const table = new FamilyTable();
  table.apply(metadata);
  const samplesByFamily = new Map<string, InspectedSample[]>();
  for (const line of lines) {
    const family = "family" in line ? line.family : table.familyOf(line.name);
    let samples = samplesByFamily.get(family);
    if (samples === undefined) {
      samples = [];
      samplesByFamily.set(family, samples);
    }
    if (!("family" in line)) samples.push(line);
  }
  const families = Array.from(samplesByFamily, ([name, samples]) => ({
    ...table.families.get(name)!,
    samples,
  }));
  return { families, samples: lines.length - metadata.length };
}

function readSample(reader: TextReader, strings: LabelStrings, context: TypeContext): InspectedSample {
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
  const sample = { name, labels, value: reader.value };
  return Number.isNaN(reader.timestamp) ? sample : { ...sample, timestampMs: reader.timestamp };
}
