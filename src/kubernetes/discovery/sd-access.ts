import { reveal } from "../../config/index.ts";
import type { ApiAccess } from "../api-access.ts";
import { FollowedFile } from "../followed-file.ts";
import type { KubernetesSdConfig } from "./sd-schema.ts";

/** The API server that a configuration names by its URL. */
export function serverAccess(server: string, config: KubernetesSdConfig): ApiAccess {
  const { authorization, tls_config: tls } = config;
  const ca = follow(tls?.ca_file, "ca_file");
  const cert = follow(tls?.cert_file, "cert_file");
  const key = follow(tls?.key_file, "key_file");
  const token = follow(authorization?.credentials_file, "credentials_file");
  const fixed = authorization?.credentials;
  return {
    server: new URL(server),
    namespace: undefined,
    serverName: tls?.server_name,
    skipVerify: tls?.insecure_skip_verify === true,
    async credentials() {
      const text = fixed === undefined ? (await token?.read())?.trim() : reveal(fixed);
      return {
        ca: await ca?.read(),
        cert: await cert?.read(),
        key: await key?.read(),
        authorization: text === undefined ? undefined : `${authorization?.type ?? "Bearer"} ${text}`,
      };
    },
    refused() {},
    close() {},
  };
}

function follow(path: string | undefined, what: string): FollowedFile | undefined {
  return path === undefined ? undefined : new FollowedFile(path, what);
}
