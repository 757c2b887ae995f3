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
    from_context: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Name of a header of the request that brought the data: its value is taken. Needs `include_metadata` of the receiver.",
      ),
    default_value: opaque()
      .optional()
      .describe("What it is set to when that header is not there. Default: it is then left as it is."),
  })
  .check((context) => {
    const { action, value, from_context, default_value } = context.value;
    const fail = (path: string, message: string) =>
      context.issues.push({ code: "custom", input: context.value, path: [path], message });
    if (action === "delete") {
      for (const [path, given] of Object.entries({ value, from_context, default_value })) {
        if (given !== undefined) fail(path, "must not be set with action: delete");
      }
      return;
    }
    if (value === undefined && from_context === undefined) {
      fail("value", "is needed unless action is delete, or from_context in its place");
    }
    if (value !== undefined && from_context !== undefined) {
      fail("from_context", "must not be set together with value");
    }
    if (default_value !== undefined && from_context === undefined) {
      fail("default_value", "must not be set without from_context");
    }
  });

export const configSchema = z.strictObject({
  headers: z
    .array(headerSchema)
    .min(1)
    .describe("What is done to the headers of each request, in this order."),
});

export type HeadersSetterConfig = z.output<typeof configSchema>;
