import { duration, z } from "../config/index.ts";

const optionsSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe("File, relative to the configuration file, or name of an installed package."),
  error_mode: z
    .enum(["propagate", "ignore"])
    .default("propagate")
    .describe(
      "What an error thrown by the module's code does. `propagate`: it goes back to the sender. `ignore`: it is logged and counted, and a processor's batch passes on unchanged.",
    ),
  slow_after: duration({ min: 1 })
    .prefault("5s")
    .describe(
      "A batch that takes the module's code longer than this is reported, as is code that blocks the process.",
    ),
  isolate: z
    .enum(["none", "worker"])
    .default("none")
    .describe(
      "`worker` runs the module's processors in a thread of their own: slower, but they can block nothing.",
    ),
});

export type ModuleOptions = z.output<typeof optionsSchema>;

/** An item of `service::modules`: a path alone, or a map with more. */
export const moduleSchema = z.preprocess(
  (item) => (typeof item === "string" ? { path: item } : item),
  optionsSchema,
);
