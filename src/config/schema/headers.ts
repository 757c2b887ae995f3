import { z } from "zod";
import { markKind } from "./kinds.ts";
import { opaque, reveal, type Secret } from "./secret.ts";

export type Headers = Readonly<Record<string, Secret>>;

/** token of RFC 9110 section 5.6.2 */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * HTTP headers as a map of name to value or as a list of `{name, value}`; the values are secrets. Names and values that
 * no HTTP client would send are refused here rather than at the first request.
 */
export function headers(): z.ZodType<Headers, unknown> {
  const list = z.array(z.strictObject({ name: z.string(), value: opaque() }));
  const schema = z.union([z.record(z.string(), opaque()), list]).transform((input, context): Headers => {
    const fail = (path: (string | number)[], message: string, hint?: string) =>
      context.issues.push({ code: "custom", input, path, message, params: { hint } });
    const pairs: [path: (string | number)[], name: string, value: Secret][] = Array.isArray(input)
      ? input.map(({ name, value }, i) => [[i, "value"], name, value])
      : Object.entries(input).map(([name, value]) => [[name], name, value]);
    const result: Record<string, Secret> = {};
    const repeated = new Set<string>();
    for (const [path, name, value] of pairs) {
      if (Object.hasOwn(result, name)) repeated.add(name);
      if (!token.test(name)) fail(path, `invalid header name ${JSON.stringify(name)}`);
      else if (hasLineBreak(reveal(value))) {
        fail(
          path,
          "header value contains a line break",
          "a value substituted from a file includes the file's last newline",
        );
      }
      result[name] = value;
    }
    if (repeated.size > 0) fail([], `duplicate keys in map-style list: [${[...repeated].join(" ")}]`);
    return result;
  });
  return markKind(schema, "headers");
}

function hasLineBreak(value: string): boolean {
  return value.includes("\n") || value.includes("\r") || value.includes("\0");
}
