import { crossCheck, duration, endpointUrl, opaque, optionalSection, z } from "../../config/index.ts";
import { tlsClientSchema } from "../../net/index.ts";

export const configSchema = z
  .strictObject({
    client_id: z.string().min(1).optional().describe("ID of the client."),
    client_id_file: z.string().min(1).optional().describe("File with the ID, read again when it changes."),
    client_secret: opaque().optional().describe("Secret of the client."),
    client_secret_file: z
      .string()
      .min(1)
      .optional()
      .describe("File with the secret, read again when it changes. Goes before `client_secret`."),
    token_url: endpointUrl().describe("Where tokens are asked for."),
    scopes: z.array(z.string().min(1)).default([]).describe("Scopes asked for."),
    endpoint_params: z
      .record(z.string(), z.union([z.string(), z.array(z.string())]))
      .default({})
      .describe("Further parameters of the request, such as `audience`."),
    timeout: duration({ min: 1 }).prefault("10s").describe("For one request of a token."),
    expiry_buffer: duration()
      .prefault("5m")
      .describe("How long before its end a token is replaced; at most half of its life."),
    tls: optionalSection(tlsClientSchema).describe("TLS towards the token's server."),
  })
  .check(
    crossCheck(["client_id", "client_secret"], ({ value, issues }) => {
      const { client_id, client_id_file, client_secret, client_secret_file } = value;
      const missing = (message: string) => issues.push({ code: "custom", input: value, message });
      if (client_id === undefined && client_id_file === undefined)
        missing("needs client_id or client_id_file");
      if (client_secret === undefined && client_secret_file === undefined) {
        missing("needs client_secret or client_secret_file");
      }
    }),
  );

export type OAuth2ClientConfig = z.output<typeof configSchema>;
