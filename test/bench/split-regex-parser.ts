/**
 * The yardstick: text 0.0.4 as a careful programmer would parse it with string splitting and regular expressions,
 * built for clarity and still reasonably fast (compiled patterns, no backtracking, no work done twice).
 */

export interface SplitRegexSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp: number | undefined;
}

export interface SplitRegexFamily {
  readonly name: string;
  type: string;
  help: string;
  readonly samples: SplitRegexSample[];
}

const metadata = /^#[ \t]+(HELP|TYPE)[ \t]+([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t](.*))?$/;
const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+(\d+))?$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

export function parseWithSplitAndRegex(text: string): Map<string, SplitRegexFamily> {
  const families = new Map<string, SplitRegexFamily>();
  let current: SplitRegexFamily | undefined;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    if (line.charCodeAt(0) === 35) {
      const [, keyword, name, rest = ""] = metadata.exec(line) ?? [];
      if (name === undefined) continue;
      current = family(families, name);
      if (keyword === "TYPE") current.type = rest;
      else current.help = rest;
      continue;
    }
    const match = sample.exec(line);
    if (match === null) throw new Error(`cannot parse line ${JSON.stringify(line)}`);
    const [, name = "", block, value = "", timestamp] = match;
    if (current === undefined || !name.startsWith(current.name)) current = family(families, name);
    current.samples.push({
      name,
      labels: block === undefined ? {} : parseLabels(block),
      value: parseValue(value),
      timestamp: timestamp === undefined ? undefined : Number(timestamp),
    });
  }
  return families;
}

function family(families: Map<string, SplitRegexFamily>, name: string): SplitRegexFamily {
  let found = families.get(name);
  if (found === undefined) {
    found = { name, type: "untyped", help: "", samples: [] };
    families.set(name, found);
  }
  return found;
}

function parseLabels(block: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = "", value = ""] of block.matchAll(label)) {
    labels[name] = value.includes("\\")
      ? value.replace(/\\([\\"n])/g, (_, c) => (c === "n" ? "\n" : c))
      : value;
  }
  return labels;
}

function parseValue(text: string): number {
  const value = Number(text);
  if (!Number.isNaN(value)) return value;
  const lower = text.toLowerCase();
  if (lower === "nan") return Number.NaN;
  if (/^[+-]?inf(inity)?$/.test(lower)) return lower.startsWith("-") ? -Infinity : Infinity;
  throw new Error(`cannot parse value ${JSON.stringify(text)}`);
}
