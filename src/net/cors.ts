import type { IncomingMessage, ServerResponse } from "node:http";
import type { CorsConfig } from "./http-server-config.ts";

/** Request headers that a page may always set here; the first is not on the browsers' own list for OTLP's types. */
const USUAL_HEADERS = ["content-type", "content-encoding", "accept", "x-requested-with"];

/**
 * Adds what a browser wants to know about a cross-origin request (Fetch standard, section "HTTP extensions").
 * @returns whether the request was only that question and has been answered
 */
export function answerCors(
  config: CorsConfig,
  methods: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origin } = request.headers;
  const isPreflight =
    request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
  response.setHeader("Vary", "Origin");
  if (origin !== undefined && config.allowed_origins.some((pattern) => matches(pattern, origin))) {
    response.setHeader("Access-Control-Allow-Origin", origin);
    response.setHeader("Access-Control-Allow-Credentials", "true");
    if (isPreflight) {
      response.setHeader("Access-Control-Allow-Methods", methods.join(", "));
      const allowed = allowedHeaders(config, request);
      if (allowed !== "") response.setHeader("Access-Control-Allow-Headers", allowed);
      if (config.max_age > 0) response.setHeader("Access-Control-Max-Age", String(config.max_age));
    } else if (config.exposed_headers.length > 0) {
      response.setHeader("Access-Control-Expose-Headers", config.exposed_headers.join(", "));
    }
  }
  if (isPreflight) response.writeHead(204).end();
  return isPreflight;
}

/** Those of the headers asked for that may be set. */
function allowedHeaders({ allowed_headers }: CorsConfig, request: IncomingMessage): string {
  const allowed = new Set([...USUAL_HEADERS, ...allowed_headers.map((name) => name.toLowerCase())]);
  return (request.headers["access-control-request-headers"] ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && (allowed.has("*") || allowed.has(name)))
    .join(", ");
}

function matches(pattern: string, origin: string): boolean {
  const [head = "", ...tails] = pattern.toLowerCase().split("*");
  const text = origin.toLowerCase();
  if (tails.length === 0) return text === head;
  const last = tails.pop() as string;
  if (!text.startsWith(head) || !text.endsWith(last) || text.length < head.length + last.length) return false;
  let at = head.length;
  for (const part of tails) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > text.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
