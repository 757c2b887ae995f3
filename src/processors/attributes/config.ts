import { actionSchema } from "../../attribute-actions/index.ts";
import { z } from "../../config/index.ts";
import { compileRegex, RegexError } from "../../regex/index.ts";

const refused = (what: string) =>
  z
    .array(z.unknown())
    .optional()
    .describe(`Not for metrics: refused. ${what}`)
    .check(({ value, issues }) => {
      if (value === undefined) return;
      issues.push({
        code: "custom",
        input: value,
        message: "cannot choose metrics: use metric_names or resources",
      });
    });

const matchSchema = (what: string) =>
  z
    .strictObject({
      match_type: z
        .enum(["strict", "regexp"])
        .describe(
          "`strict`: names and values are equal. `regexp`: they match a regular expression (RE2), anywhere.",
        ),
      metric_names: z.array(z.string()).default([]).describe("Names of metrics; one has to match."),
      resources: z
        .array(
          z.strictObject({
            key: z.string().min(1).describe("Name of the resource attribute."),
            value: z
              .union([z.string(), z.number(), z.boolean()])
              .optional()
              .describe("Its value. Without one any value matches."),
          }),
        )
        .default([])
        .describe("Resource attributes; all have to match."),
      attributes: refused("Conditions on points are written with the transform processor."),
      services: refused("Write `resources: [{ key: service.name, value: … }]`."),
      libraries: refused("Scopes are chosen with the transform processor."),
    })
    .check(({ value: { match_type, metric_names, resources }, issues }) => {
      if (metric_names.length === 0 && resources.length === 0) {
        issues.push({ code: "custom", input: undefined, message: "needs metric_names or resources" });
      }
      if (match_type === "strict") return;
      const patterns: [path: PropertyKey[], pattern: string][] = [];
      for (const [i, name] of metric_names.entries()) patterns.push([["metric_names", i], name]);
      for (const [i, { value = "" }] of resources.entries()) {
        patterns.push([["resources", i, "value"], String(value)]);
      }
      for (const [path, pattern] of patterns) {
        try {
          compileRegex(pattern);
        } catch (error) {
          if (!(error instanceof RegexError)) throw error;
          issues.push({ code: "custom", input: pattern, path, message: error.message });
        }
      }
    })
    .optional()
    .describe(what);

export const configSchema = z.strictObject({
  actions: z.array(actionSchema).min(1).describe("What to do with the attributes of points, in this order."),
  include: matchSchema("Metrics to work on. Default: all."),
  exclude: matchSchema("Metrics to leave as they are, even if included."),
});

export type Config = z.output<typeof configSchema>;
export type Match = NonNullable<Config["include"]>;
