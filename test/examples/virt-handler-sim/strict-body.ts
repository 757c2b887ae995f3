import assert from "node:assert/strict";

export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly time: number | undefined;
  readonly line: string;
}

export interface BodyFamily {
  readonly name: string;
  readonly type: string;
  readonly samples: Sample[];
}

const NAME = "[a-zA-Z_][a-zA-Z0-9_]*";
const LABEL = `${NAME}="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const GO_NUMBER = "NaN|[+-]Inf|-?(?:\\d{1,6}|\\d{1,6}\\.\\d+|\\d(?:\\.\\d+)?e[+-]\\d{2,3})";
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\[\\\\n])+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (${GO_NUMBER})(?: (\\d{13}))?$`);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

/**
 * Reads a body as narrowly as client_golang writes it: HELP, TYPE and samples of one family together, families in
 * order of name, labels in order of name (`le` and `quantile` last), numbers as Go prints them.
 */
export function readBody(body: string): ReadonlyMap<string, BodyFamily> {
  assert.ok(body.endsWith("\n"), "the last line ends");
  const families = new Map<string, BodyFamily>();
  let family: BodyFamily | undefined;
  let helpFor: string | undefined;
  for (const line of body.slice(0, -1).split("\n")) {
    if (line.startsWith("# HELP ")) {
      helpFor = required(HELP.exec(line), line)[1];
    } else if (line.startsWith("# TYPE ")) {
      const [, name = "", type = ""] = required(TYPE.exec(line), line);
      assert.equal(name, helpFor, `no HELP right above: ${line}`);
      assert.ok(family === undefined || family.name < name, `out of order: ${line}`);
      family = { name, type, samples: [] };
      families.set(name, family);
    } else {
      assert.ok(family, `a sample before any TYPE: ${line}`);
      family.samples.push(readSample(line, family));
    }
  }
  for (const { name, samples } of families.values()) assert.ok(samples.length > 0, `${name} has no samples`);
  return families;
}

/** The samples of a family that must be there. */
export function samplesOf(body: string, family: string): readonly Sample[] {
  const found = readBody(body).get(family);
  assert.ok(found, `no family ${family}`);
  return found.samples;
}

function readSample(line: string, family: BodyFamily): Sample {
  const [, name = "", labelText = "", value = "", time] = required(SAMPLE.exec(line), line);
  const suffixes = SUFFIXES[family.type] ?? [];
  assert.ok(
    suffixes.some((suffix) => name === family.name + suffix),
    `not of ${family.name}: ${line}`,
  );
  const pairs = [...labelText.matchAll(new RegExp(LABEL, "g"))].map(([pair]) => {
    const equals = pair.indexOf("=");
    return [pair.slice(0, equals), unescapeValue(pair.slice(equals + 2, -1))] as const;
  });
  const names = pairs.map(([label]) => label).filter((label) => label !== "le" && label !== "quantile");
  assert.deepEqual(names, [...new Set(names)].sort(), `labels out of order: ${line}`);
  return {
    name,
    labels: new Map(pairs),
    value: Number(value.replace("Inf", "Infinity")),
    time: time === undefined ? undefined : Number(time),
    line,
  };
}

function unescapeValue(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}

function required<T>(match: T | null, line: string): T {
  assert.ok(match, `not a line that client_golang writes: ${line}`);
  return match;
}
