import { duration, z } from "../../config/index.ts";
import { httpServerShape, listenAddress } from "../../net/index.ts";

const urlPath = (byDefault: string) =>
  z.string().startsWith("/", `expected a path such as ${byDefault}`).default(byDefault);

const served = (byDefault: boolean, path: string) =>
  z.strictObject({
    enabled: z.boolean().default(byDefault).describe("Whether it is served."),
    path: urlPath(path).describe("Where it is served."),
  });

const httpSchema = z.strictObject({
  endpoint: listenAddress()
    .optional()
    .describe("Address to listen on in place of the `endpoint` above; with `use_v2`, as in the Collector."),
  status: served(true, "/status")
    .prefault({})
    .describe(
      "The status of the whole, `?pipeline=metrics` of one pipeline, with `&verbose` of every component.",
    ),
  config: served(false, "/config")
    .prefault({})
    .describe("The configuration in force as JSON, secrets redacted."),
  liveness: served(true, "/livez")
    .prefault({})
    .describe(
      "200 unless a component has failed for good: for a liveness probe, which must not restart the collector because a backend is away.",
    ),
});

const componentHealthSchema = z.strictObject({
  include_permanent_errors: z
    .boolean()
    .default(false)
    .describe("Whether a component with a permanent error makes the status unhealthy (500)."),
  include_recoverable_errors: z
    .boolean()
    .default(false)
    .describe(
      "Whether a component that has had a recoverable error for longer than `recovery_duration`, such as an exporter whose backend is away, makes the status unhealthy (500).",
    ),
  recovery_duration: duration().prefault("1m").describe("How long a recoverable error may last."),
});

export const configSchema = z.strictObject({
  endpoint: listenAddress()
    .default("localhost:13133")
    .describe("Address to listen on, `host:port`; `0.0.0.0:13133` for the kubelet's probes."),
  path: urlPath("/").describe(
    "200 while the pipelines run, 503 before and after: for a readiness probe. Not served with `use_v2`.",
  ),
  response_body: z
    .strictObject({
      healthy: z.string().optional().describe("Text when all is well."),
      unhealthy: z.string().optional().describe("Text when it is not."),
    })
    .optional()
    .describe("What `path` answers in place of its JSON."),
  use_v2: z
    .boolean()
    .default(false)
    .describe("Serve what `http` says only, as the Collector's healthcheckv2."),
  http: httpSchema.prefault({}).describe("What is served besides `path`."),
  component_health: componentHealthSchema
    .prefault({})
    .describe("Which errors of components count. Without them only components that failed for good do."),
  tls: httpServerShape.tls,
  response_headers: httpServerShape.response_headers,
});

/** What else an HTTP server wants to know. */
export const serverDefaults = z.object(httpServerShape).parse({});

export type HealthCheckConfig = z.output<typeof configSchema>;
