import { opaque, z } from "../config/index.ts";

/** Prometheus' `authorization` section: one header, `Authorization: <type> <credentials>`. */
export const authorizationSchema = z
  .strictObject({
    type: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "expected an authentication scheme such as Bearer")
      .default("Bearer")
      .describe("Authentication scheme."),
    credentials: opaque().optional().describe("The token itself."),
    credentials_file: z
      .string()
      .min(1)
      .optional()
      .describe("File with the token, white space around it ignored. Read again when it changes."),
  })
  .check((context) => {
    const { credentials, credentials_file } = context.value;
    if ((credentials === undefined) !== (credentials_file === undefined)) return;
    context.issues.push({
      code: "custom",
      input: context.value,
      path: credentials === undefined ? [] : ["credentials_file"],
      message:
        credentials === undefined
          ? "needs credentials or credentials_file"
          : "must not be set together with credentials",
    });
  });

export type AuthorizationConfig = z.output<typeof authorizationSchema>;
