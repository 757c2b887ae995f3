import { duration, optionalSection, z } from "../../config/index.ts";

/** `service::reload`: what makes the collector read its configuration again, besides SIGHUP. */
export const reloadSchema = z.strictObject({
  watch: z
    .boolean()
    .default(false)
    .describe("Read the configuration again when one of its files, or a module it names, has changed."),
  watch_interval: duration({ min: 100 })
    .prefault("5s")
    .describe(
      "How often the files are looked at. They are read, since what Kubernetes mounts changes by its links.",
    ),
  http: optionalSection(
    z.strictObject({
      host: z.string().default("localhost").describe("Address to listen on."),
      port: z.int().min(0).max(65535).default(8889).describe("Port to listen on; 0 takes a free one."),
    }),
  ).describe("Serve `POST /-/reload`, which reads the configuration again and answers how that went."),
});

export type ReloadConfig = z.output<typeof reloadSchema>;
export type ReloadServerConfig = NonNullable<ReloadConfig["http"]>;
