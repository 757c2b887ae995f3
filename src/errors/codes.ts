/**
 * Every stable error code with its meaning. Codes are API: they may be added, never renamed or reused.
 * docs/errors.md lists the same codes; a test compares the two in both directions.
 */
export const errorCodes = {
  CONFIG_SOURCE: "A configuration source (file, environment variable, inline YAML) could not be read.",
  CONFIG_INVALID: "The configuration has one or more problems; each is reported with its place.",
  CONFIG_ID: "A component ID does not follow the type/name grammar.",
  COMPONENT_START: "A component could not be started.",
  COMPONENT_SHUTDOWN: "A component could not be shut down cleanly.",
  FLOW_PERMANENT: "The data was refused for good; sending it again cannot help.",
  FLOW_RETRYABLE: "The data was not accepted this time; sending it again later may help.",
  FLOW_PARTIAL: "Part of the data was accepted and the rest was refused for good.",
  SCRAPE_CONNECT: "The connection to the scrape target could not be made or broke.",
  SCRAPE_TLS: "The TLS handshake with the scrape target failed.",
  SCRAPE_TIMEOUT: "The scrape did not finish within its timeout.",
  SCRAPE_HTTP: "The scrape target answered with a status or content type that is no scrape.",
  SCRAPE_LIMIT: "The scrape exceeded a configured limit (body size, samples, labels).",
  SCRAPE_PARSE: "The scraped body is not valid exposition text.",
  SCRAPE_AUTH: "Credentials for a request could not be read or fetched.",
  DISCOVERY: "A source of scrape targets could not be read.",
  TLS_FILE: "A TLS certificate, key or CA file could not be read or is not valid PEM.",
  OTLP_DECODE: "An OTLP message could not be decoded.",
  AUTH: "A request could not be authenticated, or its authenticator is not there.",
  STORAGE: "Persistent storage could not be opened, read or written.",
} as const;

/** One of the stable codes of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;
