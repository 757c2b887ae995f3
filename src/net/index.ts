export { type AuthorizationConfig, authorizationSchema } from "./authorization.ts";
export {
  type FetchBodyRequest,
  type FetchedBody,
  HttpClient,
  type HttpClientSettings,
  type PostRequest,
  type PostResponse,
} from "./http-client.ts";
export { type HttpClientConfig, httpClientShape } from "./http-client-config.ts";
export { HttpError, type HttpErrorReason } from "./http-error.ts";
export type { Environment } from "./proxy.ts";
export { ReusableBuffer } from "./reusable-buffer.ts";
export { type TlsClientConfig, type TlsVersion, tlsClientSchema } from "./tls-config.ts";
