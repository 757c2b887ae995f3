import { crossCheck, scalarText, z } from "../config/index.ts";
import { compileRegex, RegexError } from "../regex/index.ts";

const actions = [
  "replace",
  "keep",
  "drop",
  "keepequal",
  "dropequal",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
] as const;

export type RelabelAction = (typeof actions)[number];

const defaults = { separator: ";", regex: "(.*)", replacement: "$1" } as const;

/** An entry of Prometheus' `relabel_configs` and `metric_relabel_configs`. In a config file `$` is written `$$`. */
export const relabelSchema = z
  .strictObject({
    source_labels: z
      .array(z.string().min(1))
      .optional()
      .describe(
        "Labels whose values are joined with `separator` and matched against `regex`. Default: none.",
      ),
    separator: scalarText().default(defaults.separator).describe("Between the values of source_labels."),
    regex: scalarText()
      .default(defaults.regex)
      .describe("RE2 regular expression that must match the whole text; a dot matches line feeds too."),
    modulus: z
      .int()
      .min(0)
      .default(0)
      .describe("For `hashmod`: the value becomes MD5 of the joined source labels modulo this."),
    target_label: scalarText()
      .optional()
      .describe(
        "Label that is written, or compared with; for `replace` it may hold groups of `regex` as in `replacement`.",
      ),
    replacement: scalarText()
      .default(defaults.replacement)
      .describe(
        "For `replace` the new value, for `labelmap` the new name; `$1` is the first group of `regex`. In a config file write `$$1`.",
      ),
    action: z
      .preprocess((input) => (typeof input === "string" ? input.toLowerCase() : input), z.enum(actions))
      .default("replace")
      .describe("What to do."),
  })
  .check(
    crossCheck(
      ["source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action"],
      ({ value, issues }) => {
        for (const { option, message } of problems(value)) {
          issues.push({ code: "custom", input: value, path: [option], message });
        }
      },
    ),
  );

export type RelabelConfig = z.output<typeof relabelSchema>;

type Option = keyof RelabelConfig;

/** Options that an action leaves no use for: setting one is a mistake. */
const useless: Partial<Record<RelabelAction, readonly Option[]>> = {
  keepequal: ["regex", "modulus", "separator", "replacement"],
  dropequal: ["regex", "modulus", "separator", "replacement"],
  labeldrop: ["source_labels", "target_label", "modulus", "separator", "replacement"],
  labelkeep: ["source_labels", "target_label", "modulus", "separator", "replacement"],
  lowercase: ["replacement"],
  uppercase: ["replacement"],
};

const needsTarget: ReadonlySet<RelabelAction> = new Set([
  "replace",
  "hashmod",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
]);

function* problems(config: RelabelConfig): Generator<{ readonly option: Option; readonly message: string }> {
  const { action, target_label, modulus, regex } = config;
  try {
    compileRegex(regex);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    yield { option: "regex", message: error.message };
  }
  if (action === "hashmod" && modulus === 0) yield { option: "modulus", message: "must be set for hashmod" };
  if (needsTarget.has(action) && (target_label ?? "") === "") {
    yield { option: "target_label", message: `is required for ${action}` };
  }
  if (action === "labelmap" && config.replacement === "") {
    yield { option: "replacement", message: "must not be empty for labelmap" };
  }
  for (const option of useless[action] ?? []) {
    const standard: unknown = option === "modulus" ? 0 : defaults[option as keyof typeof defaults];
    if (config[option] !== standard) yield { option, message: `must not be set for ${action}` };
  }
}
