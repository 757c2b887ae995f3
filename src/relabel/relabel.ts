import { createHash } from "node:crypto";
import { compileRegex, expandTemplate, type Regex } from "../regex/index.ts";
import { toLower, toUpper } from "./letter-case.ts";
import type { RelabelConfig } from "./relabel-schema.ts";

/** Labels by name while they are worked on; none is empty. */
export type MutableLabels = Map<string, string>;

/** Changes the labels. Returns false when they are to be dropped. */
export type Relabelling = (labels: MutableLabels) => boolean;

/** Names that a rule may give a label. */
export type LabelNameCheck = (name: string) => boolean;

/** With UTF-8 names any text is a label name but none. */
const anyName: LabelNameCheck = (name) => name !== "";

/**
 * Prometheus' relabelling: the rules in their order, until one drops the labels.
 * @param isName replaced labels whose name it refuses stay as they are
 */
export function compileRelabelling(
  configs: readonly RelabelConfig[],
  isName: LabelNameCheck = anyName,
): Relabelling {
  const rules = configs.map((config) => compileRule(config, isName));
  return (labels) => rules.every((rule) => rule(labels));
}

function compileRule(config: RelabelConfig, isName: LabelNameCheck): Relabelling {
  const { action, source_labels = [], separator, replacement, modulus } = config;
  const target = config.target_label ?? "";
  const regex = anchored(config.regex);
  const source = (labels: MutableLabels) =>
    source_labels.map((name) => labels.get(name) ?? "").join(separator);
  switch (action) {
    case "keep":
      return (labels) => regex.test(source(labels));
    case "drop":
      return (labels) => !regex.test(source(labels));
    case "keepequal":
      return (labels) => (labels.get(target) ?? "") === source(labels);
    case "dropequal":
      return (labels) => (labels.get(target) ?? "") !== source(labels);
    case "replace":
      return (labels) => {
        const expand = regex.match(source(labels));
        if (expand === undefined) return true;
        const name = expand(target);
        if (isName(name)) set(labels, name, expand(replacement));
        return true;
      };
    case "lowercase":
      return (labels) => set(labels, target, toLower(source(labels)));
    case "uppercase":
      return (labels) => set(labels, target, toUpper(source(labels)));
    case "hashmod":
      return (labels) => set(labels, target, hashModulo(source(labels), modulus));
    case "labelmap":
      return (labels) => {
        for (const [name, value] of [...labels].sort(byName)) {
          const expand = regex.match(name);
          if (expand !== undefined) set(labels, expand(replacement), value);
        }
        return true;
      };
    case "labeldrop":
    case "labelkeep":
      return (labels) => {
        for (const name of [...labels.keys()]) {
          if (regex.test(name) === (action === "labeldrop")) labels.delete(name);
        }
        return true;
      };
  }
}

/** Label values never are empty: an empty one means that there is no such label. */
function set(labels: MutableLabels, name: string, value: string): true {
  if (value === "") labels.delete(name);
  else labels.set(name, value);
  return true;
}

/** The last eight bytes of the MD5 hash, big-endian. */
function hashModulo(text: string, modulus: number): string {
  const hash = createHash("md5").update(text).digest().readBigUInt64BE(8);
  return String(hash % BigInt(modulus));
}

interface AnchoredRegex {
  test(text: string): boolean;
  /** Gives what fills a template from the match; undefined without one. */
  match(text: string): ((template: string) => string) | undefined;
}

/** `^(?s:pattern)$`. Text without line feeds, which is nearly all, is matched without the flag: that is often faster. */
function anchored(pattern: string): AnchoredRegex {
  const simple = compileRegex(pattern, { anchored: true });
  const dotAll = pattern.includes(".") ? compileRegex(`(?s:${pattern})`, { anchored: true }) : simple;
  const regexFor = (text: string): Regex => (text.includes("\n") ? dotAll : simple);
  return {
    test: (text) => regexFor(text).test(text),
    match: (text) => {
      const regex = regexFor(text);
      const match = regex.match(text);
      if (match === undefined) return undefined;
      return (template) =>
        template.includes("$") ? expandTemplate(template, match.groups, regex.groupNames) : template;
    },
  };
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
