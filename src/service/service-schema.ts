import { componentId, duration, refusing, z } from "../config/index.ts";
import { moduleSchema } from "../modules/index.ts";
import { logsSchema } from "./own-log/schema.ts";
import { reloadSchema } from "./reload/schema.ts";
import { resourceSchema, selfMetricsSchema } from "./self-telemetry/schema.ts";

const ids = (what: string) => z.array(componentId()).describe(what);

const pipelineSchema = z.strictObject({
  receivers: ids("IDs of the receivers whose data enters here; at least one.").default([]),
  processors: ids("IDs of the processors that the data passes, in this order.").default([]),
  exporters: ids("IDs of the exporters that each get all of the data; at least one.").default([]),
});

/** The `service` section of a configuration. */
export const serviceSchema = z.strictObject({
  extensions: ids("IDs of the extensions to start, in this order.").default([]),
  pipelines: z
    .record(z.string(), pipelineSchema)
    .describe("Pipelines by their ID, `metrics` or `metrics/name`.")
    .default({}),
  modules: z
    .array(moduleSchema)
    .default([])
    .describe("Modules with components of your own: paths relative to this file, or installed packages."),
  telemetry: refusing(
    z.strictObject({
      logs: logsSchema.prefault({ sampling: {} }).describe("The collector's own log."),
      metrics: selfMetricsSchema.prefault({}).describe("The collector's own metrics."),
      resource: resourceSchema,
    }),
    { traces: "the collector makes no traces of itself" },
  )
    .prefault({})
    .describe("What the collector says about itself."),
  reload: reloadSchema
    .prefault({ http: undefined })
    .describe("What makes the collector read its configuration again, besides SIGHUP."),
  fanout_timeout: duration({ min: 0 })
    .prefault("1s")
    .describe(
      "Where data goes to several exporters or pipelines: how long what one of them has taken waits for the others. One that takes longer holds up nobody; it gets no more before it has caught up, and what it misses is counted. 0: wait for all, however long they take.",
    ),
  shutdown_timeout: duration({ min: 0 })
    .prefault("30s")
    .describe(
      "How long a shutdown may take to hand on what is in flight; then the rest is counted as dropped.",
    ),
});
