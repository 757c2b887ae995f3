import type { KnownError } from "../../delivery/index.ts";
import type { MeterAttributes } from "../../telemetry/index.ts";
import { statusOf } from "./response.ts";

/** Attributes of the exporter's metrics (see the delivery room) besides its ID, as the Collector's. */
export function endpointAttributes(url: URL): MeterAttributes {
  const defaultPort = url.protocol === "https:" ? 443 : 80;
  return {
    "server.address": url.hostname,
    "server.port": url.port === "" ? defaultPort : Number(url.port),
    "url.path": url.pathname,
  };
}

/** The gRPC codes that the Collector takes HTTP statuses for. */
const CODES: Readonly<Record<number, string>> = {
  400: "InvalidArgument",
  401: "Unauthenticated",
  403: "PermissionDenied",
  404: "Unimplemented",
  429: "ResourceExhausted",
  502: "Unavailable",
  503: "Unavailable",
  504: "Unavailable",
};

/** What backends usually answer. @param retryable statuses after which a request may be sent again */
export function knownErrors(retryable: ReadonlySet<number>): readonly KnownError[] {
  const answers = Object.entries(CODES).map(([status, type]) => ({
    type,
    permanent: !retryable.has(Number(status)),
  }));
  return [...answers, { type: "Unknown", permanent: true }];
}

/** `error.type` of an error that came of an answer; undefined when there was none. */
export function errorTypeOf(error: unknown): string | undefined {
  const status = statusOf(error);
  return status === undefined ? undefined : (CODES[status] ?? "Unknown");
}
