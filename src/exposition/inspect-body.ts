import { inspectLines } from "./inspect-lines.ts";
import { inspectProtobuf } from "./inspect-protobuf.ts";
import { OpenMetricsReader } from "./open-metrics-reader.ts";
import { TextReader } from "./text-reader.ts";
import type { ExpositionFormat, InspectedBody } from "./types.ts";

/**
 * Reads one body for people and programs that look at it once: everything it says, in its order. The grammar is the
 * one that scrapes use.
 * @throws ExpositionError
 */
export function inspectBody(body: Uint8Array, format: ExpositionFormat = "text"): InspectedBody {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // As in a scrape, no bytes are an empty body in every format.
  if (bytes.length === 0) return { families: [], samples: 0 };
  if (format === "protobuf") return inspectProtobuf(bytes);
  return inspectLines(format === "text" ? new TextReader(bytes) : new OpenMetricsReader(bytes));
}
