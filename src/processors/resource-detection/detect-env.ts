import type { Attributes } from "../../metrics/index.ts";

/** Attributes of the form `a=b,c=d`, values percent-encoded; OpenTelemetry specification, "Resource SDK". */
export function detectEnv(env: Readonly<Record<string, string | undefined>>): Attributes {
  const text = env["OTEL_RESOURCE_ATTRIBUTES"] ?? env["OTEL_RESOURCE"] ?? "";
  const result: Record<string, string> = {};
  for (const pair of text.split(",")) {
    if (pair.trim() === "") continue;
    const at = pair.indexOf("=");
    const key = pair.slice(0, at).trim();
    if (at < 0 || key === "") {
      throw new Error(`OTEL_RESOURCE_ATTRIBUTES has ${JSON.stringify(pair)} where key=value is expected`);
    }
    result[key] = decode(pair.slice(at + 1).trim());
  }
  return result;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    // A percent sign that encodes nothing stands for itself.
    return value;
  }
}
