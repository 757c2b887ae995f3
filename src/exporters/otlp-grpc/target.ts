/** Where calls go, from the `endpoint` option. */
export interface GrpcTarget {
  /** As grpc-js wants it. */
  readonly target: string;
  /** The scheme was https: TLS whatever the `tls` section says. */
  readonly forcesTls: boolean;
  /** For the attributes of the exporter's metrics; undefined for a socket file. */
  readonly server: { readonly host: string; readonly port: number } | undefined;
}

const HOST_PORT = /^(\[[0-9a-fA-F:.%\w]+\]|[^\s:/[\]@?#]+):(\d{1,5})$/;

/** `host:port`, also behind http://, https:// or dns://[server]/, or a socket file as unix:path; undefined for others. */
export function parseTarget(endpoint: string): GrpcTarget | undefined {
  if (/^unix:[^\s]+$/.test(endpoint)) return { target: endpoint, forcesTls: false, server: undefined };
  const scheme = /^(https?):\/\//.exec(endpoint)?.[1];
  const resolver = /^dns:(\/\/[^/\s]*\/)?/.exec(endpoint)?.[0] ?? "";
  const rest = endpoint.slice(scheme === undefined ? resolver.length : scheme.length + 3);
  const match = HOST_PORT.exec(scheme === undefined ? rest : rest.replace(/\/$/, ""));
  const port = Number(match?.[2] ?? 0);
  if (match === null || port < 1 || port > 65_535) return undefined;
  return {
    target: `${resolver}${match[0]}`,
    forcesTls: scheme === "https",
    server: { host: (match[1] ?? "").replace(/^\[(.*)\]$/, "$1"), port },
  };
}
