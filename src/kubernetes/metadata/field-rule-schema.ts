import { z } from "../../config/index.ts";
import { CollectorError } from "../../errors/index.ts";
import type { CompilePattern } from "./field-extractor.ts";

export interface FieldRuleSchemaOptions<Kind extends string> {
  readonly what: "label" | "annotation";
  readonly kinds: readonly [Kind, ...Kind[]];
  /** What `from` may say, for the docs. */
  readonly kindsText: string;
  /** The default name of an attribute, for the docs. */
  readonly defaultName: string;
  /** Throws a CollectorError for a pattern that is none. */
  readonly compile: CompilePattern;
}

/** A rule for labels or annotations that become attributes; `from` is the first kind unless it says another. */
export function fieldRuleSchema<Kind extends string>(options: FieldRuleSchemaOptions<Kind>) {
  const { what, kinds, kindsText, defaultName, compile } = options;
  const text = (description: string) => z.string().min(1).optional().describe(description);
  return z
    .strictObject({
      tag_name: text(
        `Name of the attribute; with key_regex a template over its groups such as \`$1\`. Default: \`${defaultName}\`.`,
      ),
      key: text(`Key of the ${what}.`),
      key_regex: text("Regular expression (RE2) over whole keys, in place of key."),
      from: z
        .enum(kinds)
        .default(kinds[0] as never)
        .describe(kindsText),
    })
    .check((context) => {
      const { key, key_regex } = context.value as { key?: string; key_regex?: string };
      const fail = (path: string[], message: string) =>
        context.issues.push({ code: "custom", input: context.value, path, message });
      if ((key === undefined) === (key_regex === undefined)) fail([], "needs key or key_regex, and not both");
      if (key_regex === undefined) return;
      try {
        compile(key_regex, { anchored: true });
      } catch (error) {
        if (!(error instanceof CollectorError)) throw error;
        fail(["key_regex"], error.message);
      }
    });
}
