import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type ResourceInput, toOtlpJson } from "./case-input.ts";

/** Processors with what goes into them, step by step. */
export interface ProcessorCase {
  readonly name: string;
  /** As in a configuration; they run in this order. */
  readonly processors: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
  /** Why what comes out here differs from what comes out of a Collector. */
  readonly deviation: string | undefined;
  /** Whether it matters that equal resources, scopes and metrics come as one. */
  readonly isAboutParts: boolean;
}

/** An OTLP request as JSON; a body that is scraped; or what comes out by itself is waited for. */
export type Step = { readonly otlp: string } | { readonly scrape: string } | "wait";

export interface CaseGroup {
  readonly name: string;
  readonly cases: readonly ProcessorCase[];
}

/** A file of `cases/`. */
interface CaseFile {
  /** What {@link ProcessorCase.isAboutParts} says. */
  readonly parts?: boolean;
  /** Input of the cases that bring none. */
  readonly input?: readonly ResourceInput[];
  readonly cases?: readonly WrittenCase[];
  /** Statements in the datapoint context, each with the attributes of the point that it works on. */
  readonly statements?: readonly Row[];
  /** Expressions whose value becomes the attribute `result` of such a point. */
  readonly expressions?: readonly Row[];
}

type Row = readonly [source: string, attributes?: Readonly<Record<string, unknown>>, deviation?: string];

interface WrittenCase {
  readonly name: string;
  readonly processors: Readonly<Record<string, unknown>>;
  readonly input?: readonly ResourceInput[];
  readonly steps?: readonly (readonly ResourceInput[] | "wait")[];
  /** Bodies that are scraped one after the other, instead of steps. */
  readonly scrapes?: readonly string[];
  readonly deviation?: string;
}

const directory = join(import.meta.dirname, "cases");

/** All cases, by the file they stand in. */
export function readCases(): readonly CaseGroup[] {
  return globSync("*.yaml", { cwd: directory })
    .sort()
    .map((file) => {
      const { cases = [], statements = [], expressions = [], input, parts = false } = readFile(file);
      return {
        name: file.replace(/\.yaml$/, ""),
        cases: [
          ...cases.map((written) => fromWritten(written, input, parts)),
          ...statements.map((row) => fromRow(row, row[0])),
          ...expressions.map((row) => fromRow(row, `set(datapoint.attributes["result"], ${row[0]})`)),
        ],
      };
    });
}

function readFile(file: string): CaseFile {
  return parse(readFileSync(join(directory, file), "utf8"), { customTags: ["binary"] }) as CaseFile;
}

function fromWritten(written: WrittenCase, shared: CaseFile["input"], isAboutParts: boolean): ProcessorCase {
  const { name, processors, deviation, input = shared } = written;
  const steps = written.steps ?? (input === undefined ? [] : [input]);
  const scrapes = written.scrapes?.map((scrape): Step => ({ scrape }));
  return {
    name,
    processors,
    deviation,
    isAboutParts,
    steps: scrapes ?? steps.map((step) => (step === "wait" ? step : { otlp: toOtlpJson(step) })),
  };
}

/** What fails is refused, so that an error can be told from a statement that does nothing. */
function fromRow([source, attributes = {}, deviation]: Row, statement: string): ProcessorCase {
  const group = { context: "datapoint", statements: [statement.replaceAll("$", "$$$$")] };
  const input: ResourceInput = {
    resource: { r: "res" },
    scope: { name: "scope", version: "1.0" },
    metrics: [{ gauge: "m", unit: "By", description: "d", points: [[attributes, 1.5]] }],
  };
  const shown = Object.keys(attributes).length > 0 ? ` of ${JSON.stringify(attributes)}` : "";
  return {
    name: `${source}${shown}`,
    processors: { transform: { error_mode: "propagate", metric_statements: [group] } },
    steps: [{ otlp: toOtlpJson([input]) }],
    deviation,
    isAboutParts: false,
  };
}
