import { crossCheck, endpointUrl, opaque, z } from "../config/index.ts";

const file = (what: string) => z.string().min(1).optional().describe(what);
const tlsVersion = z.enum(["TLS10", "TLS11", "TLS12", "TLS13"]);

const tlsOptions = [
  "ca",
  "ca_file",
  "cert",
  "cert_file",
  "key",
  "key_file",
  "min_version",
  "max_version",
] as const;

/** Prometheus' `tls_config`. */
export const tlsConfigSchema = z
  .strictObject({
    ca: opaque().optional().describe("CA certificates as PEM text."),
    ca_file: file(
      "PEM file with the CA certificates that may have signed the server's; read again when it changes.",
    ),
    cert: opaque().optional().describe("Client certificate as PEM text."),
    cert_file: file("PEM file with the client certificate; read again when it changes."),
    key: opaque().optional().describe("Private key of the client certificate as PEM text."),
    key_file: file("PEM file with that private key; read again when it changes."),
    server_name: file("Name asked for and verified in place of the address."),
    insecure_skip_verify: z.boolean().default(false).describe("Accept any server certificate."),
    min_version: tlsVersion.default("TLS12").describe("Lowest TLS version to accept."),
    max_version: tlsVersion.default("TLS13").describe("Highest TLS version to offer."),
  })
  .check(
    crossCheck(tlsOptions, (context) => {
      const tls = context.value;
      const fail = (option: keyof typeof tls, message: string) =>
        context.issues.push({ code: "custom", input: tls, path: [option], message });
      for (const name of ["ca", "cert", "key"] as const) {
        if (tls[name] !== undefined && tls[`${name}_file`] !== undefined) {
          fail(name, `must not be set together with ${name}_file`);
        }
      }
      const hasCert = tls.cert !== undefined || tls.cert_file !== undefined;
      const hasKey = tls.key !== undefined || tls.key_file !== undefined;
      if (hasCert && !hasKey)
        fail(tls.cert === undefined ? "cert_file" : "cert", "needs key or key_file beside it");
      if (hasKey && !hasCert)
        fail(tls.key === undefined ? "key_file" : "key", "needs cert or cert_file beside it");
      if (tls.min_version > tls.max_version) {
        fail("max_version", `must not be below min_version ${tls.min_version}, got ${tls.max_version}`);
      }
    }),
  );

export type PrometheusTlsConfig = z.output<typeof tlsConfigSchema>;

const proxyShape = {
  proxy_url: endpointUrl()
    .optional()
    .describe("http or https proxy. Default: none, whatever the environment says."),
  no_proxy: z
    .string()
    .optional()
    .describe("Hosts, domains and address blocks that proxy_url is not used for."),
  proxy_from_environment: z
    .boolean()
    .default(false)
    .describe("Take the proxy from HTTPS_PROXY, HTTP_PROXY and NO_PROXY."),
} as const;

export interface ProxyConfig {
  readonly proxy_url?: string | undefined;
  readonly no_proxy?: string | undefined;
  readonly proxy_from_environment: boolean;
}

interface Fault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function* proxyFaults(proxy: ProxyConfig): Generator<Fault> {
  if (proxy.proxy_from_environment) {
    if (proxy.proxy_url !== undefined) {
      yield { path: ["proxy_url"], message: "must not be set together with proxy_from_environment" };
    }
    if (proxy.no_proxy !== undefined) {
      yield { path: ["no_proxy"], message: "must not be set together with proxy_from_environment" };
    }
  } else if (proxy.no_proxy !== undefined && proxy.proxy_url === undefined) {
    yield { path: ["no_proxy"], message: "needs proxy_url" };
  }
}

/** At most one of the options, or with `least` 1 exactly one. */
function* choiceFaults<Section extends object>(
  section: Section,
  path: readonly string[],
  options: readonly (keyof Section & string)[],
  least: 0 | 1,
): Generator<Fault> {
  const set = options.filter((option) => section[option] !== undefined);
  if (set.length > 1) {
    yield { path: [...path, set[1] as string], message: `must not be set together with ${set[0]}` };
  }
  if (set.length < least) yield { path, message: `needs ${options.join(" or ")}` };
}

const basicAuthSchema = z
  .strictObject({
    username: z.string().optional().describe("User name."),
    username_file: file("File with the user name; read at each request."),
    password: opaque().optional().describe("Password."),
    password_file: file("File with the password; read at each request."),
  })
  .describe("HTTP basic authentication.");

const authorizationSchema = z
  .strictObject({
    type: z
      .string()
      .trim()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "expected an authentication scheme such as Bearer")
      .default("Bearer")
      .describe("Authentication scheme."),
    credentials: opaque().optional().describe("The token itself."),
    credentials_file: file("File with the token, white space around it ignored; read at each request."),
  })
  .describe("The Authorization header.");

const oauth2Schema = z
  .strictObject({
    client_id: z.string().min(1).describe("ID of the client."),
    client_secret: opaque().optional().describe("Its secret."),
    client_secret_file: file("File with its secret; read for each token."),
    token_url: endpointUrl().describe("Where tokens are."),
    scopes: z.array(z.string()).default([]).describe("Scopes to ask for."),
    endpoint_params: z
      .record(z.string(), z.string())
      .default({})
      .describe("More parameters for the token request."),
    tls_config: tlsConfigSchema.optional().describe("TLS towards token_url."),
    ...proxyShape,
  })
  .describe("OAuth 2.0 client credentials: a token is fetched, and another one when it expires.");

/** Set by the client itself, or not to be set this way. */
const reservedHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "host",
  "content-encoding",
  "content-length",
  "content-type",
  "user-agent",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "www-authenticate",
  "accept-encoding",
  "transfer-encoding",
  "upgrade",
  "expect",
  "x-prometheus-remote-write-version",
  "x-prometheus-remote-read-version",
  "x-prometheus-scrape-timeout-seconds",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

/** A token of RFC 9110 section 5.6.2. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The options of Prometheus' HTTP clients, to be spread into a schema that calls {@link checkHttpOptions}. */
export const prometheusHttpShape = {
  basic_auth: basicAuthSchema.optional(),
  authorization: authorizationSchema.optional(),
  oauth2: oauth2Schema.optional(),
  bearer_token: opaque().optional().describe("Older spelling of `authorization::credentials`."),
  bearer_token_file: file("Older spelling of `authorization::credentials_file`."),
  tls_config: tlsConfigSchema.optional().describe("TLS towards https servers."),
  ...proxyShape,
  http_headers: z
    .record(
      z.string(),
      z.strictObject({
        values: z.array(z.string()).default([]).describe("Values of the header."),
        secrets: z.array(opaque()).default([]).describe("Values that are not shown."),
        files: z.array(z.string().min(1)).default([]).describe("Files with values; read at each request."),
      }),
    )
    .default({})
    .describe(
      "More headers for each request. Like credentials they do not go to another host after a redirect.",
    ),
  follow_redirects: z.boolean().default(true).describe("Whether redirects are followed."),
  enable_http2: z
    .boolean()
    .default(true)
    .describe("Whether HTTP/2 may be used. It never is, with either value: the client speaks HTTP/1.1."),
} as const;

const prometheusHttpSchema = z.strictObject(prometheusHttpShape);

export type PrometheusHttpConfig = z.output<typeof prometheusHttpSchema>;

/** The options that {@link httpOptionFaults} looks at. */
export const crossCheckedHttpOptions = [
  "basic_auth",
  "authorization",
  "oauth2",
  "bearer_token",
  "bearer_token_file",
  "proxy_url",
  "no_proxy",
  "proxy_from_environment",
  "http_headers",
] as const;

/** What contradicts itself in these options. */
export function* httpOptionFaults(config: PrometheusHttpConfig): Generator<Fault> {
  yield* choiceFaults(
    config,
    [],
    ["basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"],
    0,
  );
  yield* proxyFaults(config);
  const { basic_auth, authorization, oauth2 } = config;
  if (basic_auth !== undefined) {
    yield* choiceFaults(basic_auth, ["basic_auth"], ["username", "username_file"], 0);
    yield* choiceFaults(basic_auth, ["basic_auth"], ["password", "password_file"], 0);
  }
  if (authorization !== undefined) {
    yield* choiceFaults(authorization, ["authorization"], ["credentials", "credentials_file"], 1);
    if (authorization.type.toLowerCase() === "basic") {
      yield { path: ["authorization", "type"], message: 'must not be "basic", use basic_auth' };
    }
  }
  if (oauth2 !== undefined) {
    yield* choiceFaults(oauth2, ["oauth2"], ["client_secret", "client_secret_file"], 1);
    for (const { path, message } of proxyFaults(oauth2)) yield { path: ["oauth2", ...path], message };
  }
  for (const name of Object.keys(config.http_headers)) {
    const path = ["http_headers", name];
    if (!headerName.test(name)) yield { path, message: `invalid header name ${JSON.stringify(name)}` };
    else if (reservedHeaders.has(name.toLowerCase()))
      yield { path, message: `setting header ${name} is not allowed` };
  }
}
