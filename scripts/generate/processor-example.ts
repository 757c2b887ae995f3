import { readFile } from "node:fs/promises";
import { isMap, isScalar, parseDocument } from "yaml";
import type { ComponentSet } from "../../src/component/index.ts";
import { runPipelineTest } from "../../src/testing/index.ts";
import { lineDiff } from "./line-diff.ts";

/** Processors without an `example.test.yaml`, and why. */
export const withoutExample: Readonly<Record<string, string>> = {
  batch: "changes when and how much at once goes on, not what",
  k8s_attributes: "asks a Kubernetes API server, which a pipeline test has not",
  kubevirt_attributes: "asks a Kubernetes API server, which a pipeline test has not",
  resource_detection: "tells of the machine that it runs on",
  memory_limiter: "lets everything pass, or nothing",
};

/**
 * Markdown of a processor's `example.test.yaml`: its `processors` section as it stands there, and for each step with
 * an expectation what the pipeline gives without the processor (`-`) and with it (`+`).
 * @throws when an expectation is not met: nothing is shown that is not so
 */
export async function processorExample(file: string, components: ComponentSet): Promise<string> {
  const { id, yaml, checked } = readExample(await readFile(file, "utf8"));
  const after = await runPipelineTest(file, { components });
  if (!after.ok) {
    const failed = after.steps.map(({ step, diff }) => (diff === undefined ? "" : `${step}:\n${diff}`));
    throw new Error(`does not pass\n${failed.join("")}`);
  }
  const before = await runPipelineTest(file, { components, without: id });
  const shown = after.steps.flatMap(({ step, arrived }, i) =>
    checked[i] === true ? [{ step, diff: diffOf(before.steps[i]?.arrived ?? "", arrived) }] : [],
  );
  const text = shown
    .map(({ step, diff }) => (shown.length === 1 ? diff : `@@ ${titleOf(step)} @@\n${diff}`))
    .join("");
  return `\n\`\`\`yaml\n${yaml}\n\`\`\`\n\n\`\`\`diff\n${text}\`\`\`\n\n`;
}

interface Example {
  /** Of the processor that is shown: the last one, after those that prepare what it gets. */
  readonly id: string;
  readonly yaml: string;
  /** For each step, and for `finally`: whether it has an expectation. */
  readonly checked: readonly boolean[];
}

function readExample(text: string): Example {
  const document = parseDocument(text.replaceAll("\r\n", "\n"));
  const last = mapAt(document, ["config", "processors"]).items.at(-1);
  if (last === undefined || !isScalar(last.key) || !last.key.range) throw new Error("no processor");
  const from = last.key.range[0];
  const value = last.value as { readonly range?: readonly number[] } | null;
  const indent = from - (text.lastIndexOf("\n", from) + 1);
  const yaml = text
    .slice(from, value?.range?.[1] ?? from)
    .trimEnd()
    .replaceAll(new RegExp(`^ {${indent}}`, "gm"), "");
  const { steps, finally: end } = document.toJS() as { steps: readonly object[]; finally?: object };
  const checked = [...steps, ...(end === undefined ? [] : [end])].map((step) => "expect" in step);
  return { id: String(last.key.value), yaml, checked };
}

function mapAt(document: ReturnType<typeof parseDocument>, path: readonly string[]) {
  const node = document.getIn(path, true);
  if (!isMap(node)) throw new Error(`${path.join("::")} is no map`);
  return node;
}

/** "step 2 (the counter restarts)" becomes "the counter restarts". */
function titleOf(step: string): string {
  return /\((.*)\)$/.exec(step)?.[1] ?? step;
}

function diffOf(before: string, after: string): string {
  const [old, made] = [linesOf(before), linesOf(after)];
  return lineDiff(keyed(old, made), keyed(made, old))
    .map(({ mark, text }) => `${mark} ${text.slice(text.indexOf(KEY_END) + 1)}\n`)
    .join("");
}

const KEY_END = "\0";

/**
 * Where resources were split or joined, metrics are only alike under the same one. Where they only changed, what stands
 * under them is shown as the same.
 */
function keyed(lines: readonly string[], others: readonly string[]): readonly string[] {
  const heads = (all: readonly string[]) => all.filter((line) => line.startsWith("resource"));
  const asMany = heads(lines).length === heads(others).length;
  let key = "";
  return lines.map((line) => {
    if (line.startsWith("resource")) key = asMany || others.includes(line) ? "" : line;
    return `${key}${KEY_END}${line}`;
  });
}

/** What the scraper reports on every scrape would drown what an example is about. */
const REPORT = /^ {2}(?:up|scrape_\w+) /;

/** The lines, without the metrics that report on the scrape, and without resources that had nothing else. */
function linesOf(text: string): readonly string[] {
  const sections = text.split(/^(?= {2}\S)|^(?=resource)/m);
  const kept = sections.filter((section) => !REPORT.test(section));
  return kept
    .filter((section, i) => !section.startsWith("resource") || kept[i + 1]?.startsWith(" ") === true)
    .flatMap((section) => section.split("\n"))
    .filter((line) => line !== "");
}
