import { opaque, z } from "../../config/index.ts";

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export const configSchema = z
  .strictObject({
    header: z
      .string()
      .regex(headerName, "expected the name of a header")
      .default("Authorization")
      .describe("Header that carries the token."),
    scheme: z.string().default("Bearer").describe('What stands before the token; "" for nothing.'),
    token: opaque().optional().describe("The token."),
    tokens: z
      .array(opaque())
      .default([])
      .describe("Several tokens: a server takes any of them, a client sends the first."),
    filename: z
      .string()
      .min(1)
      .optional()
      .describe("File with a token on each line, read again when it changes. Goes before the others."),
  })
  .check((context) => {
    const { token, tokens, filename } = context.value;
    if (token !== undefined || tokens.length > 0 || filename !== undefined) return;
    context.issues.push({ code: "custom", input: context.value, message: "needs token, tokens or filename" });
  });

export type BearerTokenConfig = z.output<typeof configSchema>;
