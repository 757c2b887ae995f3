import { duration, headers, optionalSection, z } from "../../config/index.ts";
import { grpcServerShape } from "../../grpc/index.ts";
import {
  type AuthConfig,
  authSchema,
  type HttpServerConfig,
  httpServerShape,
  listenAddress,
} from "../../net/index.ts";

const urlPath = (byDefault: string) =>
  z.string().startsWith("/", `expected a path such as ${byDefault}`).default(byDefault);

const served = (byDefault: boolean, path: string) =>
  z.strictObject({
    enabled: z.boolean().default(byDefault).describe("Whether it is served."),
    path: urlPath(path).describe("Where it is served."),
  });

const auth = (who: string) =>
  authSchema
    .optional()
    .describe(`Extension that decides ${who}, such as \`basicauth\`. Probes have to send what it wants.`);

const { tls, cors, response_headers, read_header_timeout, read_timeout, idle_timeout, keep_alives_enabled } =
  httpServerShape;

/** For what the server asks beside these: requests have no body here. */
const bodyDefaults = z.object(httpServerShape).parse({});

const instead = "In place of the one above.";
const time = () => duration().optional().describe(instead);

const httpSchema = z
  .strictObject({
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
    tls: tls.describe(instead),
    auth: auth("which requests are answered, in place of the one above"),
    cors: cors.describe(instead),
    response_headers: headers().optional().describe(instead),
    read_header_timeout: time(),
    read_timeout: time(),
    idle_timeout: time(),
    keep_alives_enabled: z.boolean().optional().describe(instead),
  })
  .check((context) => {
    const { status, config, liveness } = context.value;
    const taken = new Map<string, string>();
    for (const [option, { enabled, path }] of Object.entries({ status, config, liveness })) {
      const other = taken.get(path);
      if (enabled && other !== undefined) {
        context.issues.push({
          code: "custom",
          input: context.value,
          path: [option, "path"],
          message: `${JSON.stringify(path)} is the path of ${other} already`,
        });
      }
      if (enabled) taken.set(path, option);
    }
  });

const grpcSchema = z.strictObject({
  endpoint: listenAddress()
    .default("localhost:13132")
    .describe("Address to listen on, `host:port`; `0.0.0.0:13132` for the kubelet's probes."),
  transport: z.literal("tcp").default("tcp").describe("How to listen."),
  auth: auth("which calls are answered"),
  ...grpcServerShape,
});

const componentHealthSchema = z.strictObject({
  include_permanent_errors: z
    .boolean()
    .default(false)
    .describe("Whether a component with a permanent error makes the status unhealthy (500, `NOT_SERVING`)."),
  include_recoverable_errors: z
    .boolean()
    .default(false)
    .describe(
      "Whether a component that has had a recoverable error for longer than `recovery_duration`, such as an exporter whose backend is away, makes the status unhealthy (500, `NOT_SERVING`).",
    ),
  recovery_duration: duration().prefault("1m").describe("How long a recoverable error may last."),
});

export const configSchema = z
  .strictObject({
    endpoint: listenAddress()
      .default("localhost:13133")
      .describe("Address to listen on, `host:port`; `0.0.0.0:13133` for the kubelet's probes."),
    path: urlPath("/").describe(
      "200 while the pipelines run, 503 before and after: for a readiness probe. Not served with `use_v2`; goes before what `http` has at the same path.",
    ),
    response_body: z
      .strictObject({
        healthy: z.string().default("").describe("Text when all is well."),
        unhealthy: z.string().default("").describe("Text when it is not."),
      })
      .optional()
      .describe("What `path` answers in place of its JSON."),
    tls,
    auth: auth("which requests are answered"),
    cors,
    response_headers,
    read_header_timeout,
    read_timeout,
    idle_timeout,
    keep_alives_enabled,
    use_v2: z
      .boolean()
      .default(false)
      .describe(
        "Serve what `http` and `grpc` say only, and HTTP only when `http` is there, as the Collector's healthcheckv2.",
      ),
    http: section(httpSchema).describe("What is served over HTTP besides `path`."),
    grpc: optionalSection(grpcSchema).describe(
      "The service `grpc.health.v1.Health`: `Check` and `Watch` of the whole, of a pipeline or of `extensions`. On when the key is there.",
    ),
    component_health: componentHealthSchema
      .prefault({})
      .describe("Which errors of components count. Without them only components that failed for good do."),
  })
  .check((context) => {
    const { use_v2, http, grpc } = context.value;
    if (!use_v2 || http !== undefined || grpc !== undefined) return;
    context.issues.push({
      code: "custom",
      input: context.value,
      message: "must specify at least one protocol",
      params: { hint: "write `http:` or `grpc:`, even with nothing behind it, or leave out use_v2" },
    });
  });

/** A section whose presence says something, also with nothing behind its key. */
function section<S extends z.ZodObject>(schema: S) {
  return z.preprocess((input) => (input === null ? {} : input), schema).optional();
}

export type HealthCheckConfig = z.output<typeof configSchema>;
export type ComponentHealthConfig = HealthCheckConfig["component_health"];
export type GrpcConfig = NonNullable<HealthCheckConfig["grpc"]>;
export type HttpConfig = NonNullable<HealthCheckConfig["http"]>;

/** What is served over HTTP; undefined: nothing. */
export function httpOf({ use_v2, http }: HealthCheckConfig): HttpConfig | undefined {
  return http ?? (use_v2 ? undefined : httpSchema.parse({}));
}

/** Where HTTP is served and how: what `http` says goes before what stands beside it. */
export function httpServerOf(
  { endpoint, auth: commonAuth, ...common }: HealthCheckConfig,
  http: HttpConfig,
): { readonly endpoint: string; readonly auth: AuthConfig | undefined; readonly server: HttpServerConfig } {
  return {
    endpoint: http.endpoint ?? endpoint,
    auth: http.auth ?? commonAuth,
    server: {
      ...bodyDefaults,
      tls: http.tls ?? common.tls,
      cors: http.cors ?? common.cors,
      response_headers: http.response_headers ?? common.response_headers,
      read_header_timeout: http.read_header_timeout ?? common.read_header_timeout,
      read_timeout: http.read_timeout ?? common.read_timeout,
      idle_timeout: http.idle_timeout ?? common.idle_timeout,
      keep_alives_enabled: http.keep_alives_enabled ?? common.keep_alives_enabled,
    },
  };
}
