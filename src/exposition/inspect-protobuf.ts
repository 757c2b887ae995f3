import { encodedLabels, type Label, readLabels } from "./encoded-labels.ts";
import { FamilyMessage } from "./family-message.ts";
import type { MetadataLine } from "./family-table.ts";
import { formatOpenMetricsFloat } from "./go-number.ts";
import { inspectedBody } from "./inspected-body.ts";
import { MetricMessage, MetricType } from "./metric-message.ts";
import type { Exemplar, InspectedBody, InspectedSample } from "./types.ts";
import { WireCursor } from "./wire-cursor.ts";

/** Everything that a body of delimited protobuf says: native histograms and, where there are both, classic ones. */
export function inspectProtobuf(bytes: Buffer): InspectedBody {
  const cursor = new WireCursor(bytes);
  const family = new FamilyMessage(cursor);
  const message = new MetricMessage(cursor);
  const metadata: MetadataLine[] = [];
  const lines: (MetadataLine | InspectedSample)[] = [];
  while (family.next()) {
    const { pos } = cursor;
    const name = cursor.textIn(family.nameStart, family.nameEnd, "a metric name");
    cursor.subject = name.slice(0, 120);
    const help = cursor.textIn(family.helpStart, family.helpEnd, "a help text");
    const unit = cursor.bytes.toString("utf8", family.unitStart, family.unitEnd);
    const line = {
      family: name,
      type: family.type,
      ...(help !== "" && { help }),
      ...(unit !== "" && { unit }),
    };
    metadata.push(line);
    lines.push(line);
    for (let i = 0; i < family.metricCount * 2; i += 2) {
      const [start, end] = [family.metrics[i]!, family.metrics[i + 1]!];
      message.read(start, end);
      const labels = readLabels(encodedLabels(cursor, start, end));
      lines.push(...samplesOf(name, family.typeNumber, message, labels, cursor));
    }
    cursor.pos = pos;
  }
  return inspectedBody(metadata, lines);
}

function samplesOf(
  name: string,
  typeNumber: number,
  message: MetricMessage,
  labels: readonly Label[],
  cursor: WireCursor,
): readonly InspectedSample[] {
  const { timestamp, hasStart, startSeconds, startNanos } = message;
  const sample = (
    sampleName: string,
    value: number,
    more: readonly Label[] = [],
    exemplars: readonly Exemplar[] = [],
  ): InspectedSample => ({
    name: sampleName,
    labels: Object.fromEntries([...labels, ...more]),
    value,
    ...(timestamp !== 0 && { timestampMs: timestamp }),
    ...(hasStart && { startTimeMs: startSeconds * 1000 + Math.trunc(startNanos / 1e6) }),
    ...(exemplars.length > 0 && { exemplars }),
  });
  const isSummary = typeNumber === MetricType.SUMMARY;
  if (!isSummary && typeNumber !== MetricType.HISTOGRAM && typeNumber !== MetricType.GAUGE_HISTOGRAM) {
    return [sample(name, message.value, [], message.exemplars)];
  }
  const samples: InspectedSample[] = [];
  if (!isSummary && message.isNative) {
    const histogram = message.native();
    samples.push({
      ...sample(name, Number(histogram.count), [], message.nativeExemplars()),
      histogram,
    });
    if (message.parts === 0) return samples;
  }
  if (!isSummary) message.closeBuckets();
  const [label, partName] = isSummary ? ["quantile", name] : ["le", `${name}_bucket`];
  if (message.parts > 0 && labels.some(([own]) => own === label)) {
    cursor.fail(`label name ${JSON.stringify(label)} comes twice`);
  }
  samples.push(sample(`${name}_count`, message.count), sample(`${name}_sum`, message.sum));
  for (let part = 0; part < message.parts; part++) {
    const exemplar = message.partExemplars[part];
    samples.push(
      sample(
        partName,
        message.partValue[part]!,
        [[label, formatOpenMetricsFloat(message.partAt[part]!)]],
        exemplar === undefined ? [] : [exemplar],
      ),
    );
  }
  return samples;
}
