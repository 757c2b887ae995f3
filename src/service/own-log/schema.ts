import { duration, enabledSection, refusing, z } from "../../config/index.ts";

/** Of every line, or of every line of a component. */
const OWN_FIELDS: readonly string[] = [
  ...["level", "ts", "msg"],
  ...["otelcol.component.id", "otelcol.component.kind", "otelcol.pipeline.id", "otelcol.signal"],
];

const outputs = (byDefault: string[], what: string) =>
  z.array(z.string().min(1)).default(byDefault).describe(what);

/** What the Collector has and this log has no use for: it never writes callers, stack traces or the resource. */
const ignored = (byDefault: boolean) =>
  z.boolean().default(byDefault).describe("Accepted from Collector configurations, without effect.");

/** `service::telemetry::logs`: the collector's own log, as in the Collector. */
export const logsSchema = refusing(
  z.strictObject({
    level: z
      .enum(["debug", "info", "warn", "error"])
      .default("info")
      .describe("Least severe level that is written."),
    encoding: z
      .enum(["console", "json", "auto"])
      .default("auto")
      .describe(
        "`console` for people, `json` for machines, `auto` is console on a terminal and json elsewhere.",
      ),
    output_paths: outputs(
      ["stderr"],
      "Where lines go: `stderr`, `stdout` or files, which are appended to and opened anew by a reload.",
    ),
    error_output_paths: outputs(["stderr"], "Where it is said that a line could not be written."),
    initial_fields: z
      .record(z.string(), z.unknown())
      .default({})
      .check((context) => {
        for (const name of Object.keys(context.value)) {
          if (!OWN_FIELDS.includes(name)) continue;
          context.issues.push({
            code: "custom",
            input: context.value,
            path: [name],
            message: `${JSON.stringify(name)} is a field that every line has already`,
            params: { hint: `give it another name; taken are ${OWN_FIELDS.join(", ")}` },
          });
        }
      })
      .describe("Fields of each line, besides `level`, `ts` and `msg`."),
    sampling: enabledSection(
      z.strictObject({
        tick: duration({ min: 1 }).prefault("10s").describe("Length of a period."),
        initial: z
          .int()
          .min(0)
          .default(10)
          .describe("Lines of one message that are written in each period …"),
        thereafter: z
          .int()
          .min(0)
          .default(100)
          .describe("… and of those that follow one in so many; 0 = none."),
      }),
    ).describe(
      "Which lines of a message that comes again and again are written; each component's count by themselves.",
    ),
    development: ignored(false),
    disable_caller: ignored(true),
    disable_stacktrace: ignored(true),
    disable_zap_resource: ignored(true),
  }),
  { processors: "lines go to `output_paths` only" },
);
