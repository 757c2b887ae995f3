import {
  AuthenticationError,
  findServerAuthenticator,
  type Host,
  type RequestHeaders,
} from "../../component/index.ts";
import type { AuthConfig } from "../../net/index.ts";

/** Why a request is not answered; undefined when it is. */
export type Admission = (headers: RequestHeaders) => Promise<AuthenticationError | undefined>;

/** @throws CollectorError AUTH when there is no such authenticator for servers */
export function admissionOf(host: Host, auth: AuthConfig | undefined): Admission {
  if (auth === undefined) return async () => undefined;
  const authenticator = findServerAuthenticator(host, auth.authenticator);
  return async (headers) => {
    try {
      await authenticator.authenticate(headers);
      return undefined;
    } catch (error) {
      if (error instanceof AuthenticationError) return error;
      throw error;
    }
  };
}
