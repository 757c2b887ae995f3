/** What one request needs to be let in. */
export interface ApiCredentials {
  /** PEM; undefined: the CAs Node.js trusts. */
  readonly ca?: string | undefined;
  /** PEM of the client certificate and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Value of the Authorization header. */
  readonly authorization?: string | undefined;
}

/** How to reach an API server: found in the cluster or read from a kubeconfig. */
export interface ApiAccess {
  /** `https://host:port`, possibly with a path. */
  readonly server: URL;
  /** The namespace this process belongs to, where known. */
  readonly namespace: string | undefined;
  /** Verified in place of the URL's host. */
  readonly serverName?: string | undefined;
  readonly skipVerify?: boolean;
  readonly proxy?: URL | undefined;
  /**
   * As they are now: files are read again, since tokens and certificates rotate.
   * @throws ApiError "credentials" when there are none and never were
   */
  credentials(): Promise<ApiCredentials>;
  /** The server answered 401: what was handed out last is not to be used again if there is a way to get others. */
  refused(): void;
  /** Nothing is asked for any more; a credential plugin that runs is ended. */
  close(): void;
}
