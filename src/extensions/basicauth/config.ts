import { opaque, z } from "../../config/index.ts";

const clientSchema = z
  .strictObject({
    username: z.string().optional().describe("User name."),
    username_file: z
      .string()
      .min(1)
      .optional()
      .describe("File with the user name, read again when it changes."),
    password: opaque().optional().describe("Password."),
    password_file: z
      .string()
      .min(1)
      .optional()
      .describe("File with the password, read again when it changes."),
  })
  .check((context) => {
    const { username, username_file, password, password_file } = context.value;
    const issue = (path: string[], message: string) =>
      context.issues.push({ code: "custom", input: context.value, path, message });
    if (username === undefined && username_file === undefined) issue([], "needs username or username_file");
    if (username !== undefined && username_file !== undefined) {
      issue(["username_file"], "must not be set together with username");
    }
    if (password !== undefined && password_file !== undefined) {
      issue(["password_file"], "must not be set together with password");
    }
  });

const htpasswdSchema = z
  .strictObject({
    file: z.string().min(1).optional().describe("htpasswd file, read again when it changes."),
    inline: opaque().optional().describe("The same as text; its users go before those of the file."),
  })
  .check((context) => {
    const { file, inline } = context.value;
    if (file !== undefined || inline !== undefined) return;
    context.issues.push({ code: "custom", input: context.value, message: "needs file or inline" });
  });

export const configSchema = z
  .strictObject({
    client_auth: clientSchema.optional().describe("What clients send."),
    htpasswd: htpasswdSchema
      .optional()
      .describe(
        "Whom servers let in: lines `user:hash`, the hash `$2y$…` (bcrypt), `$apr1$…`, `{SHA}…`, `{SSHA}…` or the password itself.",
      ),
  })
  .check((context) => {
    const { client_auth, htpasswd } = context.value;
    if ((client_auth === undefined) !== (htpasswd === undefined)) return;
    context.issues.push({
      code: "custom",
      input: context.value,
      message:
        client_auth === undefined
          ? "needs client_auth or htpasswd"
          : "takes client_auth or htpasswd, not both",
    });
  });

type Config = z.output<typeof configSchema>;
export type ClientAuthConfig = NonNullable<Config["client_auth"]>;
export type HtpasswdConfig = NonNullable<Config["htpasswd"]>;
