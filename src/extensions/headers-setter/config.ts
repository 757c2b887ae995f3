import { opaque, z } from "../../config/index.ts";

const headerSchema = z
  .strictObject({
    key: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "expected the name of a header")
      .describe("Name of the header."),
    action: z
      .enum(["insert", "update", "upsert", "delete"])
      .default("upsert")
      .describe("`insert` sets a header that is not there, `update` one that is, `upsert` either."),
    value: opaque().optional().describe("What it is set to."),
  })
  .check((context) => {
    const { action, value } = context.value;
    const problem =
      action === "delete"
        ? value !== undefined && "must not be set with action: delete"
        : value === undefined && "is needed unless action is delete";
    if (problem === false) return;
    context.issues.push({ code: "custom", input: context.value, path: ["value"], message: problem });
  });

export const configSchema = z.strictObject({
  headers: z
    .array(headerSchema)
    .min(1)
    .describe("What is done to the headers of each request, in this order."),
});

export type HeadersSetterConfig = z.output<typeof configSchema>;
