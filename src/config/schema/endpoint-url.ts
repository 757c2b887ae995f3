import { z } from "zod";
import { markKind } from "./kinds.ts";

/** An http or https URL with a host, kept as the string that was written. */
export function endpointUrl(): z.ZodType<string, string> {
  const schema = z.string().check((context) => {
    const text = context.value;
    const problem = urlProblem(text);
    if (problem === undefined) return;
    context.issues.push({
      code: "custom",
      input: text,
      message: `expected an http or https URL, got ${JSON.stringify(withoutCredentials(text))}`,
      params: { hint: problem },
    });
  });
  return markKind(schema, "url");
}

function urlProblem(text: string): string | undefined {
  if (/\s/.test(text)) return "a URL has no white space";
  // The URL parser would repair "https:/host" and "https:host"; what is written must be what is meant.
  if (/^https?:\/\/[^/?#]/i.test(text)) {
    return URL.canParse(text)
      ? undefined
      : "check the host, the port (0 to 65535) and the brackets of an IPv6 address";
  }
  if (/^[\w.-]+(:\d+)?(\/|$)/.test(text)) return `add the scheme, for example "https://${text}"`;
  return 'write it as "https://host:port/path"';
}

function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//");
}
