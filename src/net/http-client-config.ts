import { endpointUrl, type Headers, headers, optionalSection } from "../config/index.ts";
import { type AuthorizationConfig, authorizationSchema } from "./authorization.ts";
import { type AuthConfig, authSchema } from "./client-auth.ts";
import { type TlsClientConfig, tlsClientSchema } from "./tls-config.ts";

/**
 * The options of everything that is an HTTP client, to be spread into a component's schema:
 * `z.strictObject({ …, ...httpClientShape })`.
 */
export const httpClientShape = {
  tls: optionalSection(tlsClientSchema).describe("TLS towards https servers."),
  headers: headers()
    .prefault({})
    .describe(
      "Headers of each request. They may hold credentials: not sent to another host after a redirect.",
    ),
  authorization: optionalSection(authorizationSchema).describe(
    "The Authorization header, with Prometheus' names. Goes before one in `headers`.",
  ),
  auth: authSchema
    .optional()
    .describe(
      "Extension that authenticates the requests. What it sets goes before `headers` and `authorization`.",
    ),
  proxy_url: endpointUrl()
    .optional()
    .describe(
      "http or https proxy for all requests; a tunnel for https servers. Default: the environment's HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
    ),
} as const;

/** The values of {@link httpClientShape}. */
export interface HttpClientConfig {
  readonly tls?: TlsClientConfig | undefined;
  readonly headers?: Headers | undefined;
  readonly authorization?: AuthorizationConfig | undefined;
  readonly auth?: AuthConfig | undefined;
  readonly proxy_url?: string | undefined;
}
