import type { ExpositionFormat } from "./types.ts";

/** The media types of the formats. */
export const mediaTypes = {
  text: "text/plain",
  openmetrics: "application/openmetrics-text",
  protobuf: "application/vnd.google.protobuf",
} as const satisfies Record<ExpositionFormat, string>;

const formats: ReadonlyMap<string, ExpositionFormat> = new Map(
  Object.entries(mediaTypes).map(([format, mediaType]) => [mediaType, format as ExpositionFormat]),
);

/** The format that a Content-Type names, its parameters not looked at; undefined for one that names none. */
export function formatOfMediaType(contentType: string): ExpositionFormat | undefined {
  return formats.get((contentType.split(";", 1)[0] as string).trim().toLowerCase());
}
