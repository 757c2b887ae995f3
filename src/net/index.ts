export { type AuthorizationConfig, authorizationSchema } from "./authorization.ts";
export { type AuthConfig, authReferences, authSchema } from "./client-auth.ts";
export {
  type FetchBodyRequest,
  type FetchedBody,
  HttpClient,
  type HttpClientSettings,
  type PostRequest,
  type PostResponse,
} from "./http-client.ts";
export { type HttpClientConfig, httpClientShape } from "./http-client-config.ts";
export { HttpError, type HttpErrorReason, printableUrl } from "./http-error.ts";
export { HttpServer, type HttpServerSettings } from "./http-server.ts";
export { type CorsConfig, type HttpServerConfig, httpServerShape } from "./http-server-config.ts";
export { listen, listenAddress } from "./listen-address.ts";
export type { Environment } from "./proxy.ts";
export { type ReadBodyOptions, RequestBodyError, readRequestBody } from "./request-body.ts";
export { ReusableBuffer } from "./reusable-buffer.ts";
export { type TlsClientConfig, type TlsVersion, tlsClientSchema } from "./tls-config.ts";
export { TlsMaterial, type TlsSettings } from "./tls-material.ts";
export { type TlsServerConfig, tlsServerSchema } from "./tls-server-config.ts";
export {
  TlsServerMaterial,
  type TlsServerMaterialOptions,
  type TlsServerOptions,
} from "./tls-server-material.ts";
export { userAgent } from "./user-agent.ts";
export { WatchedFile } from "./watched-file.ts";
