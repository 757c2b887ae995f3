import type { Exemplar } from "./types.ts";
import type { WireCursor } from "./wire-cursor.ts";

/** The google.protobuf.Timestamp at the cursor. */
export function readTimestamp(cursor: WireCursor): { readonly seconds: number; readonly nanos: number } {
  const outer = cursor.end;
  let seconds = 0;
  let nanos = 0;
  cursor.end = cursor.delimited();
  while (cursor.pos < cursor.end) {
    const tag = cursor.tag();
    if (tag === 0x08) {
      cursor.varint();
      seconds = (cursor.high | 0) * 2 ** 32 + cursor.low;
    } else if (tag === 0x10) {
      cursor.varint();
      nanos = cursor.low | 0;
    } else cursor.other(tag, 2);
  }
  cursor.end = outer;
  return { seconds, nanos };
}

/** The Exemplar at the cursor. */
export function readExemplarMessage(cursor: WireCursor): Exemplar {
  const outer = cursor.end;
  const labels: [name: string, value: string][] = [];
  let value = 0;
  let timestampMs: number | undefined;
  cursor.end = cursor.delimited();
  while (cursor.pos < cursor.end) {
    const tag = cursor.tag();
    if (tag === 0x0a) labels.push(readLabelPair(cursor));
    else if (tag === 0x11) value = cursor.double();
    else if (tag === 0x1a) {
      const { seconds, nanos } = readTimestamp(cursor);
      timestampMs = seconds * 1000 + Math.trunc(nanos / 1e6);
    } else cursor.other(tag, 3);
  }
  cursor.end = outer;
  return { labels: Object.fromEntries(labels), value, ...(timestampMs !== undefined && { timestampMs }) };
}

/** A label of an exemplar. Like in Prometheus it need not be valid UTF-8. */
function readLabelPair(cursor: WireCursor): [name: string, value: string] {
  const outer = cursor.end;
  let name = "";
  let value = "";
  cursor.end = cursor.delimited();
  while (cursor.pos < cursor.end) {
    const tag = cursor.tag();
    if (tag !== 0x0a && tag !== 0x12) {
      cursor.other(tag, 2);
      continue;
    }
    const end = cursor.delimited();
    const text = cursor.bytes.toString("utf8", cursor.pos, end);
    cursor.pos = end;
    if (tag === 0x0a) name = text;
    else value = text;
  }
  cursor.end = outer;
  return [name, value];
}
