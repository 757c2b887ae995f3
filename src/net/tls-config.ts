import { duration, opaque, z } from "../config/index.ts";

export const versions = ["1.0", "1.1", "1.2", "1.3"] as const;

/** A TLS protocol version as it is written in a config. */
export type TlsVersion = (typeof versions)[number];

/**
 * The Collector's client TLS options (configtls.ClientConfig). A file and its `_pem` twin exclude each other;
 * certificate and key come together or not at all.
 */
export const tlsClientSchema = z
  .strictObject({
    insecure: z
      .boolean()
      .default(false)
      .describe(
        "For HTTP the URL scheme decides whether TLS is used. `true` without a CA sets the other TLS options aside, as in the Collector: no client certificate, and an https server is verified against the default CAs.",
      ),
    insecure_skip_verify: z
      .boolean()
      .default(false)
      .describe("Accept any server certificate: no check of its issuer, its name or its dates."),
    ca_file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "PEM file with the CA certificates that may have signed the server's. Read again when it changes. Default: the CAs Node.js trusts.",
      ),
    ca_pem: opaque().optional().describe("The same as text."),
    include_system_ca_certs_pool: z
      .boolean()
      .default(false)
      .describe("Trust the CAs of Node.js and of the operating system beside the given ones."),
    cert_file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "PEM file with the client certificate (chain). Read again when it changes. virt-handler wants none: it refuses certificates it does not know.",
      ),
    cert_pem: opaque().optional().describe("The same as text."),
    key_file: z
      .string()
      .min(1)
      .optional()
      .describe("PEM file with the client certificate's private key. Read again when it changes."),
    key_pem: opaque().optional().describe("The same as text."),
    server_name_override: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Name asked for (SNI) and verified in place of the URL's host, such as `virt-handler.kubevirt.svc`: virt-handler's certificate holds no pod IPs.",
      ),
    min_version: z.enum(versions).default("1.2").describe("Lowest TLS version to accept."),
    max_version: z.enum(versions).default("1.3").describe("Highest TLS version to offer."),
    reload_interval: duration()
      .prefault("0s")
      .describe("How long a look at the files stays good; 0s looks before every request."),
  })
  .check((context) => {
    for (const problem of contradictions(context.value)) {
      context.issues.push({
        code: "custom",
        input: context.value,
        path: [problem.option],
        message: problem.message,
      });
    }
  });

export type TlsClientConfig = z.output<typeof tlsClientSchema>;

type Fields = Partial<
  Pick<TlsClientConfig, "ca_file" | "ca_pem" | "cert_file" | "cert_pem" | "key_file" | "key_pem">
> &
  Pick<TlsClientConfig, "min_version" | "max_version">;

/** What the fields of one `tls` section rule out among each other. */
export function* contradictions(
  tls: Fields,
): Generator<{ readonly option: string; readonly message: string }> {
  for (const name of ["ca", "cert", "key"] as const) {
    if (tls[`${name}_file`] !== undefined && tls[`${name}_pem`] !== undefined) {
      yield { option: `${name}_pem`, message: `must not be set together with ${name}_file` };
    }
  }
  const certificate = tls.cert_file ?? tls.cert_pem;
  const key = tls.key_file ?? tls.key_pem;
  if (certificate !== undefined && key === undefined) {
    const option = tls.cert_file === undefined ? "cert_pem" : "cert_file";
    yield { option, message: "needs the private key beside it: set key_file or key_pem" };
  }
  if (key !== undefined && certificate === undefined) {
    const option = tls.key_file === undefined ? "key_pem" : "key_file";
    yield { option, message: "needs the certificate beside it: set cert_file or cert_pem" };
  }
  if (versions.indexOf(tls.min_version) > versions.indexOf(tls.max_version)) {
    yield {
      option: "max_version",
      message: `must not be below min_version ${tls.min_version}, got ${tls.max_version}`,
    };
  }
}
