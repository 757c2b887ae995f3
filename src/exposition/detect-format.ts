import { ExpositionError } from "./exposition-error.ts";
import { FamilyMessage } from "./family-message.ts";
import type { ExpositionFormat } from "./types.ts";
import { WireCursor } from "./wire-cursor.ts";

/** The format that a body looks like. A scrape goes by the content type; this is for files, which have none. */
export function detectFormat(body: Uint8Array): ExpositionFormat {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (/(^|\n)# EOF\n?$/.test(bytes.subarray(-7).toString("latin1"))) return "openmetrics";
  return beginsWithFamily(bytes) ? "protobuf" : "text";
}

/** Whether the first message of a body is a metric family with metrics. */
function beginsWithFamily(bytes: Buffer): boolean {
  try {
    return new FamilyMessage(new WireCursor(bytes)).next();
  } catch (error) {
    if (error instanceof ExpositionError) return false;
    throw error;
  }
}
