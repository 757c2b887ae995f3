/** What was asked of the API, for messages: `list pods in namespace "kubevirt"`. */
export interface ApiAction {
  readonly verb: "get" | "list" | "watch";
  /** Plural, as in URLs and RBAC rules. */
  readonly resource: string;
  /** API group, "" for the core. */
  readonly group: string;
  /** Without one: the whole cluster. */
  readonly namespace?: string | undefined;
}

/** Where a request failed: no connection, no answer in time, a status, or an answer that makes no sense. */
export type ApiErrorReason = "connect" | "timeout" | "status" | "garbage" | "credentials";

interface ApiErrorDetails {
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** A request to the API server that failed. Stays inside this room: an informer logs it and tries again. */
export class ApiError extends Error {
  readonly reason: ApiErrorReason;
  /** HTTP status, or the code of a Status object in a watch. */
  readonly status: number | undefined;
  /** The least delay the server asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: ApiErrorReason, message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ApiError";
    this.reason = reason;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** The resource version or continue token is too old: only a new list helps. */
  get expired(): boolean {
    return this.status === 410;
  }

  /** Trying again soon is pointless: no permission (403), or no such resource here (404). */
  get refused(): boolean {
    return this.status === 403 || this.status === 404;
  }
}

/** Names the place of an action: `pods in namespace "kubevirt"`, `nodes`, `virtualmachines.kubevirt.io in all namespaces`. */
export function describeAction({ verb, resource, group, namespace }: ApiAction): string {
  const name = group === "" ? resource : `${resource}.${group}`;
  return namespace === undefined
    ? `${verb} ${name} cluster-wide`
    : `${verb} ${name} in namespace ${JSON.stringify(namespace)}`;
}

/** Says what a status means for whoever runs the collector. `text` is the server's own message. */
export function statusError(
  action: ApiAction,
  status: number,
  text: string,
  retryAfterMs: number | undefined,
): ApiError {
  const what = describeAction(action);
  const said = text === "" ? "" : `: ${text}`;
  if (status === 403) {
    const rule = `grant verb ${JSON.stringify(action.verb)} on resource ${JSON.stringify(action.resource)} of API group ${JSON.stringify(action.group)}`;
    return new ApiError("status", `not allowed to ${what}, ${rule}${said}`, { status, retryAfterMs });
  }
  if (status === 404) {
    return new ApiError("status", `cannot ${what}, the API server does not know it${said}`, { status });
  }
  return new ApiError("status", `cannot ${what}, status ${status}${said}`, { status, retryAfterMs });
}
