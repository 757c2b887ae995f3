import { resolve } from "node:path";
import { CollectorError } from "../errors/index.ts";
import type { ApiAccess, ApiCredentials } from "./api-access.ts";
import { ExecCredentialSource } from "./exec-credential.ts";
import { FollowedFile } from "./followed-file.ts";
import type { Environment } from "./in-cluster.ts";
import { type KubeconfigContext, kubeconfigFiles, readKubeconfig } from "./kubeconfig-file.ts";

export interface KubeconfigOptions {
  /** Default: KUBECONFIG, else `~/.kube/config`. */
  readonly file?: string | undefined;
  /** Default: the current one. */
  readonly context?: string | undefined;
  readonly environment: Environment;
  readonly now: () => number;
}

/** Gives a text as it is now. */
type Source = () => Promise<string>;

/**
 * The API server of a kubeconfig context. Files that it names are read again as they change, credential plugins run
 * again when what they gave expires.
 * @throws CollectorError COMPONENT_START naming what is missing or not supported
 */
export async function kubeconfigAccess(options: KubeconfigOptions): Promise<ApiAccess> {
  const files = kubeconfigFiles(options.file, options.environment);
  const context = await readKubeconfig(files, options.context);
  const { cluster, clusterDirectory, user, userDirectory } = context;
  if (user["auth-provider"] !== undefined && user.exec === undefined) {
    throw problem(context, "auth-provider is not supported, use a credential plugin (exec)");
  }
  const ca = source(cluster, "certificate-authority", clusterDirectory);
  const cert = source(user, "client-certificate", userDirectory);
  const key = source(user, "client-key", userDirectory);
  if ((cert === undefined) !== (key === undefined)) {
    throw problem(context, "client-certificate and client-key come together or not at all");
  }
  const authorization = authorizationSource(context);
  const plugin =
    user.exec &&
    new ExecCredentialSource({
      exec: user.exec,
      directory: userDirectory,
      cluster: {
        server: cluster.server,
        "tls-server-name": cluster["tls-server-name"],
        "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
        "certificate-authority-data": cluster["certificate-authority-data"],
      },
      environment: options.environment,
      now: options.now,
    });
  return {
    server: parseUrl(context, "server", cluster.server),
    namespace: context.namespace,
    serverName: cluster["tls-server-name"],
    skipVerify: cluster["insecure-skip-tls-verify"] === true,
    proxy: cluster["proxy-url"] ? parseUrl(context, "proxy-url", cluster["proxy-url"]) : undefined,
    async credentials(): Promise<ApiCredentials> {
      const issued = await plugin?.get();
      return {
        ca: await ca?.(),
        cert: issued?.cert ?? (await cert?.()),
        key: issued?.key ?? (await key?.()),
        authorization: issued?.token ? `Bearer ${issued.token}` : await authorization?.(),
      };
    },
    refused: () => plugin?.forget(),
    close: () => plugin?.close(),
  };
}

/** Inline data (base64) goes before a file, as in client-go. */
function source(
  entry: Readonly<Record<string, unknown>>,
  name: string,
  directory: string,
): Source | undefined {
  const data = entry[`${name}-data`];
  if (typeof data === "string" && data !== "") {
    const text = Buffer.from(data, "base64").toString();
    return () => Promise.resolve(text);
  }
  const path = entry[name];
  if (typeof path !== "string" || path === "") return undefined;
  const file = new FollowedFile(resolve(directory, path), name);
  return () => file.read();
}

function authorizationSource({ user, userDirectory }: KubeconfigContext): Source | undefined {
  // In client-go a token file goes before a token: the token then is only what it was at first.
  if (user.tokenFile) {
    const file = new FollowedFile(resolve(userDirectory, user.tokenFile), "tokenFile");
    return async () => `Bearer ${(await file.read()).trim()}`;
  }
  if (user.token) return () => Promise.resolve(`Bearer ${user.token}`);
  if (user.username) {
    const basic = Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64");
    return () => Promise.resolve(`Basic ${basic}`);
  }
  return undefined;
}

function parseUrl(context: KubeconfigContext, what: string, text: string): URL {
  // client-go takes a server without a scheme for https.
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  if (url === null) throw problem(context, `${what} ${JSON.stringify(text)} is no URL`);
  return url;
}

function problem({ name }: KubeconfigContext, message: string): CollectorError {
  return new CollectorError("COMPONENT_START", `kubeconfig context ${JSON.stringify(name)}: ${message}`);
}
