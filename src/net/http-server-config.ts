import { duration, headers, optionalSection, z } from "../config/index.ts";
import { REQUEST_ENCODINGS } from "./request-body.ts";
import { tlsServerSchema } from "./tls-server-config.ts";

const corsSchema = z.strictObject({
  allowed_origins: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Origins whose pages may send requests, such as `https://*.example.com`; `*` stands for any text. None: no page may.",
    ),
  allowed_headers: z
    .array(z.string().min(1))
    .default([])
    .describe("Request headers that pages may set beside the usual ones; `*` allows all."),
  exposed_headers: z.array(z.string().min(1)).default([]).describe("Response headers that pages may read."),
  max_age: z
    .int()
    .min(0)
    .default(0)
    .describe("Seconds for which a browser may remember the answer; 0 leaves it to the browser."),
});

export type CorsConfig = z.output<typeof corsSchema>;

const time = (byDefault: string, what: string) =>
  duration().prefault(byDefault).describe(`${what} 0s = no limit.`);

/** The options of everything that is an HTTP server, to be spread into a component's schema beside its `endpoint`. */
export const httpServerShape = {
  tls: optionalSection(tlsServerSchema).describe("Serve HTTPS instead of HTTP."),
  max_request_body_size: z
    .int()
    .min(1)
    .default(20 * 1024 * 1024)
    .describe(
      "Largest request body in bytes, as it comes and again when it is decompressed. Beyond it: 413.",
    ),
  compression_algorithms: z
    .array(z.enum(REQUEST_ENCODINGS))
    .default([...REQUEST_ENCODINGS])
    .describe('Accepted values of Content-Encoding; "" is a body that is not compressed.'),
  cors: optionalSection(corsSchema).describe("Cross-origin requests of browsers."),
  response_headers: headers().prefault({}).describe("Headers of each response."),
  read_header_timeout: time("1m", "Time for the headers of a request to come in."),
  read_timeout: time("5m", "Time for a whole request to come in."),
  idle_timeout: time("1m", "How long an idle connection is kept."),
  keep_alives_enabled: z.boolean().default(true).describe("Whether a connection serves several requests."),
} as const;

/** The values of {@link httpServerShape}. */
export type HttpServerConfig = z.output<z.ZodObject<typeof httpServerShape>>;
