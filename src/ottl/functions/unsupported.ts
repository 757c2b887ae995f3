const xml = "XML functions are not supported";
const logs = "it is there for logs only";
const traces = "it is there for traces only";

/** Functions that the Collector has and this collector has not, with the reason. */
export const unsupported: ReadonlyMap<string, string> = new Map([
  ["ConvertAttributesToElementsXML", xml],
  ["ConvertTextToElementsXML", xml],
  ["GetXML", xml],
  ["InsertXML", xml],
  ["ParseSimplifiedXML", xml],
  ["ParseXML", xml],
  ["RemoveXML", xml],
  ["ExtractGrokPatterns", "grok patterns are not supported: use ExtractPatterns with named groups"],
  ["UserAgent", "user agents are not parsed"],
  ["IsRootSpan", traces],
  ["set_semconv_span_name", traces],
  ["ParseCEF", logs],
  ["ParseCLF", logs],
  ["ParseELF", logs],
  ["ParseLEEF", logs],
]);
