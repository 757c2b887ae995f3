import { duration, opaque, z } from "../config/index.ts";
import { contradictions, versions } from "./tls-config.ts";

/** The Collector's server TLS options (configtls.ServerConfig). */
export const tlsServerSchema = z
  .strictObject({
    cert_file: z
      .string()
      .min(1)
      .optional()
      .describe("PEM file with the server's certificate (chain). Read again when it changes."),
    cert_pem: opaque().optional().describe("The same as text."),
    key_file: z
      .string()
      .min(1)
      .optional()
      .describe("PEM file with the certificate's private key. Read again when it changes."),
    key_pem: opaque().optional().describe("The same as text."),
    client_ca_file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "PEM file with the CA certificates that may have signed a client's. With it, clients without such a certificate are refused.",
      ),
    client_ca_file_reload: z
      .boolean()
      .default(true)
      .describe("Whether `client_ca_file` is read again when it changes."),
    min_version: z.enum(versions).default("1.2").describe("Lowest TLS version to accept."),
    max_version: z.enum(versions).default("1.3").describe("Highest TLS version to accept."),
    reload_interval: duration()
      .prefault("0s")
      .describe("How long a look at the files stays good; 0s looks at each new connection."),
  })
  .check((context) => {
    const tls = context.value;
    for (const { option, message } of contradictions(tls)) {
      context.issues.push({ code: "custom", input: tls, path: [option], message });
    }
    if ([tls.cert_file, tls.cert_pem, tls.key_file, tls.key_pem].every((value) => value === undefined)) {
      context.issues.push({
        code: "custom",
        input: tls,
        message: "a server needs a certificate and its key",
        params: { hint: "set cert_file and key_file" },
      });
    }
  });

export type TlsServerConfig = z.output<typeof tlsServerSchema>;
