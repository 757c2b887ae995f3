import { parseArgs } from "node:util";
import { errorText } from "../errors/index.ts";
import {
  checkOpenMetrics,
  detectFormat,
  ExpositionError,
  type ExpositionFormat,
  formatOfMediaType,
  inspectBody,
} from "../exposition/index.ts";
import { coverage } from "../processors/kubevirt-handler/index.ts";
import { UsageError } from "./config-options.ts";
import { type Inspection, inspectionJson, inspectionTable } from "./inspect-report.ts";
import { readSource, type SourceFlags } from "./inspect-source.ts";
import type { Command, Terminal } from "./terminal.ts";

const FORMATS: readonly ExpositionFormat[] = ["text", "openmetrics", "protobuf"];

export const inspectCommand: Command = {
  summary: "parse a scrape body (file, URL or - for standard input) and show what is in it",
  usage: `Usage: otelcol-kubevirt inspect FILE|URL|-... [--json] [--strict] [--format FORMAT]

  --json                  one JSON object a line for each input
  --format FORMAT         text, openmetrics or protobuf; default: by content type, or what the input looks like
  --strict                check OpenMetrics text against the letter of its specification 1.0, not only as scrapes do
  --ca-file FILE          CA certificates for https URLs
  --server-name NAME      name that the server's certificate must have
  --insecure-skip-verify  do not verify the server's certificate
  --timeout SECONDS       for URLs (default 15)`,
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        format: { type: "string" },
        strict: { type: "boolean", default: false },
        "ca-file": { type: "string" },
        "server-name": { type: "string" },
        "insecure-skip-verify": { type: "boolean", default: false },
        timeout: { type: "string", default: "15" },
      },
    });
    if (positionals.length === 0) throw new UsageError("inspect needs a file, a URL or - for standard input");
    const format = FORMATS.find((known) => known === values.format);
    if (values.format !== undefined && format === undefined) {
      throw new UsageError(
        `--format must be one of ${FORMATS.join(", ")}, got ${JSON.stringify(values.format)}`,
      );
    }
    if (values.strict && format !== undefined && format !== "openmetrics") {
      throw new UsageError(`--strict is for openmetrics, got --format ${format}`);
    }
    const timeoutMs = Number(values.timeout) * 1000;
    if (!(timeoutMs > 0))
      throw new UsageError(
        `--timeout must be a number of seconds above 0, got ${JSON.stringify(values.timeout)}`,
      );
    const flags: SourceFlags = {
      caFile: values["ca-file"],
      serverName: values["server-name"],
      skipVerify: values["insecure-skip-verify"],
      timeoutMs,
      format: values.strict ? "openmetrics" : format,
    };
    let failed = false;
    for (const source of positionals) {
      const inspection = await inspect(source, flags, values.strict, terminal);
      failed ||= !inspection.ok;
      terminal.out(values.json ? `${inspectionJson(inspection)}\n` : inspectionTable(inspection));
    }
    return failed ? 1 : 0;
  },
};

async function inspect(
  source: string,
  flags: SourceFlags,
  strict: boolean,
  terminal: Terminal,
): Promise<Inspection> {
  try {
    const { bytes, contentType = "" } = await readSource(source, flags, terminal);
    if (strict) {
      const violations = checkOpenMetrics(bytes);
      if (violations.length > 0) return { source, ok: false, violations };
    }
    const format = flags.format ?? formatOfMediaType(contentType) ?? detectFormat(bytes);
    const body = inspectBody(bytes, format);
    return { source, ok: true, body, coverage: coverage(body.families.map(({ name }) => name)) };
  } catch (error) {
    const message = errorText(error);
    if (!(error instanceof ExpositionError)) return { source, ok: false, error: { message } };
    const { line, column, offset, text } = error;
    return { source, ok: false, error: { line, column, offset, message, text } };
  }
}
